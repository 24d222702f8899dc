// SPDX-License-Identifier: Apache-2.0
// RouterOperator over an in-memory pipe: what it reserves, announces and answers, what it refuses
// at the door, and a changed configuration.
#include "cmd/router/live_config.h"
#include "tests/rpc/operator_desk.h"

using namespace covfefe;
using namespace covfefe::router;

namespace {

constexpr std::uint64_t kHourMs = 3'600'000;

struct Asked {
  std::string peer = "bob";
  std::uint32_t rate = 10'240;
  std::uint16_t packet = 83;
  schema::LeaseClass as = schema::LeaseClass::REALTIME;
  std::uint64_t lasts_ms = kHourMs;
  std::uint64_t starts_ms = 0;
};

kj::Promise<void> reserve(schema::RouterOperator::Client router, const Asked& asked,
                          std::string& why) {
  auto request = router.reserveRequest();
  auto what = request.initRequest();
  what.setPeer(asked.peer);
  what.setPayloadRate(asked.rate);
  what.setPacket(asked.packet);
  what.setClass(asked.as);
  what.setDirections(schema::Directions::IN);
  what.setLastsMs(asked.lasts_ms);
  what.setStartsInMs(asked.starts_ms);
  return request.send().then([&why](auto&& answer) {
    const auto reply = answer.getReply();
    why = reply.getOk()
              ? "ok " + std::to_string(reply.getId()) + " " + std::to_string(reply.getWireRate())
              : rpc::text(reply.getWhy());
  });
}

kj::Promise<void> intend(schema::RouterOperator::Client router, schema::Intent intent,
                         std::uint64_t in_ms, std::string& what) {
  auto request = router.intendRequest();
  request.setIntent(intent);
  request.setInMs(in_ms);
  return request.send().then(
      [&what](auto&& answer) { what = rpc::text(answer.getReply().getWhat()); });
}

kj::Promise<void> please(schema::RouterOperator::Client router, const char* peer,
                         std::uint64_t by_ms, std::string& what) {
  auto request = router.pleaseRequest();
  request.setPeer(peer);
  request.setByMs(by_ms);
  return request.send().then(
      [&what](auto&& answer) { what = rpc::text(answer.getReply().getWhat()); });
}

}  // namespace

TEST_CASE_FIXTURE(OperatorDesk, "a reservation asks for what the operator said, of whom it named") {
  reserved = {true, 7, 10'240, 25'600, Duration::hours(1), "bob", "", "", 0, {}};
  std::string said;
  run(befriended().then([&] { return reserve(router(), {}, said); }));
  CHECK(said == "ok 7 25600");
  REQUIRE(reserves.size() == 1);
  CHECK(reserves[0].peer == friend_named("bob", 2).address);
  CHECK(reserves[0].payload_rate == 10'240);
  CHECK(reserves[0].packet == 83);
  CHECK(reserves[0].lease_class == LeaseClass::Realtime);
  CHECK(reserves[0].directions == core::Directions::In);
  CHECK(reserves[0].lasts == Duration::hours(1));
  CHECK(reserves[0].timeout > Duration{});
}

TEST_CASE_FIXTURE(OperatorDesk, "a reservation out of range is refused here, in words") {
  const std::array<std::pair<Asked, const char*>, 9> rows{{
      {{.rate = 0}, "1 B/s to 1 GiB/s"},
      {{.rate = 0xffff'ffff}, "1 B/s to 1 GiB/s"},
      {{.packet = 0}, "1 to 1232 bytes"},
      {{.packet = 1'233}, "1 to 1232 bytes"},
      {{.as = schema::LeaseClass::NONE}, "realtime or bulk"},
      {{.lasts_ms = 0}, "1 second to 24 hours"},
      {{.lasts_ms = UINT64_MAX}, "1 second to 24 hours"},
      {{.starts_ms = 25 * kHourMs}, "within 24 hours"},
      {{.peer = "mallory"}, "no friend called mallory"},
  }};
  std::array<std::string, rows.size()> said;
  kj::Promise<void> all = befriended();
  for (std::size_t i = 0; i < rows.size(); ++i)
    all = all.then([&, i] { return reserve(router(), rows.at(i).first, said.at(i)); });
  run(kj::mv(all));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CAPTURE(i);
    CHECK(said.at(i).find(rows.at(i).second) != std::string::npos);
  }
  CHECK(reserves.empty());
}

TEST_CASE_FIXTURE(OperatorDesk, "a lease is extended and released by its number") {
  reserved = {true, 7, 10'240, 25'600, Duration::hours(2), "bob", "", "", 0, {}};
  bool refused = false;
  run(befriended()
          .then([&] {
            auto request = router().extendRequest();
            request.setId(7);
            request.setByMs(kHourMs);
            return request.send().ignoreResult();
          })
          .then([&] {
            auto request = router().extendRequest();
            request.setId(7);
            return request.send().then([&](auto&& a) { refused = !a.getReply().getOk(); });
          })
          .then([&] {
            auto request = router().releaseRequest();
            request.setId(7);
            return request.send().ignoreResult();
          }));
  REQUIRE(extensions.size() == 1);
  CHECK(extensions[0].id == 7);
  CHECK(extensions[0].by == Duration::hours(1));
  CHECK(refused);
  CHECK(releases == std::vector<std::uint32_t>{7});
}

TEST_CASE_FIXTURE(OperatorDesk, "an intention is announced with its time or taken back without") {
  std::array<std::string, 5> said;
  run(befriended()
          .then(
              [&] { return intend(router(), schema::Intent::ONLINE_UNTIL, 48 * kHourMs, said[0]); })
          .then([&] { return intend(router(), schema::Intent::LEAVING, 600'000, said[1]); })
          .then([&] { return intend(router(), schema::Intent::NOTHING, 0, said[2]); })
          .then([&] { return intend(router(), schema::Intent::LEAVING, 25 * kHourMs, said[3]); })
          .then([&] { return intend(router(), schema::Intent::ONLINE_UNTIL, 59'000, said[4]); }));
  REQUIRE(intents.size() == 3);
  CHECK(intents[0].kind == core::IntentKind::OnlineUntil);
  CHECK(intents[0].in == Duration::hours(48));
  CHECK(intents[1].kind == core::IntentKind::Leaving);
  CHECK(intents[1].in == Duration::minutes(10));
  CHECK(intents[2].kind == core::IntentKind::None);
  CHECK(said[3].find("24 hours ahead") != std::string::npos);
  CHECK(said[4].find("1 minute") != std::string::npos);
}

TEST_CASE_FIXTURE(OperatorDesk,
                  "please and answer go to friends by name or address, to nobody else") {
  std::array<std::string, 3> said;
  run(befriended()
          .then([&] { return please(router(), "fd00::2", 600'000, said[0]); })
          .then([&] { return please(router(), "mallory", 600'000, said[1]); })
          .then([&] { return please(router(), "bob", 0, said[2]); })
          .then([&] {
            auto request = router().answerRequest();
            request.setPeer("bob");
            request.setYes(true);
            return request.send().ignoreResult();
          }));
  REQUIRE(pleas.size() == 1);
  CHECK(pleas[0].friend_id == FriendId{2});
  CHECK(pleas[0].by == Duration::minutes(10));
  CHECK(said[1].find("no friend called mallory") != std::string::npos);
  CHECK(said[2].find("1 minute to 24 hours") != std::string::npos);
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].yes);
  CHECK(answers[0].by == Duration{});
}

TEST_CASE_FIXTURE(OperatorDesk,
                  "promises are shown, at most 512, and with the friend they are with") {
  for (std::uint32_t i = 1; i <= 600; ++i) {
    core::PromiseReport one;
    one.id = i;
    one.friend_id = {i == 1 ? 2U : 9U};
    one.kind = PromiseKind::LeaseTaken;
    one.state = "in force";
    promises.all.push_back(one);
  }
  promises.record = {{{2}, 5, 1}};
  std::size_t shown = 0;
  std::uint32_t left = 0;
  std::vector<std::string> seen;
  run(befriended()
          .then([&] { return router().promisesRequest().send(); })
          .then([&](auto&& answer) {
            shown = answer.getPromises().size();
            left = answer.getLeft();
            return router().statusRequest().send();
          })
          .then([&](auto&& answer) {
            for (const auto one : answer.getStatus().getFriends()) {
              seen.push_back(rpc::text(one.getPetname()) + " " +
                             std::to_string(one.getPromises().size()) + " " +
                             std::to_string(one.getKept()) + " " + std::to_string(one.getBroken()));
            }
          }));
  CHECK(shown == 512);
  CHECK(left == 88);
  CHECK(seen == std::vector<std::string>{"bob 1 5 1", "carol 0 0 0"});
}

TEST_CASE_FIXTURE(OperatorDesk, "a changed configuration is handed on as it is") {
  std::string said;
  auto request = router().applyRequest();
  request.setConfig("idle_lane: off\n");
  run(request.send().then([&said](auto&& answer) {
    said = (answer.getOk() ? "ok " : "no ") + rpc::text(answer.getChanged()[0]);
  }));
  CHECK(texts == std::vector<std::string>{"idle_lane: off\n"});
  CHECK(said == "ok idle_lane");
}

TEST_CASE("a configuration with a fault changes nothing and is refused with line and key") {
  int put = 0;
  LiveConfig live(config::Config{}, [&put](const config::Config&) { ++put; });
  const ConfigReply bad = live.apply("idle_lane: metered\nshaping.donate: 101 %\n");
  CHECK_FALSE(bad.ok);
  CHECK(bad.why.find(":2: shaping.donate:") != std::string::npos);
  CHECK(put == 0);
  CHECK(live.apply("idle_lane: metered\n").changed == std::vector<std::string>{"idle_lane"});
  CHECK(live.apply("idle_lane: metered\n").changed.empty());
  CHECK(put == 2);
}
