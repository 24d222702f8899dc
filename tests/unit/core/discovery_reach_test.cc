// SPDX-License-Identifier: Apache-2.0
// Whole discoveries joined through the real codec: who is found, who consents, what time changes.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "core/discovery/choice.h"
#include "discovery_world.h"

using namespace covfefe;
using namespace covfefe::core;
using namespace covfefe::core::test;

namespace {

constexpr Duration kSettle = Duration::seconds(10);
using Nodes = std::vector<std::size_t>;

void line(DiscoveryWorld& world) {
  for (std::size_t i = 0; i + 1 < world.size(); ++i) world.befriend(i, i + 1);
  world.run(kSettle);
}

// 0 has friends 1 and 2; 3 is behind 1, 4 behind 2, both know 5.
void two_ways(DiscoveryWorld& world) {
  world.befriend(0, 1);
  world.befriend(0, 2);
  world.befriend(1, 3);
  world.befriend(2, 4);
  world.befriend(3, 5);
  world.befriend(4, 5);
  world.run(kSettle);
}

Nodes only_way(DiscoveryWorld& world, std::size_t from, std::size_t to) {
  const auto paths = world[from].paths(to);
  return paths.empty() ? Nodes{} : world.walk(paths.front(), from);
}

}  // namespace

TEST_CASE("a node finds its friends' friends up to four friendships away, and none beyond") {
  DiscoveryWorld world(6);
  line(world);
  CHECK(only_way(world, 0, 2) == Nodes{1, 2});
  CHECK(only_way(world, 0, 3) == Nodes{1, 2, 3});
  CHECK(only_way(world, 0, 4) == Nodes{1, 2, 3, 4});
  CHECK_FALSE(world[0].knows(5));
  CHECK(world[0].paths(5).empty());
  CHECK(only_way(world, 5, 1) == Nodes{4, 3, 2, 1});
  CHECK_FALSE(world[0].knows(0));
}

TEST_CASE("a friendship is shown as the lower of what its two ends allow") {
  for (const auto first : {Visibility::Hidden, Visibility::RelayOnly, Visibility::Reachable}) {
    for (const auto second : {Visibility::Hidden, Visibility::RelayOnly, Visibility::Reachable}) {
      CAPTURE(static_cast<int>(first));
      CAPTURE(static_cast<int>(second));
      // 0 is a friend of 1; 1 and 2 have the friendship in question; 3 is behind 2.
      DiscoveryWorld world(4);
      world.befriend(0, 1);
      world.befriend(1, 2, {first, second, Trust::Met});
      world.befriend(2, 3);
      world.run(kSettle);
      const Visibility both = std::min(first, second);
      CHECK(world[0].knows(2) == (both == Visibility::Reachable));
      CHECK(world[0].knows(3) == (both != Visibility::Hidden));
      CHECK(only_way(world, 0, 3) == (both == Visibility::Hidden ? Nodes{} : Nodes{1, 2, 3}));
    }
  }
}

TEST_CASE("two ways without a common node are found, and only those together") {
  DiscoveryWorld world(6);
  two_ways(world);
  const auto paths = world[0].paths(5, 4);
  REQUIRE(paths.size() == 2);
  std::set<Nodes> ways;
  for (const CircuitPath& path : paths) ways.insert(world.walk(path, 0));
  CHECK(ways == std::set<Nodes>{{1, 3, 5}, {2, 4, 5}});
  CHECK(disjoint(paths[0], paths[1]));
}

TEST_CASE("nothing in a list can be found in the lists of the next epoch") {
  DiscoveryWorld world(6);
  two_ways(world);
  const auto first = std::exchange(world[0].heard, {});
  REQUIRE_FALSE(first.empty());
  world.to_epoch(world.epoch() + 1, Duration::millis(-1));
  world[0].heard.clear();
  world.run(Duration::minutes(12));
  REQUIRE_FALSE(world[0].heard.empty());
  // Handle, onion key, tag and service tag: any 12 bytes of them.
  std::set<ByteArray<12>> seen;
  const auto windows = [](const std::vector<std::uint8_t>& all, auto&& each) {
    for (std::size_t at = 0; at < all.size(); at += wire::kDescriptorSize) {
      for (std::size_t i = at; i + 12 <= at + 80; ++i) {
        ByteArray<12> window{};
        copy(ByteView(all).subspan(i, 12), window);
        if (!all_zero(window)) each(window);
      }
    }
  };
  windows(first, [&](const ByteArray<12>& w) { seen.insert(w); });
  std::size_t again = 0;
  windows(world[0].heard, [&](const ByteArray<12>& w) { again += seen.count(w); });
  CHECK(again == 0);
}

TEST_CASE("through a change of epoch there is a way at every moment") {
  DiscoveryWorld world(6);
  two_ways(world);
  world.to_epoch(world.epoch() + 1, Duration::minutes(-2));
  std::set<std::uint32_t> epochs;
  std::size_t whole = 0;
  constexpr std::size_t kMoments = 200;
  for (std::size_t i = 0; i < kMoments; ++i) {
    world.run(Duration::seconds(5));
    const auto paths = world[0].paths(5, 2);
    for (const CircuitPath& path : paths) {
      epochs.insert(path.epoch);
      whole += world.walk(path, 0).size() == path.hops.size() ? 1 : 0;
    }
  }
  CHECK(whole == 2 * kMoments);
  CHECK(epochs.size() == 2);
}

TEST_CASE("a handle holds for its friend only and ends ten minutes after its epoch") {
  DiscoveryWorld world(4);
  line(world);
  const auto paths = world[0].paths(3);
  REQUIRE(paths.size() == 1);
  const wire::Handle handle = paths[0].hops[1].handle;
  const Discovery& at_1 = *world[1].discovery;
  CHECK(at_1.next_hop(handle, world[1].link_to(0)) == world[1].link_to(2));
  CHECK_FALSE(at_1.next_hop(handle, world[1].link_to(2)));
  CHECK_FALSE(at_1.next_hop({}, world[1].link_to(0)));
  const std::uint32_t next = world.epoch() + 1;
  world.to_epoch(next, Duration::minutes(9));
  CHECK(at_1.next_hop(handle, world[1].link_to(0)));
  world.to_epoch(next, Duration::minutes(10) + Duration::seconds(1));
  CHECK_FALSE(at_1.next_hop(handle, world[1].link_to(0)));
}

TEST_CASE("a friend that is hidden takes its handles along at once and leaves the list soon") {
  DiscoveryWorld world(3);
  line(world);
  const auto paths = world[0].paths(2);
  REQUIRE(paths.size() == 1);
  SUBCASE("by its friend") {
    world.show(1, 2, Visibility::Hidden);
  }
  SUBCASE("by itself") {
    world.show(2, 1, Visibility::Hidden);
    world.run(Duration::millis(11));
  }
  CHECK(world.walk(paths[0], 0) == Nodes{1});
  world.run(Duration::seconds(3));
  CHECK_FALSE(world[0].knows(2));
}

TEST_CASE("a friend that is removed takes its handles along, and another does not inherit them") {
  DiscoveryWorld world(4);
  world.befriend(0, 1);
  world.befriend(1, 2);
  world.run(kSettle);
  const auto paths = world[0].paths(2);
  REQUIRE(paths.size() == 1);
  world.part(1, 2);
  CHECK(world.walk(paths[0], 0) == Nodes{1});
  world.befriend(1, 3);  // gets the slot that is free now
  CHECK(world.walk(paths[0], 0) == Nodes{1});
  world.run(Duration::seconds(3));
  CHECK_FALSE(world[0].knows(2));
  CHECK(world[0].knows(3));
  CHECK_FALSE(world[1].discovery->next_hop(paths[0].hops[1].handle, world[1].link_to(0)));
}

TEST_CASE("a friend whose link is down for a minute leaves the lists, and comes back") {
  DiscoveryWorld world(3);
  line(world);
  world.down(1, 2);
  world.run(Duration::seconds(55));
  CHECK(world[0].knows(2));
  world.run(Duration::seconds(10));
  CHECK_FALSE(world[0].knows(2));
  world.up(1, 2, Boot::Same);
  world.run(Duration::seconds(3));
  CHECK(world[0].knows(2));
}

TEST_CASE("after a friend's restart its old list holds until it gives a new one") {
  DiscoveryWorld world(4);
  line(world);
  const auto before = world[0].paths(3);
  REQUIRE(before.size() == 1);
  world.down(0, 1);
  world.down(1, 2);
  world[1].restart();
  CHECK(world[0].knows(3));
  world.up(0, 1);
  world.up(1, 2);
  CHECK(world[0].knows(3));
  world.run(kSettle);
  const auto after = world[0].paths(3);
  REQUIRE(after.size() == 1);
  CHECK(after[0].hops[1].handle != before[0].hops[1].handle);
  CHECK(world.walk(after[0], 0) == Nodes{1, 2, 3});
}

TEST_CASE(
    "after a restart a node has the lists that it was told to remember, while they are good") {
  DiscoveryWorld world(4);
  line(world);
  CHECK(world[0].told.size() == 1);
  SUBCASE("at once") {
    world[0].restart();
    CHECK(world[0].knows(3));
    CHECK(world[0].paths(3).empty());  // no link to the entry yet
    world.up(0, 1);
    world.run(Duration::millis(100));
    CHECK(only_way(world, 0, 3) == Nodes{1, 2, 3});
  }
  SUBCASE("an hour and a half later") {
    world.down(0, 1);
    const auto told = world[0].told;
    world.run(Duration::minutes(90));
    world[0].told = told;
    world[0].restart();
    CHECK_FALSE(world[0].knows(3));
  }
}

TEST_CASE("a node that relays for nobody is found, and nobody is found through it") {
  DiscoveryWorld world(4, {0, 2, Strangers::Accept, Relaying::Serve});
  world[1].policy.relaying = Relaying::Refuse;
  world[1].restart();
  line(world);
  CHECK_FALSE(world[0].knows(2));
  CHECK(world[3].knows(1));
  CHECK(only_way(world, 3, 1) == Nodes{2, 1});
  world[3].heard.clear();
  world.show(1, 2, Visibility::RelayOnly);
  world.run(Duration::seconds(3));
  CHECK_FALSE(world[3].knows(1));
  CHECK(world[3].heard.empty());
}

TEST_CASE("in a new epoch each friend's list is fetched at a time of its own") {
  DiscoveryWorld world(11);
  for (std::size_t i = 1; i < 11; ++i) world.befriend(0, i);
  world.run(kSettle);
  world.to_epoch(world.epoch() + 1);
  const auto before = world[0].counted("lists_fetched");
  world.run(Duration::seconds(30));
  CHECK(world[0].counted("lists_fetched") - before <= 4);
  world.run(Duration::seconds(280));
  CHECK(world[0].counted("lists_fetched") - before >= 10);
}

TEST_CASE("the order of a list is that of its handles, which are random") {
  DiscoveryWorld world(8);
  world.befriend(0, 1);
  for (std::size_t i = 2; i < 8; ++i) world.befriend(1, i);
  world.run(kSettle);
  world.to_epoch(world.epoch() + 1);
  world[0].heard.clear();
  world.run(Duration::minutes(6));
  const auto list = wire::parse_descriptors(world[0].heard);
  REQUIRE(list.ok());
  REQUIRE(list->size() == 6);
  CHECK(std::ranges::is_sorted(*list, {}, [](const wire::Descriptor& d) { return d.handle; }));
}

TEST_CASE("third parties are reached only with enough friends of trust met") {
  DiscoveryWorld world(5, {2, 2, {}, {}});
  world.befriend(0, 1);
  world.befriend(0, 4, {Visibility::Reachable, Visibility::Reachable, Trust::Known});
  world.befriend(1, 2);
  world.befriend(4, 2);
  world.run(kSettle);
  CHECK(world[0].knows(2));
  CHECK(world[0].paths(2).empty());
  std::vector<Finding> findings;
  world[0].step([&](Discovery& d) { d.explain(world[2].address, findings); });
  REQUIRE(findings.size() == 2);
  CHECK_FALSE(findings[0].ok);
  CHECK(findings[0].what == "1 friends of trust met, 2 are needed to reach third parties");
  CHECK_FALSE(findings[0].next.empty());
  world.befriend(0, 3);
  // The second friend of trust met does not serve the node: the known one is an entry too.
  CHECK(world[0].paths(2, 2).size() == 2);
  CHECK(world.walk(world[0].paths(2)[0], 0) == Nodes{1, 2});
}
