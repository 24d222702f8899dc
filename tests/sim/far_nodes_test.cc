// SPDX-License-Identifier: Apache-2.0
// Sessions with nodes that are no friends, over time: epochs turn, routers restart, friendships
// end.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/sim/network.h"
#include "tests/sim/scale.h"

using namespace covfefe;
using namespace covfefe::sim;

namespace {

constexpr std::int64_t kEpoch = 3'600;  // seconds

GraphPlan plan() {
  GraphPlan out;
  out.nodes = 30;
  out.degree = 5;
  out.hidden = 0;
  out.known = 0;
  return out;
}

std::vector<Dial> far_pairs(Network& world, std::size_t count, std::set<Place>& used) {
  std::vector<Dial> out;
  for (Place a = 0; a < world.size() && out.size() < count; ++a) {
    for (Place b = 0; b < world.size() && !used.contains(a); ++b) {
      if (a == b || used.contains(b) || world.graph.friends(a, b)) continue;
      if (world.graph.disjoint(a, b) < 2) continue;
      used.insert({a, b});
      out.push_back({a, b});
    }
  }
  return out;
}

bool all(const std::vector<bool>& answered) {
  return std::all_of(answered.begin(), answered.end(), [](bool one) { return one; });
}

std::vector<std::size_t> opened(const Network& world, const std::vector<Dial>& dials) {
  std::vector<std::size_t> out;
  for (const Dial& dial : dials) out.push_back(world.opened(dial.to));
  return out;
}

Duration until_epoch(const Network& world) {
  return Duration::seconds(kEpoch - world.wall().unix_seconds() % kEpoch);
}

}  // namespace

TEST_CASE("over the turn of an epoch sessions go on, and new ones open at every moment") {
  Network world(31, plan());
  world.weather.spread = Duration::millis(5);
  REQUIRE(world.settle());
  std::set<Place> used;
  const auto lasting = far_pairs(world, 4, used);
  const auto fresh = far_pairs(world, 4, used);
  REQUIRE(lasting.size() == 4);
  REQUIRE_FALSE(fresh.empty());
  world.run(until_epoch(world) - Duration::seconds(60));
  REQUIRE(all(world.echo(lasting, 3, Duration::seconds(1))));
  const auto before = opened(world, lasting);
  for (int i = 0; i < 100; ++i) {  // a minute before to fifteen after
    CAPTURE(i);
    const Instant next = world.now + Duration::seconds(10);
    CHECK(all(world.echo(lasting, 1, Duration::seconds(1))));
    if (i % 3 == 0) {
      for (const auto& tried : world.dial(fresh, Duration::seconds(3))) {
        CAPTURE(tried.why);
        CHECK(tried.connected);
      }
      for (const Dial& dial : fresh) world.hang_up(dial);
    }
    world.run(next - world.now);
  }
  CHECK(opened(world, lasting) == before);
}

TEST_CASE("a router that restarts dials again whom it talked to, before anybody asks it to") {
  Network world(32, plan());
  REQUIRE(world.settle());
  std::set<Place> used;
  const auto dials = far_pairs(world, 3, used);
  REQUIRE(all(world.echo(dials, 3, Duration::seconds(1))));
  for (const Dial& dial : dials) world.revive(dial.from);
  world.run(Duration::seconds(3));
  std::vector<Dial> back;  // the far end alone sends; it may not know a way by itself
  for (const Dial& dial : dials) back.push_back({dial.to, dial.from});
  CHECK(all(world.echo(back, 3, Duration::seconds(1))));
}

TEST_CASE("who is no friend of anybody any more is reached by nobody when the epoch turns") {
  Network world(33, plan());
  REQUIRE(world.settle());
  std::set<Place> used;
  const auto dials = far_pairs(world, 1, used);
  REQUIRE(all(world.echo(dials, 3, Duration::seconds(1))));
  Node& lonely = world[dials[0].to];
  for (const std::size_t index : world.graph.of(dials[0].to)) {
    const Edge& edge = world.graph.edges()[index];
    Node& was = world[edge.one == dials[0].to ? edge.other : edge.one];
    was.unfriend(lonely);
    was.push_friends();
  }
  world.run(until_epoch(world) + Duration::minutes(11));
  CHECK_FALSE(world.dial(dials, Duration::seconds(2))[0].connected);
  CHECK_FALSE(all(world.echo(dials, 2, Duration::seconds(1))));
  CHECK_FALSE(world[dials[0].from].why(lonely.keys.address()).empty());
}
