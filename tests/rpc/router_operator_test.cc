// SPDX-License-Identifier: Apache-2.0
// RouterOperator over an in-memory pipe, with this test as the data thread: what it shows of this
// node and its friends.
#include "tests/rpc/operator_desk.h"

using namespace covfefe;
using namespace covfefe::router;

namespace {

kj::Promise<void> ping_of(schema::RouterOperator::Client router, const char* peer,
                          std::uint32_t timeout_ms, std::string& why) {
  auto request = router.pingRequest();
  request.setPeer(peer);
  request.setTimeoutMs(timeout_ms);
  return request.send().then(
      [&why](auto&& answer) { why = rpc::text(answer.getReply().getWhy()); });
}

}  // namespace

TEST_CASE_FIXTURE(OperatorDesk, "status shows every friend, with what the packet thread knows") {
  std::vector<std::string> seen;
  run(befriended()
          .then([this] { return router().statusRequest().send(); })
          .then([&seen](auto&& answer) {
            for (const auto one : answer.getStatus().getFriends()) {
              seen.push_back(rpc::text(one.getPetname()) + " " + rpc::text(one.getPath()) + " " +
                             std::to_string(one.getRttMicros()) + " " +
                             (one.getLastHeardMs() == UINT64_MAX ? "never" : "heard"));
            }
          }));
  CHECK(seen == std::vector<std::string>{"bob direct 192.0.2.1:6364 1234 heard", "carol  0 never"});
  CHECK(calls.calls == 1);
}

TEST_CASE_FIXTURE(OperatorDesk, "status names as many friends as peerdb may name") {
  std::vector<FriendRecord> all;
  for (std::uint32_t i = 1; i <= rpc::kMaxFriends; ++i) {
    FriendRecord one = friend_named(("a-friend-of-many-" + std::to_string(i)).c_str(), i);
    for (auto* key : {&one.identity_key, &one.static_key, &one.service_key}) {
      (*key)[0] = static_cast<std::uint8_t>(i);
      (*key)[1] = static_cast<std::uint8_t>(i >> 8);
    }
    one.address.bytes[14] = static_cast<std::uint8_t>(i >> 8);
    all.push_back(std::move(one));
    circuits.relayed.push_back({{i}, 1, 2, 3, 4, 5});
  }
  std::size_t named_friends = 0;
  run(befriended(std::move(all))
          .then([this] { return router().statusRequest().send(); })
          .then([&](auto&& answer) { named_friends = answer.getStatus().getFriends().size(); }));
  CHECK(failure == nullptr);
  CHECK(named_friends == rpc::kMaxFriends);
}

TEST_CASE_FIXTURE(OperatorDesk, "a ping goes to the friend's address for at most a minute") {
  std::string why;
  run(befriended().then([&] { return ping_of(router(), "bob", 4'000'000'000, why); }));
  REQUIRE(pings.size() == 1);
  CHECK(pings[0].peer == friend_named("bob", 2).address);
  CHECK(pings[0].timeout == Duration::seconds(60));
  CHECK(why.empty());
}

TEST_CASE_FIXTURE(OperatorDesk, "an overlay address needs no friend of that name") {
  std::string why;
  run(ping_of(router(), "fd00::77", 0, why));
  REQUIRE(pings.size() == 1);
  CHECK(pings[0].timeout == Duration::seconds(2));
}

TEST_CASE_FIXTURE(OperatorDesk, "a ping of nobody is answered here, in words") {
  std::string why;
  run(ping_of(router(), "mallory", 100, why));
  CHECK(why == "there is no friend called mallory");
  CHECK(pings.empty());
}

TEST_CASE_FIXTURE(OperatorDesk, "an address outside the overlay is nobody") {
  std::string why;
  run(ping_of(router(), "2001:db8::1", 100, why));
  CHECK_FALSE(why.empty());
  CHECK(pings.empty());
}

TEST_CASE_FIXTURE(OperatorDesk, "why names each missing service and then the peer's own state") {
  std::vector<std::string> bad;
  std::vector<std::string> good;
  auto request = router().whyRequest();
  request.setPeer("fd00::77");
  run(request.send().then([&](auto&& answer) {
    for (const auto one : answer.getFindings()) {
      (one.getOk() ? good : bad).push_back(rpc::text(one.getWhat()));
      if (!one.getOk()) CHECK(one.getNext().size() > 0);
    }
  }));
  CHECK(bad.size() == 4);
  CHECK(good == std::vector<std::string>{"the shaper hums", "the link is up"});
}

TEST_CASE_FIXTURE(OperatorDesk, "inspect names the interface, its methods and live counters") {
  std::vector<std::string> methods;
  std::uint64_t steps = 0;
  run(router().inspectRequest().send().then([&](auto&& answer) {
    const auto inspection = answer.getInspection();
    CHECK(rpc::text(inspection.getInterfaces()[0].getName()) == "RouterOperator");
    for (const auto name : inspection.getInterfaces()[0].getMethods()) {
      methods.push_back(rpc::text(name));
    }
    steps = inspection.getCounters()[0].getValue();
  }));
  CHECK(methods == std::vector<std::string>{"status", "ping", "why", "resolve", "circuits", "path",
                                            "newCircuit", "closeCircuit", "identityNew",
                                            "identityDrop", "apply", "reserve", "extend", "release",
                                            "intend", "please", "answer", "promises", "inspect"});
  CHECK(steps == 11);
}

TEST_CASE_FIXTURE(OperatorDesk,
                  "a packet thread that does not answer fails the call, not the edge") {
  silent = true;
  run(router().statusRequest().send().ignoreResult());
  KJ_IF_MAYBE (error, failure) {
    CHECK(error->kind == rpc::CallFailure::Overloaded);
  } else {
    FAIL("the call succeeded");
  }
  CHECK(questions.unanswered() == 1);
}

TEST_CASE_FIXTURE(OperatorDesk, "an operator who leaves in the middle of a call harms nothing") {
  silent = true;
  auto call = router().statusRequest().send().ignoreResult().catch_([](kj::Exception&&) {});
  run(turns().then([this, &call] {
    client = nullptr;
    silent = false;
    return call.then([this] { return questions.status().ignoreResult(); });
  }));
  CHECK(failure == nullptr);
}

TEST_CASE_FIXTURE(OperatorDesk, "who holds the operator's edge can call nothing of other edges") {
  run(client->peer().castAs<schema::PeerdbForRouter>().friendsRequest().send().ignoreResult());
  KJ_IF_MAYBE (error, failure) {
    CHECK(error->kind == rpc::CallFailure::Unimplemented);
  } else {
    FAIL("the call succeeded");
  }
}
