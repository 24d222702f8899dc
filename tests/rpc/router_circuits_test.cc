// SPDX-License-Identifier: Apache-2.0
// RouterOperator: circuits, paths, names that friends are asked for, and one-time identities.
#include "cmd/router/control_reports.h"
#include "tests/rpc/operator_desk.h"

using namespace covfefe;
using namespace covfefe::router;

namespace {

const char* const kFar = "fd00::77";
const char* const kHandle = "00112233445566778899aabbccddeeff";

core::CircuitReport circuit_to(const Address& to, std::uint32_t id) {
  core::CircuitReport out;
  out.id = id;
  out.to = to;
  out.hops = {"bob", kHandle};
  out.state = core::CircuitState::Open;
  out.age = Duration::seconds(12);
  out.lifetime = Duration::seconds(3'600);
  out.rtt = Duration::micros(8'250);
  out.tx_bytes = 1'280;
  out.rx_bytes = 2'560;
  out.onion_faults = 1;
  out.replays = 2;
  out.resent = 3;
  return out;
}

struct CircuitsDesk : OperatorDesk {
  Address far = *parse_address(kFar);

  template <typename Request>
  static Request about(Request request, const char* peer) {
    request.setPeer(peer);
    return request;
  }
};

std::string words(capnp::List<capnp::Text>::Reader from) {
  std::string out;
  for (const auto one : from) out += (out.empty() ? "" : " > ") + rpc::text(one);
  return out;
}

}  // namespace

TEST_CASE_FIXTURE(CircuitsDesk, "a circuit is shown with its far end, its hops and its numbers") {
  circuits.circuits = {circuit_to(friend_named("carol", 3).address, 7), circuit_to(far, 8)};
  circuits.circuits[1].state = core::CircuitState::Suspect;
  circuits.circuits[1].origin = false;
  circuits.circuits[1].hops.clear();
  run(befriended()
          .then([this] { return about(router().circuitsRequest(), "").send(); })
          .then([this](auto&& answer) {
            const auto reply = answer.getReply();
            CHECK(reply.getPeer().getOk());
            REQUIRE(reply.getCircuits().size() == 2);
            const auto one = reply.getCircuits()[0];
            CHECK(one.getId() == 7);
            CHECK(rpc::text(one.getPetname()) == "carol");
            CHECK(words(one.getHops()) == std::string("bob > ") + kHandle);
            CHECK(one.getState() == schema::CircuitState::OPEN);
            CHECK(one.getOrigin());
            CHECK(one.getAgeMs() == 12'000);
            CHECK(one.getLifetimeMs() == 3'600'000);
            CHECK(one.getRttMicros() == 8'250);
            CHECK(one.getTxBytes() == 1'280);
            CHECK(one.getRxBytes() == 2'560);
            CHECK(one.getOnionFaults() == 1);
            CHECK(one.getReplays() == 2);
            CHECK(one.getResent() == 3);
            const auto other = reply.getCircuits()[1];
            CHECK(rpc::text(other.getPetname()).empty());
            CHECK(rpc::as_view(other.getTo())[15] == far.bytes[15]);
            CHECK(other.getState() == schema::CircuitState::SUSPECT);
            CHECK_FALSE(other.getOrigin());
            CHECK(other.getHops().size() == 0);
          }));
}

TEST_CASE_FIXTURE(CircuitsDesk,
                  "circuits of one peer are those to its address, and nobody's relayed ones") {
  circuits.circuits = {circuit_to(friend_named("carol", 3).address, 7), circuit_to(far, 8)};
  circuits.relayed = {{{2}, 1, 2, 3, 4, 5}};
  run(befriended()
          .then([this] { return about(router().circuitsRequest(), kFar).send(); })
          .then([](auto&& answer) {
            const auto reply = answer.getReply();
            REQUIRE(reply.getCircuits().size() == 1);
            CHECK(reply.getCircuits()[0].getId() == 8);
            CHECK(reply.getRelayed().size() == 0);
          }));
}

TEST_CASE_FIXTURE(CircuitsDesk, "circuits of a name that nobody has are refused with a next step") {
  run(befriended()
          .then([this] { return about(router().circuitsRequest(), "mallory").send(); })
          .then([](auto&& answer) {
            const auto peer = answer.getReply().getPeer();
            CHECK_FALSE(peer.getOk());
            CHECK(rpc::text(peer.getWhy()) == "there is no friend called mallory");
            CHECK(peer.getNext().size() > 0);
          }));
}

TEST_CASE_FIXTURE(CircuitsDesk, "more circuits than fit in a reply are counted") {
  circuits.circuits.assign(kMostCircuitsShown + 5, circuit_to(far, 1));
  run(about(router().circuitsRequest(), "").send().then([](auto&& answer) {
    CHECK(answer.getReply().getCircuits().size() == kMostCircuitsShown);
    CHECK(answer.getReply().getLeft() == 5);
  }));
}

TEST_CASE_FIXTURE(CircuitsDesk,
                  "what friends send through this node is shown by petname, here and in status") {
  circuits.circuits = {circuit_to(far, 1), circuit_to(far, 2), circuit_to(far, 3)};
  circuits.circuits[1].state = core::CircuitState::Building;
  circuits.circuits[2].state = core::CircuitState::Closing;
  circuits.relayed = {{{3}, 11, 12, 13, 14, 15}, {{99}, 1, 0, 0, 0, 0}};
  status_report.friends[0].link_faults = 4;
  status_report.friends[0].onion_faults = 5;
  status_report.friends[0].circuits_destroyed = 6;
  std::vector<std::string> from;
  run(befriended()
          .then([this] { return about(router().circuitsRequest(), "").send(); })
          .then([&from, this](auto&& answer) {
            for (const auto one : answer.getReply().getRelayed()) {
              from.push_back(rpc::text(one.getPetname()));
            }
            return router().statusRequest().send();
          })
          .then([](auto&& answer) {
            const auto counts = answer.getStatus().getCircuits();
            CHECK(counts.getOpen() == 1);
            CHECK(counts.getBuilding() == 1);
            CHECK(counts.getFailing() == 1);
            CHECK(counts.getRelayed() == 12);
            const auto bob = answer.getStatus().getFriends()[0];
            CHECK(bob.getLinkFaults() == 4);
            CHECK(bob.getOnionFaults() == 5);
            CHECK(bob.getCircuitsDestroyed() == 6);
            CHECK(bob.getRelayed().getCells() == 0);
            const auto carol = answer.getStatus().getFriends()[1].getRelayed();
            CHECK(carol.getCircuits() == 11);
            CHECK(carol.getCells() == 12);
            CHECK(carol.getOnionFaults() == 13);
            CHECK(carol.getBuilds() == 14);
            CHECK(carol.getRefused() == 15);
          }));
  CHECK(from == std::vector<std::string>{"carol", "a friend of before"});
}

TEST_CASE_FIXTURE(CircuitsDesk, "path shows every way, which is chosen and the rule that decided") {
  path.options = {{{"bob", kHandle}, true, "shortest"},
                  {{"carol", kHandle}, false, "shares a relay"}};
  path.why = "two friends met in person";
  run(befriended()
          .then([this] { return about(router().pathRequest(), kFar).send(); })
          .then([](auto&& answer) {
            const auto reply = answer.getReply();
            CHECK(reply.getOk());
            CHECK(reply.getPeer().getOk());
            REQUIRE(reply.getOptions().size() == 2);
            CHECK(words(reply.getOptions()[0].getHops()) == std::string("bob > ") + kHandle);
            CHECK(reply.getOptions()[0].getChosen());
            CHECK_FALSE(reply.getOptions()[1].getChosen());
            CHECK(rpc::text(reply.getOptions()[1].getWhy()) == "shares a relay");
            CHECK(rpc::text(reply.getWhy()) == "two friends met in person");
            CHECK(reply.getNext().size() == 0);
          }));
}

TEST_CASE_FIXTURE(CircuitsDesk, "a path to where no way leads says so and what to do") {
  path.why = "nobody serves it";
  run(about(router().pathRequest(), kFar).send().then([](auto&& answer) {
    CHECK_FALSE(answer.getReply().getOk());
    CHECK(rpc::text(answer.getReply().getWhy()) == "nobody serves it");
    CHECK(answer.getReply().getNext().size() > 0);
  }));
}

TEST_CASE_FIXTURE(CircuitsDesk, "NAME.FRIEND asks that friend, and the answer is who is meant") {
  named = {true, far, ""};
  run(befriended()
          .then([this] { return about(router().resolveRequest(), "dave.carol").send(); })
          .then([this](auto&& answer) {
            CHECK(answer.getPeer().getOk());
            CHECK(rpc::as_view(answer.getPeer().getAddress())[15] == far.bytes[15]);
            return about(router().pingRequest(), "dave.carol").send();
          })
          .ignoreResult());
  REQUIRE(names.size() == 2);
  CHECK(names[0].introducer == FriendId{3});
  CHECK(names[0].name == "dave");
  REQUIRE(pings.size() == 1);
  CHECK(pings[0].peer == far);
}

TEST_CASE_FIXTURE(CircuitsDesk,
                  "a name that the friend does not tell is refused in the friend's words") {
  named = {false, {}, "it shows no such friend"};
  std::string why;
  std::string next;
  run(befriended()
          .then([this] { return about(router().resolveRequest(), "dave.carol").send(); })
          .then([&](auto&& answer) {
            CHECK_FALSE(answer.getPeer().getOk());
            CHECK(answer.getPeer().getAddress().size() == 0);
            why = rpc::text(answer.getPeer().getWhy());
            next = rpc::text(answer.getPeer().getNext());
          }));
  CHECK(why == "carol names nobody dave to this node: it shows no such friend");
  CHECK(next.find("--visibility reachable") != std::string::npos);
}

TEST_CASE_FIXTURE(CircuitsDesk, "a name that cannot be one is asked of nobody") {
  std::vector<std::string> why;
  auto look = [&](const char* text) {
    return about(router().resolveRequest(), text).send().then([&why](auto&& answer) {
      CHECK_FALSE(answer.getPeer().getOk());
      CHECK(answer.getPeer().getNext().size() > 0);
      why.push_back(rpc::text(answer.getPeer().getWhy()));
    });
  };
  run(befriended()
          .then([&] { return look("dave.mallory"); })
          .then([&] { return look("Dave.carol"); })
          .then([&] { return look(".carol"); })
          .then([&] { return look("a.b.carol"); })
          .then([&] { return look(""); }));
  CHECK(names.empty());
  REQUIRE(why.size() == 5);
  CHECK(why[0].find("no friend called mallory") != std::string::npos);
  CHECK(why[1].find("is no name") != std::string::npos);
}

TEST_CASE_FIXTURE(CircuitsDesk, "a new circuit is shown, or why there is none") {
  circuits.circuits = {circuit_to(far, 9)};
  path.options = {{{"bob", kHandle}, true, "shortest"}};
  auto build = [this] {
    auto request = router().newCircuitRequest();
    request.setPeer(kFar);
    request.setTimeoutMs(900'000);
    return request.send();
  };
  run(build()
          .then([&](auto&& answer) {
            CHECK(answer.getReply().getOk());
            CHECK(answer.getReply().getCircuit().getId() == 9);
            CHECK(answer.getReply().getNext().size() == 0);
            circuits = {{}, {}, "nobody answered"};
            return build();
          })
          .then([](auto&& answer) {
            CHECK_FALSE(answer.getReply().getOk());
            CHECK(rpc::text(answer.getReply().getWhy()) == "nobody answered");
            CHECK(rpc::text(answer.getReply().getNext()).starts_with("covfefe why fd00::77 "));
          }));
  REQUIRE(builds.size() == 2);
  CHECK(builds[0].peer == far);
  CHECK(builds[0].timeout == Duration::seconds(60));
}

TEST_CASE_FIXTURE(CircuitsDesk,
                  "a new circuit where no way is allowed is refused at once, by the rule") {
  path.options = {{{"bob", kHandle}, false, "third parties are not reached"}};
  path.why = "1 friend met in person, 2 are needed";
  run(about(router().newCircuitRequest(), kFar).send().then([](auto&& answer) {
    CHECK_FALSE(answer.getReply().getOk());
    CHECK(rpc::text(answer.getReply().getWhy()) == "1 friend met in person, 2 are needed");
    CHECK(answer.getReply().getNext().size() > 0);
  }));
  CHECK(builds.empty());
}

TEST_CASE_FIXTURE(CircuitsDesk, "a new circuit to nobody is not asked of the packet thread") {
  run(about(router().newCircuitRequest(), "mallory").send().then([](auto&& answer) {
    CHECK_FALSE(answer.getReply().getOk());
    CHECK(answer.getReply().getNext().size() > 0);
  }));
  CHECK(builds.empty());
}

TEST_CASE_FIXTURE(CircuitsDesk, "closing names the circuit, and a refusal its reason") {
  closed = {false, "there is no circuit 5"};
  auto request = router().closeCircuitRequest();
  request.setId(5);
  run(request.send().then([](auto&& answer) {
    CHECK_FALSE(answer.getOk());
    CHECK(rpc::text(answer.getWhy()) == "there is no circuit 5");
    CHECK(answer.getNext().size() > 0);
  }));
  CHECK(closes == std::vector<std::uint32_t>{5});
}

TEST_CASE_FIXTURE(CircuitsDesk, "hops are timed when that is asked for") {
  pong.hops = {{"bob", true, Duration::micros(900)}, {kHandle, false, {}}};
  auto request = router().pingRequest();
  request.setPeer(kFar);
  request.setHops(true);
  run(request.send().then([](auto&& answer) {
    const auto hops = answer.getReply().getHops();
    REQUIRE(hops.size() == 2);
    CHECK(rpc::text(hops[0].getHop()) == "bob");
    CHECK(hops[0].getOk());
    CHECK(hops[0].getRttMicros() == 900);
    CHECK_FALSE(hops[1].getOk());
  }));
  REQUIRE(pings.size() == 1);
  CHECK(pings[0].hops == core::Hops::Timed);
}

TEST_CASE_FIXTURE(CircuitsDesk,
                  "a one-time identity is taken and dropped, and the address is said") {
  run(router()
          .identityNewRequest()
          .send()
          .then([this](auto&& answer) {
            CHECK(answer.getIdentity().getOnce());
            CHECK(rpc::as_view(answer.getIdentity().getAddress())[15] == 0xaa);
            return router().identityDropRequest().send();
          })
          .then([this](auto&& answer) {
            CHECK_FALSE(answer.getIdentity().getOnce());
            CHECK(rpc::as_view(answer.getIdentity().getAddress())[15] == view.address.bytes[15]);
          }));
}
