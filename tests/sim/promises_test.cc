// SPDX-License-Identifier: Apache-2.0
// What friends promise each other, over real links that lose cells: whole routers with ledgers of
// their own.
#include <doctest/doctest.h>

#include "tests/sim/world.h"

using namespace covfefe;
using namespace covfefe::sim;

namespace {

constexpr std::uint8_t kRealtime = 46;  // DSCP EF

struct Lenders : World {
  explicit Lenders(std::uint64_t seed) : World(seed) {
    for (Node* node : {&bob, &carol}) {
      alice.befriend(*node);
      node->befriend(alice);
    }
    for (Node* node : {&alice, &bob, &carol}) {
      node->lend(1'000'000);
      node->boot();
    }
    REQUIRE(run_until(Duration::seconds(5), [&] { return up(); }));
  }
  [[nodiscard]] bool up() {
    return alice.about(0).session_up && alice.about(1).session_up && bob.session_up() &&
           carol.session_up();
  }
  core::ReserveReport reserve(Node& from, const Node& to, std::uint32_t rate) {
    core::ReserveQuery query;
    query.peer = to.keys.address();
    query.payload_rate = rate;
    query.packet = 83;
    query.lasts = Duration::minutes(10);
    const RequestId id = from.ask(query);
    std::optional<core::ReserveReport> report;
    REQUIRE(run_until(Duration::seconds(6), [&] {
      report = from.answer<core::ReserveReport>(id);
      return report.has_value();
    }));
    return *report;
  }
  core::PromisesReport promises(Node& of) {
    const auto report = of.answer<core::PromisesReport>(of.ask(core::PromisesQuery{}));
    REQUIRE(report);
    return *report;
  }
  void restart(Node& node) {
    node.crash();
    run(Duration::seconds(2));
    node.boot();
    node.feed(core::LeasesKnown{node.leases()});
  }

  Node& alice = add("alice");
  Node& bob = add("bob");
  Node& carol = add("carol");
};

std::uint64_t leased(const Node& node) {
  return node.posted[static_cast<std::size_t>(FlowClass::Leased)];
}

}  // namespace

TEST_CASE("a reservation crosses links that lose a tenth of all cells") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    Lenders world(seed);
    world.weather.loss = 0.1;
    const core::ReserveReport report = world.reserve(world.alice, world.bob, 10'240);
    CAPTURE(report.why);
    REQUIRE(report.ok);
    CHECK(world.alice.leases().size() == 1);
    CHECK(world.bob.leases().size() == 1);
    CHECK(world.carol.leases().empty());
  }
}

TEST_CASE("realtime within a lease goes as leased both ways, and to nobody else") {
  Lenders world(3);
  world.alice.ping(world.bob, {1, 120, kRealtime});
  world.run(Duration::seconds(1));
  CHECK(leased(world.alice) == 0);
  REQUIRE(world.reserve(world.alice, world.bob, 10'240).ok);
  for (std::uint16_t i = 2; i < 102; ++i) {
    world.alice.ping(world.bob, {i, 120, kRealtime});
    world.run(Duration::millis(20));
  }
  CHECK(leased(world.alice) >= 100);
  CHECK(leased(world.bob) >= 100);
  const std::uint64_t before = leased(world.alice);
  for (std::uint16_t i = 200; i < 250; ++i) {
    world.alice.ping(world.carol, {i, 120, kRealtime});
    world.run(Duration::millis(20));
  }
  CHECK(leased(world.alice) == before);
}

TEST_CASE("a flood beyond its lease goes by its rate and no more") {
  Lenders world(4);
  const core::ReserveReport report = world.reserve(world.alice, world.bob, 10'240);
  REQUIRE(report.ok);
  const std::uint64_t before = leased(world.alice);
  for (std::uint16_t i = 0; i < 4'000; ++i) {
    world.alice.ping(world.bob, {i, 120, kRealtime});
    world.run(Duration::millis(1));
  }
  const std::uint64_t bytes = (leased(world.alice) - before) * 304;
  CHECK(bytes <= std::uint64_t{report.wire_rate} * 4 + 10'000);
  CHECK(bytes >= std::uint64_t{report.wire_rate} * 4 * 9 / 10);
}

TEST_CASE("leases outlive the router of either end") {
  for (const bool asker : {true, false}) {
    Lenders world(5);
    REQUIRE(world.reserve(world.alice, world.bob, 10'240).ok);
    world.restart(asker ? world.alice : world.bob);
    REQUIRE(world.run_until(Duration::seconds(20), [&] { return world.up(); }));
    world.run(Duration::seconds(90));
    CHECK(world.alice.leases().size() == 1);
    CHECK(world.bob.leases().size() == 1);
    const core::PromisesReport taken = world.promises(world.alice);
    REQUIRE(taken.all.size() == 1);
    CHECK(taken.all[0].payload_rate == 10'240);
    CHECK(taken.all[0].state == "in force");
    const core::PromisesReport given = world.promises(world.bob);
    REQUIRE(given.all.size() == 1);
    CHECK(given.all[0].payload_rate == 10'240);
    const std::uint64_t before = leased(world.bob);
    world.bob.ping(world.alice, {7, 120, kRealtime});
    world.run(Duration::seconds(1));
    CHECK(leased(world.bob) > before);
  }
}

TEST_CASE("a friend says that it goes, is asked to stay, and stays") {
  Lenders world(6);
  world.bob.ask(core::IntendQuery{core::IntentKind::Leaving, Duration::minutes(10)});
  world.run(Duration::seconds(2));
  CHECK(world.promises(world.alice).all.size() == 1);
  const RequestId asked =
      world.alice.ask(core::PleaseQuery{{1}, Duration::minutes(10), Duration::seconds(30)});
  world.run(Duration::seconds(2));
  const RequestId said = world.bob.ask(core::AnswerQuery{{1}, true, {}});
  REQUIRE(world.bob.answer<core::PromiseDone>(said));
  world.run(Duration::seconds(2));
  const auto done = world.alice.answer<core::PromiseDone>(asked);
  REQUIRE(done);
  CHECK(done->ok);
  for (const core::PromiseReport& one : world.promises(world.alice).all) {
    if (one.kind == PromiseKind::Leaving) CHECK(one.left > Duration::minutes(19));
  }
}

TEST_CASE("who is no friend, and what was never promised, is said so") {
  Lenders world(7);
  const auto extended = world.alice.answer<core::ReserveReport>(
      world.alice.ask(core::ExtendQuery{123'456, Duration::minutes(1), {}}));
  REQUIRE(extended);
  CHECK_FALSE(extended->ok);
  CHECK(!extended->next.empty());
  const auto released =
      world.alice.answer<core::PromiseDone>(world.alice.ask(core::ReleaseQuery{123'456}));
  REQUIRE(released);
  CHECK_FALSE(released->ok);
}
