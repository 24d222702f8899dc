// SPDX-License-Identifier: Apache-2.0
// Circuits whose hops keep a rate, the chat class, and friends that leave, between two nodes that
// are three friendships apart, by three ways that share nobody: alice - bob - ruth - dave,
// alice - carol - rolf - dave, alice - erin - rose - dave.
#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "tests/sim/world.h"

using namespace covfefe;
using namespace covfefe::sim;

namespace {

constexpr std::uint8_t kExpedited = 46;
constexpr std::uint8_t kChat = 8;
constexpr std::uint8_t kLowerEffort = 1;
constexpr std::uint64_t kRoom = 1u << 20;

class ThreeWays final : public World {
 public:
  explicit ThreeWays(std::uint64_t seed) : World(seed) {
    weather.jitter = Duration::millis(1);
    for (std::size_t i = 0; i < size(); ++i) (*this)[i].idle_lane = IdleLane::AlwaysOn;
    for (auto [one, other] : {std::pair{&alice, &bob},
                              {&bob, &ruth},
                              {&ruth, &dave},
                              {&alice, &carol},
                              {&carol, &rolf},
                              {&rolf, &dave},
                              {&alice, &erin},
                              {&erin, &rose},
                              {&rose, &dave}}) {
      one->befriend(*other);
      other->befriend(*one);
    }
    for (std::size_t i = 0; i < size(); ++i) (*this)[i].boot();
    for (std::size_t i = 0; i < size(); ++i) (*this)[i].lend(kRoom);
    run(Duration::seconds(15));
    alice.ping(dave, 1);
    if (!run_until(Duration::seconds(3), [this] { return alice.ponged(1); })) FAIL("no session");
    run(Duration::seconds(2));
    alice.forget_echoes();
  }
  [[nodiscard]] std::size_t leases() {
    std::size_t out = 0;
    for (std::size_t i = 0; i < size(); ++i) {
      out += (*this)[i].leases().size();
    }
    return out;
  }
  core::ReserveReport reserve(std::uint32_t payload, Duration lasts) {
    core::ReserveQuery query;
    query.peer = dave.keys.address();
    query.payload_rate = payload;
    query.packet = 80;
    query.lasts = lasts;
    query.timeout = Duration::seconds(5);
    return wait(alice.ask(query));
  }
  core::ReserveReport wait(RequestId id) {
    std::optional<core::ReserveReport> report;
    (void)run_until(Duration::seconds(10), [&] {
      report = alice.answer<core::ReserveReport>(id);
      return report.has_value();
    });
    if (!report) FAIL("no answer");
    return *report;
  }
  [[nodiscard]] std::vector<core::PromiseReport> promises() {
    const auto report = alice.answer<core::PromisesReport>(alice.ask(core::PromisesQuery{}));
    return report->all;
  }
  [[nodiscard]] std::uint64_t everywhere(std::string_view counter) {
    std::uint64_t out = 0;
    for (Node* node : {&bob, &carol, &erin, &ruth, &rolf, &rose}) out += node->counter(counter);
    return out;
  }
  [[nodiscard]] std::size_t entries(const Node& friend_of_alice) {
    const auto all = alice.answer<core::CircuitsReport>(alice.ask(core::CircuitsQuery{}));
    return static_cast<std::size_t>(
        std::count_if(all->circuits.begin(), all->circuits.end(), [&](const auto& one) {
          const bool there = one.to == dave.keys.address() && !one.hops.empty();
          const bool sends = one.state == core::CircuitState::Open;
          return there && sends && one.hops[0] == friend_of_alice.name;
        }));
  }
  // Echo requests evenly; how many had no answer.
  std::size_t stream(Duration time, Duration apart, const Echo& like) {
    const std::uint16_t first = sequence_;
    for (const Instant end = now + time; now < end;) {
      Echo echo = like;
      echo.sequence = sequence_++;
      alice.ping(dave, echo);
      run(apart);
    }
    run(Duration::seconds(1));
    std::size_t lost = 0;
    for (std::uint16_t i = first; i < sequence_; ++i) lost += alice.ponged(dave, i) ? 0 : 1;
    return lost;
  }
  // Of all nodes, that are not the links' own.
  [[nodiscard]] std::size_t posted(std::initializer_list<FlowClass> classes) {
    std::size_t out = 0;
    for (std::size_t i = 0; i < size(); ++i) {
      for (const FlowClass as : classes) out += (*this)[i].posted[static_cast<std::size_t>(as)];
    }
    return out;
  }

  Node& alice = add("alice");
  Node& bob = add("bob");
  Node& ruth = add("ruth");
  Node& dave = add("dave");
  Node& carol = add("carol");
  Node& rolf = add("rolf");
  Node& erin = add("erin");
  Node& rose = add("rose");

 private:
  std::uint16_t sequence_ = 100;
};

}  // namespace

// ---- rates --------------------------------------------------------------------------------------

TEST_CASE("a rate to a third party is kept at every hop, used by realtime, and given back") {
  ThreeWays world(1);
  const auto report = world.reserve(10'240, Duration::seconds(600));
  REQUIRE_MESSAGE(report.ok, report.why);
  CHECK(report.wire_rate == 65'536);
  CHECK(report.payload_rate == 10'240);
  CHECK(report.lasts > Duration::seconds(599));
  CHECK(report.lasts <= Duration::seconds(600));
  CHECK(report.how.find("65536 B/s") != std::string::npos);
  CHECK(world.leases() == 4);
  const auto promises = world.promises();
  REQUIRE(promises.size() == 1);
  CHECK(promises[0].id == report.id);
  CHECK(promises[0].state.find("in force") == 0);

  const Duration apart{80 * std::int64_t{1'000'000'000} / 10'240};
  const std::uint64_t before = world.everywhere("relay.leased");
  CHECK(world.stream(Duration::seconds(5), apart, {0, 128, kExpedited}) == 0);
  const auto sent =
      static_cast<std::uint64_t>(Duration::seconds(5).nanoseconds / apart.nanoseconds);
  // Two relays each way.
  CHECK(world.everywhere("relay.leased") - before >= 4 * sent);
  CHECK(world.alice.posted[static_cast<std::size_t>(FlowClass::Leased)] >= sent);
  CHECK(world.dave.posted[static_cast<std::size_t>(FlowClass::Leased)] >= sent);

  const auto done =
      world.alice.answer<core::PromiseDone>(world.alice.ask(core::ReleaseQuery{report.id}));
  REQUIRE(done.has_value());
  CHECK(done->ok);
  world.run(Duration::seconds(2));
  CHECK(world.leases() == 0);
  CHECK(world.promises().empty());
  CHECK(world.stream(Duration::seconds(1), apart, {0, 128, kExpedited}) == 0);
}

TEST_CASE("who refuses a rate is named with the best it would keep") {
  ThreeWays world(2);
  for (Node* node : {&world.ruth, &world.rolf, &world.rose}) node->lend(40'000);
  const auto report = world.reserve(10'240, Duration::seconds(600));
  CHECK_FALSE(report.ok);
  CHECK(report.why.find("keeps 16384 B/s at most") != std::string::npos);
  CHECK(report.best_rate > 0);
  CHECK(report.best_rate < 10'240);
  world.run(Duration::seconds(10));
  CHECK(world.leases() == 0);
  const auto less = world.reserve(report.best_rate, Duration::seconds(600));
  CHECK_MESSAGE(less.ok, less.why);
}

TEST_CASE("an own uplink that keeps nothing is said so, and nobody else is asked") {
  ThreeWays world(3);
  world.alice.lend(1'000);
  const auto report = world.reserve(10'240, Duration::seconds(600));
  CHECK_FALSE(report.ok);
  CHECK(report.why.find("this node's uplink") != std::string::npos);
  CHECK(world.leases() == 0);
}

TEST_CASE("rates and times that cannot be are refused at once") {
  ThreeWays world(4);
  CHECK_FALSE(world.reserve(0, Duration::seconds(600)).ok);
  CHECK_FALSE(world.reserve(~std::uint32_t{0}, Duration::seconds(600)).ok);
  CHECK_FALSE(world.reserve(10'240, Duration{}).ok);
  CHECK_FALSE(world.reserve(10'240, Duration{} - Duration::seconds(5)).ok);
  const auto days = world.reserve(10'240, Duration::hours(24));
  CHECK_FALSE(days.ok);
  CHECK(days.best_lasts == Duration::hours(4));
  CHECK(world.leases() == 0);
}

TEST_CASE("a kept rate is extended without a lost packet") {
  ThreeWays world(5);
  const auto report = world.reserve(10'240, Duration::seconds(50));
  REQUIRE(report.ok);
  CHECK(world.stream(Duration::seconds(30), Duration::millis(20), {0, 128, kExpedited}) == 0);
  const auto longer =
      world.wait(world.alice.ask(core::ExtendQuery{report.id, Duration::seconds(500), {}}));
  REQUIRE_MESSAGE(longer.ok, longer.why);
  CHECK(longer.id == report.id);
  CHECK(longer.lasts > Duration::seconds(500));
  CHECK(world.stream(Duration::seconds(60), Duration::millis(20), {0, 128, kExpedited}) == 0);
  CHECK(world.leases() == 4);
  world.run(Duration::seconds(500));
  CHECK(world.leases() == 0);
  CHECK(world.promises().empty());
}

TEST_CASE("a rate that a hop takes back is kept by another way") {
  ThreeWays world(6);
  REQUIRE(world.reserve(10'240, Duration::seconds(600)).ok);
  for (Node* node : {&world.ruth, &world.rolf, &world.rose}) {
    const auto all = node->leases();
    if (all.empty()) continue;
    node->revoke(all[0].grant.lease);
    node->lend(1'000);
  }
  CHECK(world.stream(Duration::seconds(15), Duration::millis(20), {0, 128, kExpedited}) == 0);
  CHECK(world.leases() == 4);
  REQUIRE(world.promises().size() == 1);
  CHECK(world.promises()[0].state.find("in force") == 0);
}

TEST_CASE("a rate outlives the router that it passes") {
  ThreeWays world(7);
  REQUIRE(world.reserve(10'240, Duration::seconds(600)).ok);
  for (Node* node : {&world.ruth, &world.rolf, &world.rose}) {
    if (node->leases().empty()) continue;
    node->boot();
    node->feed(core::LeasesKnown{node->leases()});
    break;
  }
  CHECK(world.stream(Duration::seconds(20), Duration::millis(20), {0, 128, kExpedited}) == 0);
  CHECK(world.leases() == 4);
  CHECK(world.promises().at(0).state.find("in force") == 0);
}

// ---- chat ---------------------------------------------------------------------------------------

TEST_CASE("chat over circuits leaves small cells in the places of dummies, and nothing else") {
  for (const std::uint8_t point : {kChat, kLowerEffort}) {
    ThreeWays world(8);
    CHECK(world.stream(Duration::seconds(15), Duration::seconds(3), {0, 96, point}) == 0);
    const auto others = {FlowClass::Leased, FlowClass::Bulk, FlowClass::Relayed,
                         FlowClass::Interactive};
    const std::size_t before = world.posted(others);
    const std::size_t chat = world.posted({FlowClass::Idle});
    CHECK(world.stream(Duration::seconds(120), Duration::seconds(4), {0, 96, point}) == 0);
    CHECK(world.posted(others) == before);
    // Three links each way, and what the two ends ask one another.
    CHECK(world.posted({FlowClass::Idle}) - chat >= 30 * 6);
    CHECK(world.stream(Duration::seconds(2), Duration::seconds(4), {0, 1'200, point}) == 0);
    CHECK(world.posted(others) == before);
    for (std::size_t i = 0; i < world.size(); ++i) CHECK(world[i].large_chat == 0);
  }
}

TEST_CASE("chat that nobody answers is asked after on the same lane") {
  ThreeWays world(9);
  CHECK(world.stream(Duration::seconds(15), Duration::seconds(3), {0, 96, kChat}) == 0);
  const auto others = {FlowClass::Leased, FlowClass::Bulk, FlowClass::Relayed,
                       FlowClass::Interactive};
  const std::size_t before = world.posted(others);
  world.tap = [&](Datagram& one) { return one.from.ip != world.dave.ip; };
  (void)world.stream(Duration::seconds(6), Duration::seconds(7), {0, 96, kChat});
  world.tap = [](Datagram&) { return true; };
  CHECK(world.stream(Duration::seconds(6), Duration::seconds(2), {0, 96, kChat}) == 0);
  CHECK(world.posted(others) == before);
}

TEST_CASE("chat beside a flood of one's own goes with it and arrives") {
  ThreeWays world(10);
  for (int i = 0; i < 1'000; ++i) {
    world.alice.ping(world.dave, {static_cast<std::uint16_t>(20'000 + i), 1'000, 0});
    if (i % 100 == 50) {
      world.alice.ping(world.dave, {static_cast<std::uint16_t>(30'000 + i), 96, kChat});
    }
    world.run(Duration::millis(1));
  }
  world.run(Duration::seconds(1));
  for (std::uint16_t i = 50; i < 1'000; i = static_cast<std::uint16_t>(i + 100)) {
    CHECK(world.alice.ponged(world.dave, static_cast<std::uint16_t>(30'000 + i)));
  }
}

TEST_CASE("chat between friends is small cells on the idle lane alone") {
  Pair world(11);
  world.alice.idle_lane = world.bob.idle_lane = IdleLane::AlwaysOn;
  world.start();
  REQUIRE(world.run_until(Duration::seconds(5), [&] { return world.alice.session_up(); }));
  world.run(Duration::seconds(30));
  const auto others = [&] {
    std::size_t out = 0;
    for (Node* node : {&world.alice, &world.bob}) {
      for (const FlowClass as :
           {FlowClass::Leased, FlowClass::Bulk, FlowClass::Relayed, FlowClass::Interactive}) {
        out += node->posted[static_cast<std::size_t>(as)];
      }
    }
    return out;
  };
  const std::size_t before = others();
  for (std::uint16_t i = 1; i <= 20; ++i) {
    world.alice.ping(world.bob, {i, i == 7 ? std::size_t{1'280} : std::size_t{96}, kChat});
    world.run(Duration::seconds(2));
    CHECK(world.alice.ponged(i));
  }
  CHECK(others() == before);
  CHECK(world.alice.large_chat == 0);
  CHECK(world.bob.large_chat == 0);
}

// ---- friends that leave -------------------------------------------------------------------------

TEST_CASE("a friend that leaves in half a minute takes no packet with it") {
  for (std::uint64_t seed = 20; seed < 26; ++seed) {
    CAPTURE(seed);
    ThreeWays world(seed);
    Node* leaver = nullptr;
    for (Node* node : {&world.bob, &world.carol, &world.erin}) {
      if (leaver == nullptr && world.entries(*node) > 0) leaver = node;
    }
    REQUIRE(leaver != nullptr);
    leaver->ask(core::IntendQuery{core::IntentKind::Leaving, Duration::seconds(30)});
    world.run(Duration::millis(100));
    const std::uint8_t point = seed % 2 == 0 ? 0 : kExpedited;
    CHECK(world.stream(Duration::seconds(29), Duration::millis(20), {0, 200, point}) == 0);
    CHECK(world.entries(*leaver) == 0);
    leaver->crash();
    CHECK(world.stream(Duration::seconds(20), Duration::millis(20), {0, 200, point}) == 0);
  }
}

TEST_CASE("a friend that takes back that it leaves is an entry again") {
  ThreeWays world(30);
  Node* leaver = world.entries(world.bob) > 0 ? &world.bob : &world.carol;
  leaver->ask(core::IntendQuery{core::IntentKind::Leaving, Duration::seconds(60)});
  world.run(Duration::seconds(1));
  leaver->ask(core::IntendQuery{core::IntentKind::None, {}});
  const std::uint64_t made = world.alice.counter("build.made");
  CHECK(world.stream(Duration::seconds(70), Duration::millis(100), {0, 200, 0}) == 0);
  CHECK(world.entries(*leaver) == 1);
  CHECK(world.alice.counter("build.made") == made);
}

TEST_CASE("where there is no other, circuits go by a friend that leaves as long as it is there") {
  ThreeWays world(31);
  for (Node* node : {&world.bob, &world.carol, &world.erin}) {
    node->ask(core::IntendQuery{core::IntentKind::Leaving, Duration::seconds(60)});
  }
  CHECK(world.stream(Duration::seconds(55), Duration::millis(100), {0, 200, 0}) == 0);
}
