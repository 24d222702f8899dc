// SPDX-License-Identifier: Apache-2.0
// How builds and circuits end: lost messages, timeouts, DESTROY, restarts, dead links and
// keystores.
#include <doctest/doctest.h>

#include <algorithm>

#include "build_chain.h"

using namespace covfefe;
using namespace covfefe::core;
using namespace covfefe::test;

// ---- what gets lost -----------------------------------------------------------------------------

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

TEST_CASE("a circuit that falls silent is given up by its hops, one that speaks is not") {
  Chain chain(3);
  chain.build();
  chain.tap = [](std::size_t, std::size_t, Sent& what) {
    return !std::holds_alternative<SentDestroy>(what);
  };
  for (int i = 0; i < 4; ++i) {
    chain.send_out(1);
    chain.tick(Duration::minutes(10));
    REQUIRE(chain.circuits() == 4);
  }
  chain.tick(Duration::minutes(17));
  CHECK(chain.first().lost.empty());
  CHECK(chain.at(1).circuits() == 0);
  CHECK(chain.last().circuits() == 0);
  CHECK(chain.last().lost.size() == 1);
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

// ---- restarts and dead links --------------------------------------------------------------------

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
    for (std::size_t i = 0; i < chain.size(); ++i)
      CHECK(chain.at(i).gauge("build.waiting_next") == 0);
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
  relay.step(chain.now, [&] { relay.builds().on_link_gone(chain.slot(1, 2)); });
  chain.exchange();
  CHECK(chain.first().circuits() == 0);
  CHECK(relay.circuits() == 0);
  CHECK(relay.builds().relayed().size() == 1);
  relay.step(chain.now, [&] { relay.builds().on_link_gone(chain.slot(1, 0)); });
  CHECK(relay.builds().relayed().empty());
}

TEST_CASE("nothing can be begun over a friend that is being removed") {
  Chain chain(3);
  chain.build();
  const CircuitPath path = chain.path(chain.over);
  const Bytes payload(wire::kBuildPayload, 1);
  std::size_t asked = 0;
  chain.first().on_lost = [&](CircuitId) {
    ++asked;
    CHECK_FALSE(chain.first().builds().start(path, {}, payload).has_value());
  };
  chain.first().step(chain.now, [&] { chain.first().builds().on_link_gone(chain.slot(0, 1)); });
  CHECK(asked == 1);
  CHECK(chain.first().circuits() == 0);
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

// ---- the keystore -------------------------------------------------------------------------------

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
