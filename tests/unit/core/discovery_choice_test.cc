// SPDX-License-Identifier: Apache-2.0
// Which ways are chosen, which rest, and what the operator is told of them.
#include "core/discovery/choice.h"

#include <doctest/doctest.h>

#include <set>

#include "core/discovery/introducer.h"
#include "core/discovery/rests.h"
#include "discovery_world.h"

using namespace covfefe;
using namespace covfefe::core;
using namespace covfefe::core::test;

namespace {

constexpr Duration kSettle = Duration::seconds(10);
using Nodes = std::vector<std::size_t>;
using Places = std::vector<std::size_t>;

DisjointnessTag tag(std::uint8_t n) {
  DisjointnessTag out{};
  out.fill(n);
  return out;
}

// Enters at `relays[0]`, passes the rest and ends at tag 200.
Candidate way(std::initializer_list<std::uint8_t> relays) {
  Candidate out;
  out.path.entry = {*relays.begin()};
  for (const std::uint8_t r : relays) out.path.hops.push_back({{}, {r}, tag(r)});
  out.path.hops.push_back({{}, {200}, tag(200)});
  out.entry_rank = out.path.entry.value;
  return out;
}

// 0 and its friends 1..n; each of them is a friend of node n + 1.
std::unique_ptr<DiscoveryWorld> fan(std::size_t n, const CircuitPolicy& policy) {
  auto world = std::make_unique<DiscoveryWorld>(n + 2, policy);
  for (std::size_t i = 1; i <= n; ++i) {
    world->befriend(0, i);
    world->befriend(i, n + 1);
  }
  world->run(kSettle);
  return world;
}

NameReport asked_name(DiscoveryWorld& world, std::size_t introducer, const std::string& name) {
  DiscoveryNode& node = world[0];
  const FriendId id = node.friends[node.link_to(introducer)].id;
  node.step([&](Discovery& d) { d.name({77}, {id, name, Duration::seconds(2)}); });
  world.run(Duration::seconds(3));
  REQUIRE(node.answers.size() == 1);
  CHECK(node.answers[0].request == RequestId{77});
  return std::get<NameReport>(node.answers[0].what);
}

}  // namespace

TEST_CASE("a pair without a common node is found where the best single way hides it") {
  // The best way shares a relay with all others; the second and third fit together.
  std::vector<Candidate> all{way({1, 10}), way({1, 11, 12}), way({2, 10}), way({3, 11, 10})};
  sort_candidates(all);
  const Places pair = choose(all, 2, {});
  REQUIRE(pair.size() == 2);
  CHECK(disjoint(all[pair[0]].path, all[pair[1]].path));
  CHECK(all[pair[0]].path.hops.size() == 4);
  CHECK(choose(all, 1, {}) == Places{0});
}

TEST_CASE("three and four are found where they exist, and fewer where they do not") {
  std::vector<Candidate> all{way({1, 10}), way({2, 11}), way({3, 12}), way({4, 13}), way({5, 10})};
  sort_candidates(all);
  CHECK(choose(all, 4, {}) == Places{0, 1, 2, 3});
  CHECK(choose(all, 9, {}).size() == 4);
  CHECK(choose(all, 3, {}) == Places{0, 1, 2});
  std::vector<Candidate> same{way({1, 10}), way({2, 10}), way({3, 10})};
  CHECK(choose(same, 4, {}).size() == 1);
  CHECK(choose({}, 4, {}).empty());
}

TEST_CASE("a friend is an entry or a relay of ways that go together, not both") {
  std::vector<Candidate> all{way({1, 2}), way({2, 3})};
  CHECK(choose(all, 2, {}).size() == 1);
}

TEST_CASE("a longer way over the same relays comes after all that are of use") {
  std::vector<Candidate> all{way({1, 10, 11}), way({1, 10}), way({2, 12})};
  sort_candidates(all);
  CHECK(all[0].path.hops.size() == 3);
  CHECK(all[1].path.entry == LinkSlot{2});
  CHECK(all[2].path.hops.size() == 4);
}

TEST_CASE("what a session uses already is shared by none of its new ways") {
  std::vector<Candidate> all{way({1, 10}), way({2, 11}), way({3, 12})};
  CHECK(choose(all, 1, {{LinkSlot{1}}, {}}) == Places{1});
  CHECK(choose(all, 1, {{LinkSlot{1}}, {tag(11)}}) == Places{2});
  CHECK(choose(all, 1, {{}, {tag(1), tag(2), tag(12)}}).empty());
}

TEST_CASE("a pair is found among the most ways that there can be") {
  std::vector<Candidate> all;
  for (std::uint8_t i = 0; i < 250; ++i) {
    Candidate c = way({static_cast<std::uint8_t>(i % 7), 10, static_cast<std::uint8_t>(i)});
    c.path.hops[2].tag = {i, 1};
    all.push_back(c);
  }
  all.push_back(way({8, 90}));
  sort_candidates(all);
  CHECK(choose(all, 4, {}).size() == 2);
}

TEST_CASE("ways on which introducers agree come first, then those that did not fail elsewhere") {
  std::vector<Candidate> all{way({1, 10}), way({2, 11}), way({3, 12})};
  all[0].disputed = 1;
  all[1].doubtful = 1;
  sort_candidates(all);
  CHECK(all[0].path.entry == LinkSlot{3});
  CHECK(all[1].path.entry == LinkSlot{2});
  CHECK(all[2].path.entry == LinkSlot{1});
}

TEST_CASE("a way that rests for the first time is used when there is nothing else, later not") {
  std::vector<Candidate> all{way({1, 10}), way({2, 11})};
  all[0].usable = Usable::Reserve;
  CHECK(choose(all, 2, {}) == Places{1});
  all[1].usable = Usable::Resting;
  CHECK(choose(all, 2, {}) == Places{0});
  all[0].usable = Usable::EntryDown;
  CHECK(choose(all, 2, {}).empty());
}

TEST_CASE("a hop that fails rests for 2 s, doubled up to 5 min, and a success forgets it") {
  Rests<int> rests;
  Instant now{};
  for (const int seconds : {2, 4, 8, 16, 32, 64, 128, 256, 300, 300}) {
    rests.failed(1, now);
    REQUIRE(rests.find(1, now) != nullptr);
    CHECK(rests.find(1, now)->until - now == Duration::seconds(seconds));
    CHECK(rests.find(1, now + Duration::seconds(seconds)) == nullptr);
    now = now + Duration::seconds(400);
  }
  rests.worked(1);
  rests.failed(1, now);
  CHECK(rests.find(1, now)->until - now == Duration::seconds(2));
  for (int i = 0; i < 10'000; ++i) rests.failed(i, now);
  CHECK(rests.size() <= 4096);
}

TEST_CASE("a path that failed is not chosen until its rest is over") {
  auto world = fan(3, {0, 2, {}, {}});
  DiscoveryNode& node = (*world)[0];
  const auto first = node.paths(4);
  REQUIRE(first.size() == 1);
  node.step([&](Discovery& d) { d.failed(first[0], 1); });
  CHECK_FALSE(node.paths(4)[0].entry == first[0].entry);
  CHECK(node.paths(4, 4).size() == 2);
  world->run(Duration::millis(2'100));
  CHECK(node.paths(4)[0].entry == first[0].entry);
  node.step([&](Discovery& d) { d.failed(first[0], 0); });
  CHECK_FALSE(node.paths(4)[0].entry == first[0].entry);
  CHECK(node.paths(4, 4).size() == 2);
  node.step([&](Discovery& d) { d.worked(first[0]); });
  CHECK(node.paths(4)[0].entry == first[0].entry);
}

TEST_CASE("entries stay the same: by trust, then in a fixed order") {
  auto world = fan(4, {1, 2, {}, {}});
  DiscoveryNode& node = (*world)[0];
  std::set<Nodes> entries;
  for (int i = 0; i < 20; ++i) {
    const auto paths = node.paths(5, 2);
    REQUIRE(paths.size() == 2);
    entries.insert({paths[0].entry.value, paths[1].entry.value});
  }
  CHECK(entries.size() == 1);
  CHECK(entries.count({node.link_to(1).value, node.link_to(2).value}) == 1);
  // A friend that becomes less trusted goes behind the others.
  const LinkSlot first = node.link_to(1);
  node.friends[first].trust = Trust::Known;
  node.step([&](Discovery& d) { d.on_friend(first, node.friends[first]); });
  const auto paths = node.paths(5, 4);
  REQUIRE(paths.size() == 4);
  CHECK(paths[0].entry == node.link_to(2));
  CHECK(paths[3].entry == first);
  node.friends[first].trust = Trust::Introduced;
  node.step([&](Discovery& d) { d.on_friend(first, node.friends[first]); });
  CHECK(node.paths(5, 4).size() == 3);
}

TEST_CASE("a tag with two keys is counted, neither introducer wins, agreed ways come first") {
  DiscoveryWorld world(6, {0, 2, {}, {}});
  // 0 enters by 1, 2 or 3; 4 is behind 1 and 2, and 5 behind 4 and 3.
  for (const std::size_t entry : {1U, 2U, 3U}) world.befriend(0, entry);
  world.befriend(1, 4);
  world.befriend(2, 4);
  world.befriend(3, 5);
  world.befriend(4, 5);
  world.run(kSettle);
  CHECK(world[0].counted("conflicts") == 0);
  REQUIRE(world.walk(world[0].paths(5)[0], 0) == Nodes{1, 4, 5});
  // Node 4 tells node 2 another key than node 1, and 2 passes it on.
  wire::Offer other{wire::Shown::Reachable, 0, {}};
  other.keys.push_back({{9, 9, 9}, wire::expiry_of(world.epoch() + 1)});
  world.inject(2, 4, {other});
  world.run(kSettle);
  CHECK(world.walk(world[0].paths(5)[0], 0) == Nodes{3, 5});
  CHECK(world[0].counted("conflicts") == 1);
  CHECK(world[0].paths(5, 4).size() == 2);
}

TEST_CASE("descriptors of an epoch have the key that lasts through it") {
  Introducer n;
  CHECK_FALSE(onion_key(n, 1));
  n.offer = wire::Offer{wire::Shown::Reachable, 0, {}};
  CHECK_FALSE(onion_key(n, 1));
  n.offer->keys.push_back({{2}, wire::expiry_of(11)});
  n.offer->keys.push_back({{1}, wire::expiry_of(10)});
  CHECK(onion_key(n, 9) == ByteArray<32>{1});
  CHECK(onion_key(n, 10) == ByteArray<32>{1});
  CHECK(onion_key(n, 11) == ByteArray<32>{2});
  CHECK(onion_key(n, 12) == ByteArray<32>{2});
}

TEST_CASE("availability is the part of the time that the link was up, in tens") {
  Introducer n;
  const Instant start{5'000'000'000};
  n.known_since = n.changed_at = start;
  CHECK(availability(n, start) == 0);
  n.up = true;
  CHECK(availability(n, start + Duration::hours(5)) == 100);
  n.up = false;
  n.up_total = Duration::hours(3);
  n.changed_at = start + Duration::hours(3);
  CHECK(availability(n, start + Duration::hours(4)) == 80);
}

TEST_CASE("searches for made-up addresses are bounded, and what is known stays known") {
  auto world = fan(2, {0, 2, {}, {}});
  DiscoveryNode& node = (*world)[0];
  CHECK(node.knows(3));
  node.step([&](Discovery& d) {
    std::size_t found = 0;
    for (std::uint32_t i = 0; i < 300'000; ++i) {
      Address made_up{{0xfd}};
      store_le(made_up.bytes.data() + 4, i);
      found += d.known(made_up) ? 1 : 0;
    }
    CHECK(found == 0);
  });
  CHECK(node.counted("lookups_limited") > 0);
  world->run(Duration::seconds(3));
  CHECK(node.knows(3));
}

TEST_CASE("the operator is told every way, the chosen ones, and why the others are not") {
  auto world = fan(3, {1, 2, {}, {}});
  DiscoveryNode& node = (*world)[0];
  world->down(0, 3);
  const auto report = node.discovery->explain((*world)[4].address);
  REQUIRE(report);
  REQUIRE(report->options.size() == 3);
  CHECK(report->why == "the best that share neither entry nor relay");
  CHECK(report->options[0].chosen);
  CHECK(report->options[0].hops.size() == 2);
  CHECK(report->options[0].hops[0] == "node1");
  CHECK(report->options[0].hops[1].size() == 32);
  CHECK(report->options[1].chosen);
  CHECK_FALSE(report->options[2].chosen);
  CHECK(report->options[2].why == "no link to node3");
  CHECK_FALSE(node.discovery->explain(node.address));
  std::vector<Finding> findings;
  node.discovery->explain((*world)[4].address, findings);
  REQUIRE(findings.size() == 3);
  CHECK(findings[1].what == "it can be reached through node1, node2, node3 (no link)");
  CHECK(findings[2].ok);
  findings.clear();
  node.discovery->explain({{0xfd, 9}}, findings);
  REQUIRE(findings.size() == 2);
  CHECK_FALSE(findings[1].ok);
  CHECK_FALSE(findings[1].next.empty());
}

TEST_CASE("NAME.FRIEND is answered for reachable friends of the friend only") {
  DiscoveryWorld world(4);
  world.befriend(0, 1);
  world.befriend(1, 2);
  world.befriend(1, 3, {Visibility::RelayOnly, Visibility::Reachable, Trust::Met});
  world.run(kSettle);
  SUBCASE("a reachable one") {
    const NameReport report = asked_name(world, 1, "node2");
    CHECK(report.ok);
    CHECK(report.address == world[2].address);
  }
  SUBCASE("one that is a relay only") {
    CHECK(asked_name(world, 1, "node3").why == "node1 names no friend of that name");
  }
  SUBCASE("oneself") {
    CHECK_FALSE(asked_name(world, 1, "node0").ok);
  }
  SUBCASE("bytes that no name has") {
    CHECK_FALSE(asked_name(world, 1, "No De").ok);
  }
  SUBCASE("a friend that does not answer") {
    world[1].window = 0;
    CHECK(asked_name(world, 1, "node2").why == "no answer");
  }
  SUBCASE("a friend without a link") {
    world.down(0, 1);
    CHECK(asked_name(world, 1, "node2").why == "no link to node1");
  }
  SUBCASE("a friend whose link has no room") {
    world[0].window = 0;
    CHECK(asked_name(world, 1, "node2").why == "the link to node1 is busy");
  }
  SUBCASE("a friend whose link goes down before it answers") {
    world[1].window = 0;
    const FriendId id = world[0].friends[world[0].link_to(1)].id;
    world[0].step([&](Discovery& d) { d.name({77}, {id, "node2", Duration::seconds(2)}); });
    CHECK(world[0].answers.empty());
    world.down(0, 1);
    REQUIRE(world[0].answers.size() == 1);
    CHECK(std::get<NameReport>(world[0].answers.back().what).why == "the link went down");
  }
  SUBCASE("somebody who is no friend") {
    world[0].step([&](Discovery& d) {
      d.name({77}, {FriendId{99}, "node2", Duration::seconds(2)});
    });
    REQUIRE(world[0].answers.size() == 1);
    CHECK(std::get<NameReport>(world[0].answers.back().what).why == "there is no such friend");
  }
  SUBCASE("an answer with another token") {
    world[1].window = 0;
    const FriendId id = world[0].friends[world[0].link_to(1)].id;
    world[0].step([&](Discovery& d) { d.name({77}, {id, "node2", Duration::seconds(2)}); });
    world.inject(0, 1, {wire::NameAnswer{1, world[2].address}});
    CHECK(world[0].counted("names_stray") == 1);
    CHECK(world[0].answers.empty());
  }
}

TEST_CASE("what finds no room in the channel is sent later") {
  DiscoveryWorld world(4);
  for (std::size_t i = 0; i < 4; ++i) world[i].window = 0;
  for (std::size_t i = 0; i + 1 < 4; ++i) world.befriend(i, i + 1);
  for (int round = 0; round < 200; ++round) {
    for (std::size_t i = 0; i < 4; ++i) world[i].window = round % 3 == 0 ? 1 : 0;
    world.run(Duration::millis(200));
  }
  CHECK(world[0].knows(3));
}
