// SPDX-License-Identifier: Apache-2.0
// Circuits over several nodes: built, used, refused, lost. Hostile neighbours are in
// builds_hostile_test.cc.
#include <doctest/doctest.h>

#include <algorithm>

#include "build_world.h"

using namespace covfefe;
using namespace covfefe::core;
using namespace covfefe::test;

namespace {

struct Chain : BuildWorld {
  explicit Chain(std::size_t nodes, const CircuitPolicy& policy = {}) : BuildWorld(nodes, policy) {
    over = line(nodes);
  }
  void build() {
    REQUIRE(start_over(over).has_value());
    REQUIRE(first().made.size() == 1);
    near = first().made[0].circuit;
    far = last().terminals.at(0);
  }
  BuildNode& first() { return at(0); }
  BuildNode& last() { return at(size() - 1); }
  void send_out(std::uint8_t fill, std::size_t onion = wire::kLargeOnion, Lane lane = Lane::Bulk) {
    first().step(now, [&] { REQUIRE(first().send(near, fill, onion, lane)); });
    exchange();
  }
  void send_back(std::uint8_t fill, std::size_t onion = wire::kLargeOnion, Lane lane = Lane::Bulk) {
    last().step(now, [&] { REQUIRE(last().send(far, fill, onion, lane)); });
    exchange();
  }
  [[nodiscard]] std::size_t circuits() {
    std::size_t out = 0;
    for (std::size_t i = 0; i < size(); ++i) out += at(i).circuits();
    return out;
  }
  std::vector<std::size_t> over;
  CircuitId near;
  CircuitId far;
};

}  // namespace

// ---- building ----------------------------------------------------------------------------------

TEST_CASE("a circuit of any length is built with one cell each way on every link") {
  for (std::size_t nodes = 2; nodes <= 6; ++nodes) {
    CAPTURE(nodes);
    Chain chain(nodes);
    std::size_t builds = 0;
    std::size_t others = 0;
    chain.tap = [&](std::size_t, std::size_t, Sent& what) {
      const bool build = std::holds_alternative<SentBuild>(what);
      builds += build || std::holds_alternative<SentBuilt>(what) ? 1 : 0;
      others += std::holds_alternative<SentDestroy>(what) ? 1 : 0;
      return true;
    };
    chain.build();
    CHECK(builds == 2 * (nodes - 1));
    CHECK(others == 0);
    CHECK(chain.first().made[0].replies == nodes - 1);
    CHECK(chain.first().made[0].answer == Bytes(wire::kBuildAnswer, 0x5a));
    CHECK(chain.circuits() == 2 * (nodes - 1));
  }
}

TEST_CASE("cells of both sizes and lanes pass a circuit of any length in both directions") {
  for (std::size_t nodes = 2; nodes <= 6; ++nodes) {
    CAPTURE(nodes);
    Chain chain(nodes);
    chain.build();
    std::uint8_t fill = 1;
    for (const std::size_t onion : {wire::kLargeOnion, wire::kSmallOnion}) {
      for (const Lane lane : {Lane::Bulk, Lane::Realtime}) {
        chain.send_out(fill, onion, lane);
        REQUIRE(!chain.last().received.empty());
        CHECK(chain.last().received.back().body == Bytes(onion - 80, fill));
        CHECK(chain.last().received.back().circuit == chain.far);
        CHECK(chain.last().received.back().lane == lane);
        chain.send_back(++fill, onion, lane);
        REQUIRE(!chain.first().received.empty());
        CHECK(chain.first().received.back().body == Bytes(onion - 80, fill));
        CHECK(chain.first().received.back().circuit == chain.near);
        CHECK(chain.first().received.back().lane == lane);
        ++fill;
      }
    }
    CHECK(chain.last().received.size() == 4);
    CHECK(chain.first().received.size() == 4);
    for (std::size_t i = 1; i + 1 < nodes; ++i) {
      CHECK(chain.at(i).count(Count::RelayedCells) == 8);
      CHECK(chain.at(i).builds().relayed().at(0).cells == 8);
    }
  }
}

TEST_CASE("every link sees other counters, ids and bytes of one cell") {
  Chain chain(5);
  chain.build();
  std::vector<SentCell> seen;
  chain.tap = [&](std::size_t, std::size_t, Sent& what) {
    if (const auto* cell = std::get_if<SentCell>(&what)) seen.push_back(*cell);
    return true;
  };
  chain.send_out(7);
  REQUIRE(seen.size() == 4);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    for (std::size_t j = i + 1; j < seen.size(); ++j) {
      CHECK(seen[i].header.counter != seen[j].header.counter);
      CHECK(seen[i].onion != seen[j].onion);
    }
  }
}

TEST_CASE("an ephemeral that the origin brought is the one that the last hop sees") {
  Chain chain(3);
  crypto::Drbg random(ByteArray<32>{9});
  const crypto::KeyPair pair = crypto::make_key_pair(random);
  BuildTerms terms;
  terms.last_ephemeral = &pair;
  const auto build = chain.start(chain.path(chain.over), terms);
  REQUIRE(build.has_value());
  CHECK(chain.first().builds().last_ephemeral(*build) == pair.public_key);
  chain.exchange();
  CHECK(chain.first().made.size() == 1);
  CHECK_FALSE(chain.first().builds().last_ephemeral(*build).has_value());
}

TEST_CASE("without a clock, a link or room nothing is started and nothing stays behind") {
  Chain chain(3);
  chain.first().frames = false;
  CHECK_FALSE(chain.start_over(chain.over).has_value());
  chain.first().frames = true;
  CHECK(chain.circuits() == 0);
  chain.tap = [](std::size_t, std::size_t, Sent&) { return false; };
  for (int i = 0; i < 64; ++i) CHECK(chain.start_over(chain.over).has_value());
  CHECK_FALSE(chain.start_over(chain.over).has_value());
  CHECK(chain.circuits() == 64);
  chain.tick(Duration::seconds(6));
  CHECK(chain.first().failed.size() == 64);
  CHECK(chain.circuits() == 0);
}

// ---- refusals ----------------------------------------------------------------------------------

TEST_CASE("a refusal at any hop is told with its place and leaves nothing behind") {
  for (std::size_t refusing = 1; refusing < 5; ++refusing) {
    CAPTURE(refusing);
    Chain chain(5);
    const CircuitPath path = chain.path(chain.over);
    wire::BuildStatus expected = wire::BuildStatus::NoNext;
    if (refusing == 4) {
      chain.last().grants = expected = wire::BuildStatus::Refused;
    } else {
      chain.at(refusing).handles.clear();
    }
    REQUIRE(chain.start(path).has_value());
    chain.exchange();
    REQUIRE(chain.first().failed.size() == 1);
    const BuildFailure failure = chain.first().failed[0].failure;
    CHECK(failure.fault == BuildFault::Refused);
    CHECK(failure.hop == refusing - 1);
    CHECK(failure.status == expected);
    CHECK(chain.at(refusing).count(Count::BuildRefused) == 1);
    CHECK(chain.circuits() == 0);
  }
}

TEST_CASE("a node that passes nobody's circuits says so, and still is a destination") {
  CircuitPolicy policy;
  policy.relaying = Relaying::Refuse;
  Chain three(3, policy);
  REQUIRE(three.start_over(three.over).has_value());
  REQUIRE(three.first().failed.size() == 1);
  CHECK(three.first().failed[0].failure.status == wire::BuildStatus::NotRelaying);
  CHECK(three.first().failed[0].failure.hop == 0);
  Chain two(2, policy);
  two.build();
}

TEST_CASE("a handle that was given to another friend names nobody") {
  Chain chain(4);
  CircuitPath path = chain.path(chain.over);
  chain.at(2).handles.begin()->second.second = LinkSlot{1};
  REQUIRE(chain.start(path).has_value());
  chain.exchange();
  REQUIRE(chain.first().failed.size() == 1);
  CHECK(chain.first().failed[0].failure.status == wire::BuildStatus::NoNext);
  CHECK(chain.first().failed[0].failure.hop == 1);
}

TEST_CASE("a handle that leads back where the build came from names nobody") {
  Chain chain(3);
  CircuitPath path = chain.path(chain.over);
  auto& way = chain.at(1).handles.begin()->second;
  way.first = way.second;
  REQUIRE(chain.start(path).has_value());
  chain.exchange();
  REQUIRE(chain.first().failed.size() == 1);
  CHECK(chain.first().failed[0].failure.status == wire::BuildStatus::NoNext);
}

TEST_CASE("a link that is down further on is told as next down") {
  Chain chain(4);
  chain.at(2).links[chain.slot(2, 3).value].up = false;
  REQUIRE(chain.start_over(chain.over).has_value());
  REQUIRE(chain.first().failed.size() == 1);
  CHECK(chain.first().failed[0].failure.status == wire::BuildStatus::NextDown);
  CHECK(chain.first().failed[0].failure.hop == 1);
  CHECK(chain.circuits() == 0);
}

TEST_CASE("a build sealed to a key that the hop has not is answered at once") {
  Chain chain(4);
  for (std::size_t wrong = 0; wrong < 3; ++wrong) {
    CAPTURE(wrong);
    CircuitPath path = chain.path(chain.over);
    path.hops[wrong].onion_key = chain.first().onion_key();
    REQUIRE(chain.start(path).has_value());
    chain.exchange();
    REQUIRE(chain.first().failed.size() == wrong + 1);
    const BuildFailure failure = chain.first().failed[wrong].failure;
    CHECK(failure.fault == (wrong == 0 ? BuildFault::Destroyed : BuildFault::Refused));
    CHECK(failure.hop == (wrong == 0 ? 0 : wrong - 1));
    if (wrong > 0) CHECK(failure.status == wire::BuildStatus::NextDown);
    CHECK(chain.circuits() == 0);
  }
}

TEST_CASE("a rate that must be reserved is refused, one that may be less is granted as nothing") {
  Chain chain(3);
  BuildTerms terms;
  terms.rate = terms.least_rate = 1 << 16;
  terms.duration = 600;
  REQUIRE(chain.start(chain.path(chain.over), terms).has_value());
  chain.exchange();
  REQUIRE(chain.first().failed.size() == 1);
  CHECK(chain.first().failed[0].failure.status == wire::BuildStatus::Overloaded);
  terms.least_rate = 0;
  REQUIRE(chain.start(chain.path(chain.over), terms).has_value());
  chain.exchange();
  CHECK(chain.first().made.size() == 1);
}

// ---- what gets lost
// ------------------------------------------------------------------------------

TEST_CASE("a lost BUILD or BUILT on any link ends in a timeout and in nothing left behind") {
  for (std::size_t link = 0; link < 4; ++link) {
    for (const bool answer : {false, true}) {
      CAPTURE(link);
      CAPTURE(answer);
      Chain chain(5);
      chain.tap = [&](std::size_t from, std::size_t to, Sent& what) {
        const bool here = std::min(from, to) == link;
        const bool hit = answer ? std::holds_alternative<SentBuilt>(what)
                                : std::holds_alternative<SentBuild>(what);
        return !(here && hit);
      };
      REQUIRE(chain.start_over(chain.over).has_value());
      chain.tick(Duration::millis(4'900));
      CHECK(chain.first().failed.empty());
      chain.tick(Duration::millis(200));
      REQUIRE(chain.first().failed.size() == 1);
      CHECK(chain.first().failed[0].failure.fault == BuildFault::Timeout);
      chain.tick(Duration::seconds(11));
      CHECK(chain.first().failed.size() == 1);
      CHECK(chain.circuits() == 0);
    }
  }
}

TEST_CASE("an answer that comes after the timeout is told that nobody waits") {
  Chain chain(3);
  std::optional<Sent> kept;
  chain.tap = [&](std::size_t, std::size_t to, Sent& what) {
    if (to != 0 || !std::holds_alternative<SentBuilt>(what)) return true;
    kept = what;
    return false;
  };
  REQUIRE(chain.start_over(chain.over).has_value());
  chain.now = chain.now + Duration::millis(5'001);
  chain.first().step(chain.now, [] {});
  REQUIRE(chain.first().failed.size() == 1);
  CHECK(chain.at(1).circuits() == 2);
  REQUIRE(kept.has_value());
  chain.first().step(chain.now, [&] { chain.first().take(chain.slot(0, 1), *kept); });
  CHECK(chain.first().count(Count::BuiltStray) == 1);
  CHECK(chain.first().made.empty());
  chain.exchange();
  CHECK(chain.circuits() == 0);
  REQUIRE(chain.last().lost.size() == 1);
  CHECK(chain.last().lost[0].reason == wire::DestroyReason::Unknown);
}

TEST_CASE("the timeout follows what earlier builds took, and grows where none is answered") {
  Chain chain(3);
  chain.delay = Duration::millis(50);
  chain.build();
  CHECK(chain.first().made[0].rtt == Duration::millis(200));
  chain.delay = {};
  chain.tap = [](std::size_t, std::size_t, Sent&) { return false; };
  for (const std::int64_t expected : {1'600, 3'200, 5'000, 5'000}) {
    CAPTURE(expected);
    const std::size_t before = chain.first().failed.size();
    REQUIRE(chain.start_over(chain.over).has_value());
    chain.first().step(chain.now + Duration::millis(expected - 1), [] {});
    CHECK(chain.first().failed.size() == before);
    chain.now = chain.now + Duration::millis(expected);
    chain.first().step(chain.now, [] {});
    CHECK(chain.first().failed.size() == before + 1);
  }
}

TEST_CASE("an abandoned build tells nobody anything, and its circuit goes when it is answered") {
  Chain chain(3);
  const auto build = chain.start(chain.path(chain.over));
  REQUIRE(build.has_value());
  chain.first().step(chain.now, [&] { chain.first().builds().abandon(*build); });
  CHECK(chain.first().circuits() == 0);
  chain.exchange();
  CHECK(chain.first().made.empty());
  CHECK(chain.first().failed.empty());
  CHECK(chain.circuits() == 0);
}

TEST_CASE("a circuit that nobody uses is given up after five seconds, one that is used is not") {
  Chain unused(4);
  unused.build();
  unused.tick(Duration::millis(4'900));
  CHECK(unused.circuits() == 6);
  unused.tick(Duration::millis(200));
  CHECK(unused.circuits() == 0);
  CHECK(unused.first().lost.size() == 1);
  CHECK(unused.last().lost.size() == 1);

  Chain used(4);
  used.build();
  used.send_out(1);
  used.tick(Duration::seconds(60));
  CHECK(used.circuits() == 6);
}

TEST_CASE("every hop gives an unused circuit up by itself, even if no DESTROY arrives") {
  Chain chain(4);
  chain.build();
  chain.tap = [](std::size_t, std::size_t, Sent& what) {
    return !std::holds_alternative<SentDestroy>(what);
  };
  chain.tick(Duration::millis(5'100));
  CHECK(chain.first().circuits() == 1);
  for (std::size_t i = 1; i < 4; ++i) CHECK(chain.at(i).circuits() == 0);
}

TEST_CASE("backward cells alone do not make a circuit used") {
  Chain chain(3);
  chain.build();
  for (int i = 0; i < 60; ++i) {
    chain.tick(Duration::millis(100));
    chain.last().step(chain.now, [&] { (void)chain.last().send(chain.far, 1); });
    chain.exchange();
  }
  CHECK(chain.circuits() == 0);
}

TEST_CASE(
    "a circuit ends with its lifetime at the origin, and a minute later at a hop without it") {
  Chain chain(3);
  BuildTerms terms;
  terms.lifetime = 60;
  REQUIRE(chain.start(chain.path(chain.over), terms).has_value());
  chain.exchange();
  REQUIRE(chain.first().made.size() == 1);
  chain.near = chain.first().made[0].circuit;
  chain.send_out(1);
  chain.tap = [](std::size_t, std::size_t, Sent& what) {
    return !std::holds_alternative<SentDestroy>(what);
  };
  chain.tick(Duration::millis(60'100));
  REQUIRE(chain.first().lost.size() == 1);
  CHECK(chain.first().lost[0].reason == wire::DestroyReason::Expired);
  CHECK(chain.at(1).circuits() == 2);
  chain.tick(Duration::seconds(61));
  CHECK(chain.circuits() == 0);
  CHECK(chain.last().lost.size() == 1);
}

// ---- DESTROY -----------------------------------------------------------------------------------

TEST_CASE("a circuit that an end closes is gone everywhere, and the other end is told why") {
  for (const bool from_origin : {true, false}) {
    Chain chain(5);
    chain.build();
    BuildNode& closer = from_origin ? chain.first() : chain.last();
    BuildNode& other = from_origin ? chain.last() : chain.first();
    closer.step(chain.now, [&] {
      closer.builds().close(from_origin ? chain.near : chain.far, wire::DestroyReason::Done);
    });
    chain.exchange();
    CHECK(chain.circuits() == 0);
    CHECK(closer.lost.empty());
    REQUIRE(other.lost.size() == 1);
    CHECK(other.lost[0].reason == wire::DestroyReason::Done);
    CHECK(other.lost[0].circuit == (from_origin ? chain.far : chain.near));
  }
}

TEST_CASE("both ends may close at once, and again") {
  Chain chain(4);
  chain.build();
  for (int i = 0; i < 2; ++i) {
    chain.first().step(
        chain.now, [&] { chain.first().builds().close(chain.near, wire::DestroyReason::Done); });
    chain.last().step(chain.now,
                      [&] { chain.last().builds().close(chain.far, wire::DestroyReason::Done); });
  }
  chain.exchange();
  CHECK(chain.circuits() == 0);
  CHECK(chain.first().lost.empty());
  CHECK(chain.last().lost.empty());
}

TEST_CASE("a DESTROY that overtakes the answer ends the build for good") {
  Chain chain(4);
  // The destination closes at once; its BUILT is held back until the DESTROY has passed.
  std::vector<Sent> held;
  chain.tap = [&](std::size_t from, std::size_t, Sent& what) {
    if (from != 3 || !std::holds_alternative<SentBuilt>(what)) return true;
    held.push_back(what);
    return false;
  };
  REQUIRE(chain.start_over(chain.over).has_value());
  REQUIRE(held.size() == 1);
  const CircuitId waiting = std::get<SentBuilt>(held[0]).yours;
  chain.at(2).step(chain.now, [&] {
    chain.at(2).take(chain.slot(2, 3), SentDestroy{waiting, wire::DestroyReason::Done});
  });
  chain.at(2).step(chain.now, [&] { chain.at(2).take(chain.slot(2, 3), held[0]); });
  chain.exchange();
  REQUIRE(chain.first().failed.size() == 1);
  CHECK(chain.first().failed[0].failure.status == wire::BuildStatus::NextDown);
  CHECK(chain.first().failed[0].failure.hop == 1);
  CHECK(chain.circuits() == 0);
}

// ---- restarts and dead links
// -----------------------------------------------------------------------

TEST_CASE("when any node of a circuit restarts, both ends learn it at once and can build anew") {
  for (std::size_t restarted = 1; restarted < 4; ++restarted) {
    CAPTURE(restarted);
    Chain chain(5);
    chain.build();
    chain.send_out(1);
    chain.restart(restarted);
    CHECK(chain.circuits() == 0);
    REQUIRE(chain.first().lost.size() == 1);
    CHECK(chain.first().lost[0].reason == wire::DestroyReason::PeerRestart);
    REQUIRE(chain.last().lost.size() == 1);
    CHECK(chain.last().lost[0].reason == wire::DestroyReason::PeerRestart);
    CHECK(chain.start_over(chain.over).has_value());
    CHECK(chain.first().made.size() == 2);
  }
}

TEST_CASE("a build that waits when a node restarts fails at once") {
  for (std::size_t restarted = 1; restarted < 4; ++restarted) {
    CAPTURE(restarted);
    Chain chain(5);
    chain.last().keystore_answers = false;
    REQUIRE(chain.start_over(chain.over).has_value());
    CHECK(chain.first().failed.empty());
    chain.restart(restarted);
    REQUIRE(chain.first().failed.size() == 1);
    const BuildFailure failure = chain.first().failed[0].failure;
    CHECK(failure.fault == (restarted == 1 ? BuildFault::Destroyed : BuildFault::Refused));
    chain.last().keystore_answers = true;
    chain.exchange();
    chain.tick(Duration::seconds(11));
    CHECK(chain.circuits() == 0);
  }
}

TEST_CASE("a link may be down for fifteen seconds and keep its circuits, not for longer") {
  Chain chain(4);
  chain.build();
  chain.send_out(1);
  chain.cut(1, 2);
  chain.tick(Duration::millis(14'900));
  CHECK(chain.circuits() == 6);
  chain.mend(1, 2, Boot::Same);
  chain.tick(Duration::seconds(5));
  chain.send_out(2);
  CHECK(chain.last().received.size() == 2);
  chain.cut(1, 2);
  chain.tick(Duration::millis(15'100));
  CHECK(chain.circuits() == 0);
  REQUIRE(chain.first().lost.size() == 1);
  CHECK(chain.first().lost[0].reason == wire::DestroyReason::LinkLost);
  REQUIRE(chain.last().lost.size() == 1);
}

TEST_CASE("a friend that is removed takes its circuits along, whatever their role") {
  Chain chain(3);
  chain.build();
  BuildNode& relay = chain.at(1);
  std::vector<std::optional<BuildId>> again;
  chain.first().on_lost = [&](CircuitId) {
    again.push_back(chain.first().builds().start({}, {}, {}));
  };
  relay.step(chain.now, [&] { relay.builds().on_link_gone(chain.slot(1, 2)); });
  chain.exchange();
  CHECK(chain.first().circuits() == 0);
  CHECK(relay.circuits() == 0);
  CHECK(again.size() == 1);
  CHECK(relay.builds().relayed().size() == 1);
  relay.step(chain.now, [&] { relay.builds().on_link_gone(chain.slot(1, 0)); });
  CHECK(relay.builds().relayed().empty());
}

TEST_CASE("whoever loses a circuit may begin another inside the call") {
  Chain chain(4);
  chain.build();
  chain.send_out(1);
  const CircuitPath path = chain.path(chain.over);
  int started = 0;
  const Bytes payload(wire::kBuildPayload, 1);
  chain.first().on_lost = [&](CircuitId) {
    started += chain.first().builds().start(path, {}, payload) ? 1 : 0;
  };
  chain.restart(2);
  CHECK(started == 1);
  CHECK(chain.first().made.size() == 2);
}

// ---- the keystore
// --------------------------------------------------------------------------------

TEST_CASE("without a keystore builds are refused at once, and one that dies refuses what waits") {
  Chain chain(3);
  BuildNode& relay = chain.at(1);
  relay.step(chain.now, [&] { relay.builds().keystore_down(); });
  REQUIRE(chain.start_over(chain.over).has_value());
  REQUIRE(chain.first().failed.size() == 1);
  CHECK(chain.first().failed[0].failure.fault == BuildFault::Destroyed);
  CHECK(relay.count(Count::BuildLimited) == 1);

  relay.step(chain.now, [&] { relay.builds().keystore_up(); });
  relay.keystore_answers = false;
  REQUIRE(chain.start_over(chain.over).has_value());
  CHECK(chain.first().failed.size() == 1);
  relay.step(chain.now, [&] { relay.builds().keystore_down(); });
  chain.exchange();
  CHECK(chain.first().failed.size() == 2);
  CHECK(chain.circuits() == 0);
}

TEST_CASE("a build whose sender restarted or went while the keystore had it is forgotten") {
  for (const bool gone : {false, true}) {
    Chain chain(2);
    BuildNode& last = chain.last();
    last.keystore_answers = false;
    REQUIRE(chain.start_over(chain.over).has_value());
    last.step(chain.now, [&] {
      if (gone) return last.builds().on_link_gone(chain.slot(1, 0));
      last.builds().on_link_up(chain.slot(1, 0), Boot::New);
    });
    last.keystore_answers = true;
    chain.exchange();
    CHECK(last.terminals.empty());
    CHECK(last.circuits() == 0);
  }
}

TEST_CASE("what the keystore refuses is answered by a DESTROY that tells overload from the rest") {
  Chain chain(2);
  std::vector<wire::DestroyReason> reasons;
  chain.tap = [&](std::size_t, std::size_t, Sent& what) {
    if (const auto* destroy = std::get_if<SentDestroy>(&what)) reasons.push_back(destroy->reason);
    return true;
  };
  for (const Reject says : {Reject::Overloaded, Reject::Replayed, Reject::Expired}) {
    chain.last().keystore_says = says;
    REQUIRE(chain.start_over(chain.over).has_value());
  }
  using Reason = wire::DestroyReason;
  CHECK(reasons == std::vector{Reason::Overloaded, Reason::Refused, Reason::Refused});
  CHECK(chain.first().failed.size() == 3);
}

TEST_CASE("a keystore that is silent is waited for two seconds") {
  Chain chain(3);
  BuildNode& relay = chain.at(1);
  relay.keystore_answers = false;
  REQUIRE(chain.start_over(chain.over).has_value());
  chain.tick(Duration::millis(1'900));
  CHECK(chain.first().failed.empty());
  chain.tick(Duration::millis(200));
  REQUIRE(chain.first().failed.size() == 1);
  CHECK(chain.first().failed[0].failure.fault == BuildFault::Destroyed);
  relay.keystore_answers = true;
  chain.exchange();
  CHECK(chain.circuits() == 0);
}
