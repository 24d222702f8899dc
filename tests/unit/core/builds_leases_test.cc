// SPDX-License-Identifier: Apache-2.0
// Builds that want a rate kept: what every hop asks of its own shaper, what it grants, which cells
// go on as leased, and how leases end (Steps Q1 to Q11, covfefe-protocol(7)).
#include <doctest/doctest.h>

#include <algorithm>

#include "build_chain.h"
#include "core/build/hop_leases.h"

using namespace covfefe;
using namespace covfefe::core;
using namespace covfefe::test;

namespace {

constexpr std::uint32_t kRate = 1u << 16;
constexpr std::uint32_t kSmall = wire::kSmallDatagram + kCellHeaders;

BuildTerms realtime(std::uint32_t rate = kRate) {
  BuildTerms terms;
  terms.circuit_class = wire::CircuitClass::Realtime;
  terms.rate = terms.least_rate = rate;
  terms.duration = 600;
  return terms;
}

BuildTerms or_less(std::uint32_t least) {
  BuildTerms terms = realtime();
  terms.least_rate = least;
  return terms;
}

struct LeasedChain : Chain {
  explicit LeasedChain(std::size_t nodes) : Chain(nodes) {}
  void ask(const BuildTerms& terms = realtime()) {
    origin = 0;
    REQUIRE(start(path(over), terms).has_value());
    exchange();
  }
  void lease(const BuildTerms& terms = realtime()) {
    ask(terms);
    REQUIRE(first().made.size() == 1);
    near = first().made[0].circuit;
    far = last().terminals.at(0);
  }
  [[nodiscard]] std::size_t leases() {
    std::size_t out = 0;
    for (std::size_t i = 0; i < size(); ++i) out += at(i).ledger.size();
    return out;
  }
  [[nodiscard]] const LeaseTerms& terms(std::size_t node) {
    REQUIRE(at(node).ledger.size() == 1);
    return at(node).ledger.begin()->second.terms;
  }
  [[nodiscard]] std::size_t on_lane(Lane lane) {
    const auto& all = last().received;
    return static_cast<std::size_t>(std::count_if(
        all.begin(), all.end(), [lane](const Received& one) { return one.lane == lane; }));
  }
  // As many as the rate carries in this time, evenly.
  void stream(Duration time, std::uint32_t rate) {
    const Duration apart{std::int64_t{kSmall} * 1'000'000'000 / rate};
    for (const Instant end = now + time; now < end; now = now + apart) {
      send_out(1, wire::kSmallOnion, Lane::Realtime);
    }
  }
};

}  // namespace

// ---- what is asked and granted ------------------------------------------------------------------

TEST_CASE("every hop keeps the rate towards both neighbours and its friend before it pays") {
  LeasedChain chain(4);
  chain.lease();
  CHECK(chain.first().ledger.empty());
  for (std::size_t node = 1; node < 4; ++node) {
    CAPTURE(node);
    const LeaseTerms& terms = chain.terms(node);
    CHECK(terms.principal == FriendId{static_cast<std::uint32_t>(node)});
    CHECK(terms.rate == kRate);
    CHECK(terms.lasts == Duration::seconds(600));
    CHECK(terms.lease_class == LeaseClass::Realtime);
    CHECK(terms.tag == 0);
    CHECK(terms.over.size() == (node == 3 ? 1 : 2));
    CHECK(terms.over[terms.over.size() - 1] == terms.principal);
    if (node < 3) CHECK(terms.over[0] == FriendId{static_cast<std::uint32_t>(node + 2)});
    CHECK(chain.at(node).gauge("circuit.leases") == 1);
  }
  REQUIRE(chain.first().replies.size() == 3);
  for (const wire::BuildReply& reply : chain.first().replies) {
    CHECK(reply.rate == kRate);
    CHECK(reply.lease != 0);
    CHECK_FALSE(reply.less);
  }
  CHECK(chain.first().replies[0].lease != chain.first().replies[1].lease);
}

TEST_CASE("a build without a rate, or without a duration, asks no shaper") {
  for (const bool rate : {false, true}) {
    LeasedChain chain(3);
    BuildTerms terms = realtime(rate ? kRate : 0);
    if (rate) terms.duration = 0;
    chain.lease(terms);
    CHECK(chain.at(1).takes == 0);
    CHECK(chain.first().replies.at(0).rate == 0);
  }
}

TEST_CASE("who takes no less is refused and told what would have been kept") {
  LeasedChain chain(4);
  chain.at(2).capacity = 2 * 50'000;
  chain.ask();
  REQUIRE(chain.first().failed.size() == 1);
  const BuildFailure& failure = chain.first().failed[0].failure;
  CHECK(failure.fault == BuildFault::Refused);
  CHECK(failure.hop == 1);
  CHECK(failure.status == wire::BuildStatus::NoCapacity);
  CHECK(failure.best == 32'768);
  CHECK(chain.leases() == 0);
}

TEST_CASE("who takes less gets the largest power of two that there is, and nothing above nothing") {
  LeasedChain chain(4);
  chain.at(2).capacity = 2 * 50'000;
  chain.at(3).capacity = 100;
  chain.lease(or_less(0));
  CHECK(chain.first().replies.at(0).rate == kRate);
  CHECK(chain.first().replies.at(1).rate == 32'768);
  CHECK(chain.first().replies.at(1).less);
  CHECK(chain.terms(2).rate == 32'768);
  CHECK(chain.first().replies.at(2).rate == 0);
  CHECK(chain.first().replies.at(2).less);
  CHECK(chain.last().ledger.empty());
}

TEST_CASE("less than the least is refused") {
  LeasedChain chain(3);
  chain.at(1).capacity = 2 * 16'384;
  chain.ask(or_less(32'768));
  REQUIRE(chain.first().failed.size() == 1);
  CHECK(chain.first().failed[0].failure.best == 16'384);
  CHECK(chain.leases() == 0);
}

TEST_CASE("rates that nobody can keep are refused without harm") {
  for (const std::uint32_t rate : {1u, 128u, 1u << 31}) {
    LeasedChain chain(3);
    chain.ask(realtime(rate));
    const bool tiny = rate < kLeaseRateLeast;
    CHECK(chain.first().failed.size() == (tiny ? 0 : 1));
    CHECK(chain.at(1).gauge("circuit.incoming") == (tiny ? 1 : 0));
  }
}

// ---- when the shaper is away --------------------------------------------------------------------

TEST_CASE(
    "a shaper that says nothing is waited for half a second, and a late grant is given back") {
  LeasedChain chain(3);
  chain.at(1).shaper_answers = false;
  chain.ask();
  chain.tick(Duration::millis(400));
  CHECK(chain.first().failed.empty());
  chain.tick(Duration::millis(200));
  REQUIRE(chain.first().failed.size() == 1);
  CHECK(chain.first().failed[0].failure.status == wire::BuildStatus::NoCapacity);
  CHECK(chain.at(1).gauge("build.waiting_shaper") == 0);
  chain.at(1).shaper_answers = true;
  chain.exchange();
  CHECK(chain.at(1).takes == 1);
  CHECK(chain.at(1).ledger.empty());
}

TEST_CASE("who takes nothing too has its circuit when the shaper is away") {
  LeasedChain chain(3);
  chain.at(1).shaper_answers = false;
  chain.ask(or_less(0));
  chain.tick(Duration::millis(600));
  REQUIRE(chain.first().made.size() == 1);
  CHECK(chain.first().replies.at(0).rate == 0);
  CHECK(chain.first().replies.at(1).rate == kRate);
}

TEST_CASE("a release that the shaper did not hear is repeated") {
  LeasedChain chain(3);
  chain.lease();
  chain.at(1).shaper_answers = false;
  chain.first().step(chain.now,
                     [&] { chain.first().builds().close(chain.near, wire::DestroyReason::Done); });
  chain.exchange();
  CHECK(chain.last().ledger.empty());
  chain.at(1).wanted.clear();
  chain.at(1).shaper_answers = true;
  chain.tick(Duration::seconds(2));
  CHECK(chain.at(1).ledger.empty());
}

// ---- which cells are leased ---------------------------------------------------------------------

TEST_CASE("a stream within its lease stays realtime, and what is above it goes with the rest") {
  LeasedChain chain(4);
  chain.lease();
  chain.stream(Duration::seconds(2), kRate);
  CHECK(chain.on_lane(Lane::Bulk) == 0);
  const std::size_t within = chain.on_lane(Lane::Realtime);
  CHECK(chain.at(1).count(Count::RelayedLeased) == within);
  chain.last().received.clear();
  chain.stream(Duration::seconds(2), 4 * kRate);
  const std::size_t passed = chain.on_lane(Lane::Realtime);
  CHECK(passed <= within + within / 20);
  CHECK(passed >= within - within / 20);
  CHECK(chain.on_lane(Lane::Bulk) >= 2 * within);
}

TEST_CASE("the way back has a bucket of its own") {
  LeasedChain chain(3);
  chain.lease();
  chain.stream(Duration::seconds(1), 2 * kRate);
  chain.send_back(3, wire::kSmallOnion, Lane::Realtime);
  CHECK(chain.first().received.back().lane == Lane::Realtime);
}

TEST_CASE("no cell is leased after the lease's time, or in a circuit of class bulk") {
  LeasedChain chain(3);
  chain.lease();
  for (int i = 0; i < 610; ++i) {
    chain.send_out(1, wire::kSmallOnion, Lane::Bulk);
    chain.tick(Duration::seconds(1));
  }
  chain.send_out(1, wire::kSmallOnion, Lane::Realtime);
  CHECK(chain.on_lane(Lane::Realtime) == 0);
  LeasedChain bulk(3);
  BuildTerms terms = realtime();
  terms.circuit_class = wire::CircuitClass::Bulk;
  bulk.lease(terms);
  CHECK(bulk.terms(1).lease_class == LeaseClass::Bulk);
  bulk.send_out(1, wire::kSmallOnion, Lane::Realtime);
  CHECK(bulk.on_lane(Lane::Realtime) == 0);
}

TEST_CASE("chat stays on its lane while it is little, and only in small cells") {
  LeasedChain chain(4);
  chain.build();
  for (int i = 0; i < 20; ++i) chain.send_out(1, wire::kSmallOnion, Lane::Spare);
  CHECK(chain.on_lane(Lane::Spare) == 20);
  chain.send_out(1, wire::kLargeOnion, Lane::Spare);
  CHECK(chain.on_lane(Lane::Spare) == 20);
  for (int i = 0; i < 80; ++i) chain.send_out(1, wire::kSmallOnion, Lane::Spare);
  CHECK(chain.on_lane(Lane::Spare) == 24);
  CHECK(chain.on_lane(Lane::Bulk) == 77);
  chain.tick(Duration::seconds(10));
  chain.send_out(1, wire::kSmallOnion, Lane::Spare);
  CHECK(chain.on_lane(Lane::Spare) == 25);
}

// ---- how leases end -----------------------------------------------------------------------------

TEST_CASE("a lease ends with its circuit, whoever ends it") {
  for (const std::size_t who : {0U, 3U}) {
    LeasedChain chain(4);
    chain.lease();
    CHECK(chain.leases() == 3);
    const CircuitId id = who == 0 ? chain.near : chain.far;
    chain.at(who).step(chain.now,
                       [&] { chain.at(who).builds().close(id, wire::DestroyReason::Done); });
    chain.exchange();
    CHECK(chain.leases() == 0);
    CHECK(chain.circuits() == 0);
  }
}

TEST_CASE("a lease is provisional until a cell verifies") {
  LeasedChain chain(4);
  chain.lease();
  chain.tick(Duration::seconds(6));
  CHECK(chain.leases() == 0);
  LeasedChain used(4);
  used.lease();
  used.send_out(1);
  used.tick(Duration::seconds(6));
  CHECK(used.leases() == 3);
}

TEST_CASE("a lease is given back when the next hop never answers") {
  LeasedChain chain(4);
  chain.tap = [](std::size_t from, std::size_t, Sent& what) {
    return from != 1 || !std::holds_alternative<SentBuild>(what);
  };
  chain.ask();
  CHECK(chain.leases() == 1);
  chain.tick(Duration::seconds(11));
  CHECK(chain.leases() == 0);
}

TEST_CASE("a revoked lease leaves the circuit, frees what the others kept, and the origin learns") {
  for (std::size_t node = 1; node < 4; ++node) {
    CAPTURE(node);
    LeasedChain chain(4);
    chain.lease();
    chain.send_out(1);
    chain.at(node).revoke(chain.now, chain.at(node).ledger.begin()->first);
    chain.exchange();
    CHECK(chain.leases() == 0);
    CHECK(chain.first().lost.empty());
    chain.send_out(2, wire::kSmallOnion, Lane::Realtime);
    CHECK(chain.last().received.size() == 2);
    CHECK(chain.last().received.back().lane == Lane::Bulk);
    CHECK(chain.circuits() == 6);
  }
}

TEST_CASE("an origin with a lease of its own is told when another's is revoked") {
  LeasedChain chain(4);
  chain.lease();
  CircuitLease own;
  own.rate = kRate;
  own.until = chain.now + Duration::seconds(600);
  chain.first().step(chain.now, [&] { chain.first().builds().lease(chain.near, own); });
  chain.at(2).revoke(chain.now, chain.at(2).ledger.begin()->first);
  chain.exchange();
  CHECK(chain.first().unleased == std::vector{chain.near});
}

TEST_CASE("a lease revoked before its grant is told refuses the build") {
  LeasedChain chain(4);
  chain.tap = [](std::size_t from, std::size_t, Sent& what) {
    return from != 1 || !std::holds_alternative<SentBuild>(what);
  };
  chain.ask();
  chain.at(1).revoke(chain.now, chain.at(1).ledger.begin()->first);
  chain.exchange();
  REQUIRE(chain.first().failed.size() == 1);
  CHECK(chain.first().failed[0].failure.status == wire::BuildStatus::NoCapacity);
  CHECK(chain.circuits() == 0);
}

// ---- hostile ------------------------------------------------------------------------------------

TEST_CASE("the end of a lease goes round once, and means nothing without one") {
  Hostile world(4);
  world.build({0, 1, 2, 3});
  std::size_t told = 0;
  world.tap = [&](std::size_t, std::size_t, Sent& what) {
    told += std::holds_alternative<SentDestroy>(what) ? 1 : 0;
    return true;
  };
  const CircuitId forward = world.at(1).only(CircuitRole::RelayForward)->receive;
  for (int i = 0; i < 1'000; ++i) {
    world.give(0, 1, SentDestroy{forward, wire::DestroyReason::LeaseOnly});
  }
  CHECK(told == 0);
  world.send(0, world.near);
  CHECK(world.at(3).received.size() == 1);
}

TEST_CASE("a million builds that want rates cost bounded memory and leave nothing") {
  for (const bool shaper : {true, false}) {
    CAPTURE(shaper);
    Hostile world(3);
    BuildNode& hop = world.at(1);
    hop.shaper_answers = shaper;
    const CircuitPath path = world.path({0, 1, 2});
    std::size_t most_waiting = 0;
    std::size_t most_leases = 0;
    for (int round = 0; round < 1'000; ++round) {
      (void)world.start(path, realtime(256));
      world.exchange();
      for (std::uint32_t i = 1; i < 1'000; ++i) {
        hop.step(world.now, [&] { hop.take(world.slot(1, 0), world.some_build(i)); });
        hop.out.clear();
      }
      world.tick(Duration::millis(100));
      most_waiting = std::max<std::size_t>(most_waiting, hop.gauge("build.waiting_shaper"));
      most_leases = std::max(most_leases, hop.ledger.size());
    }
    CHECK(most_waiting <= HopLeases::kWaiting);
    CHECK(most_leases <= 64);
    CHECK((shaper ? hop.takes : hop.wanted.size()) >= 500);
    world.tick(Duration::seconds(60));
    CHECK(hop.gauge("build.waiting_shaper") == 0);
    CHECK(hop.ledger.empty());
    CHECK(hop.circuits() == 0);
  }
}
