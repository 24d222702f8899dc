// SPDX-License-Identifier: Apache-2.0
// A friend that lies, floods or has a clock of its own.
#include <doctest/doctest.h>

#include "base/hex.h"
#include "core/discovery/compose.h"
#include "core/discovery/tags.h"
#include "discovery_world.h"

using namespace covfefe;
using namespace covfefe::core;
using namespace covfefe::core::test;

namespace {

// Node 0 asks node 1 for its list; node 1 says what the test says, node 1's own answers are lost.
struct Asked {
  Asked() : world(2) {
    world.befriend(0, 1);
    world.run(Duration::seconds(5));
    world[1].window = 0;
    target.bytes = {0xfd, 7};
  }

  wire::Descriptor entry(std::uint8_t seed, std::uint16_t parent, std::uint8_t depth) {
    wire::Descriptor out;
    out.handle.fill(seed);
    out.onion_key.fill(seed);
    out.tag.fill(seed);
    out.expiry = wire::expiry_of(world.epoch());
    out.parent = parent;
    out.depth = depth;
    out.service_tag = service_tag(target, world.epoch(), out.handle);
    return out;
  }

  wire::Descriptors page(std::initializer_list<wire::Descriptor> entries) {
    wire::Descriptors out{1'000, world.epoch(), static_cast<std::uint16_t>(entries.size()), 0, {}};
    for (const auto& e : entries) out.entries.push_back(e);
    return out;
  }

  // A change is announced, fetched, and answered with these pages.
  void answer(std::initializer_list<wire::Descriptors> pages) {
    world.inject(0, 1, {wire::DescriptorsChanged{++announced}});
    world.run(Duration::seconds(2));
    for (const auto& p : pages) world.inject(0, 1, {p});
  }

  bool adopted() {
    bool out = false;
    world[0].step([&](Discovery& d) { out = d.known(target); });
    return out;
  }

  DiscoveryWorld world;
  Address target;
  std::uint32_t announced = 5'000;
};

bool refused(Asked& asked, std::initializer_list<wire::Descriptors> pages) {
  const auto before = asked.world[0].counted("lists_lied") + asked.world[0].counted("lists_epoch");
  asked.answer(pages);
  asked.world.run(Duration::seconds(40));  // a liar is asked again after 30 s
  const auto after = asked.world[0].counted("lists_lied") + asked.world[0].counted("lists_epoch");
  return after == before + 1 && !asked.adopted();
}

constexpr std::uint16_t kNone = wire::kNoParent;

}  // namespace

TEST_CASE("a good list from a hostile friend is taken as that friend's word") {
  Asked asked;
  asked.answer({asked.page({asked.entry(1, kNone, 1), asked.entry(2, 0, 2)})});
  CHECK(asked.adopted());
}

TEST_CASE("a list that breaks a rule is thrown away whole and counted") {
  Asked asked;
  const wire::Descriptor good = asked.entry(1, kNone, 1);
  SUBCASE("a parent behind its child") {
    CHECK(refused(asked, {asked.page({good, asked.entry(2, 2, 2), asked.entry(3, kNone, 1)})}));
  }
  SUBCASE("a node that is its own parent") {
    CHECK(refused(asked, {asked.page({good, asked.entry(2, 1, 2)})}));
  }
  SUBCASE("a depth that is not the parent's and one") {
    CHECK(refused(asked, {asked.page({good, asked.entry(2, 0, 3)})}));
  }
  SUBCASE("a handle that comes twice") {
    CHECK(refused(asked, {asked.page({good, asked.entry(1, 0, 2)})}));
  }
  SUBCASE("an epoch that is over") {
    auto page = asked.page({});
    page.epoch -= 2;
    CHECK(refused(asked, {page}));
  }
  SUBCASE("an epoch far ahead") {
    auto page = asked.page({});
    page.epoch += 2;
    CHECK(refused(asked, {page}));
  }
  SUBCASE("a descriptor of another epoch than the list") {
    auto page = asked.page({good});
    page.entries[0].expiry += wire::kEpochSeconds;
    CHECK(refused(asked, {page}));
  }
  SUBCASE("a total that changes") {
    auto first = asked.page({good});
    first.total = 3;
    auto second = asked.page({asked.entry(2, kNone, 1)});
    second.from = 1;
    second.total = 2;
    asked.answer({first});
    asked.world.run(Duration::millis(100));
    asked.world.inject(0, 1, {second});
    CHECK(asked.world[0].counted("lists_lied") == 1);
    CHECK_FALSE(asked.adopted());
  }
  SUBCASE("a page without entries before the end") {
    auto page = asked.page({});
    page.total = 3;
    CHECK(refused(asked, {page}));
  }
}

TEST_CASE("pages that nobody asked for, or out of order, change nothing") {
  Asked asked;
  const auto page = asked.page({asked.entry(1, kNone, 1)});
  asked.world.inject(0, 1, {page});
  CHECK(asked.world[0].counted("pages_stray") == 1);
  CHECK_FALSE(asked.adopted());
  auto later = asked.page({asked.entry(1, kNone, 1)});
  later.total = 20;
  later.from = 12;
  asked.answer({later});
  CHECK(asked.world[0].counted("pages_stray") == 2);
  // In the middle of a list: the second page is left out.
  auto first = later;
  first.from = 0;
  later.entries[0] = asked.entry(2, kNone, 1);
  asked.world.inject(0, 1, {first});
  asked.world.run(Duration::millis(100));
  asked.world.inject(0, 1, {later});
  CHECK(asked.world[0].counted("pages_stray") == 3);
  CHECK_FALSE(asked.adopted());
}

TEST_CASE("a list that becomes another on every page is given up") {
  Asked asked;
  asked.world.inject(0, 1, {wire::DescriptorsChanged{++asked.announced}});
  for (std::uint32_t i = 0; i < 50; ++i) {
    asked.world.run(Duration::millis(500));
    auto page = asked.page({asked.entry(1, kNone, 1)});
    page.total = 2;
    page.generation = 2'000 + i;
    asked.world.inject(0, 1, {page});
  }
  CHECK(asked.world[0].counted("lists_lied") == 1);
  CHECK_FALSE(asked.adopted());
}

TEST_CASE("what leads through this node, the friend itself or a node twice is left out") {
  Asked asked;
  const std::uint32_t epoch = asked.world.epoch();
  auto own = asked.entry(1, kNone, 1);
  own.tag = disjointness_tag(asked.world[0].static_key, epoch);
  auto friends = asked.entry(3, kNone, 1);
  friends.tag = disjointness_tag(asked.world[1].static_key, epoch);
  auto twice = asked.entry(6, 3, 2);
  twice.tag = asked.entry(5, kNone, 1).tag;
  asked.answer({asked.page({own, asked.entry(2, 0, 2), friends, asked.entry(5, kNone, 1), twice,
                            asked.entry(7, 4, 3)})});
  CHECK(asked.world[0].counted("entries_looped") == 5);
  auto report = asked.world[0].discovery->explain(asked.target);
  REQUIRE(report);
  REQUIRE(report->options.size() == 1);
  const std::string handle = to_hex(asked.entry(5, kNone, 1).handle);
  CHECK(report->options[0].hops == std::vector<std::string>{"node1", handle});
}

TEST_CASE("floods of questions are answered as often as is allowed") {
  DiscoveryWorld world(3);
  world.befriend(0, 1);
  world.befriend(1, 2);
  world.run(Duration::seconds(5));
  const auto pages = world[1].counted("pages_served");
  const auto lists = world[0].counted("lists_fetched");
  for (std::uint32_t i = 0; i < 1'000; ++i) {
    world.inject(1, 0, {wire::DescriptorsGet{0, static_cast<std::uint16_t>(i % 512)}});
    world.inject(1, 0, {wire::NameAsk{i, "node2"}});
    world.inject(0, 1, {wire::DescriptorsChanged{i + 1}});
  }
  world.run(Duration::seconds(1));
  CHECK(world[1].counted("pages_served") - pages <= 64);
  CHECK(world[1].counted("pages_limited") >= 936);
  CHECK(world[1].counted("names_asked") == 20);
  CHECK(world[1].counted("names_limited") == 980);
  CHECK(world[0].counted("changes_limited") >= 980);
  CHECK(world[0].counted("lists_fetched") - lists <= 5);
  // And it works as before.
  world.run(Duration::seconds(10));
  CHECK(world[0].knows(2));
}

TEST_CASE("a friend that says something else all the time keeps nobody from fetching a list") {
  DiscoveryWorld world(3);
  world.befriend(0, 1);
  world.befriend(1, 2);
  world.run(Duration::seconds(5));
  const auto before = world[1].counted("lists_made");
  for (std::uint8_t i = 0; i < 100; ++i) {
    wire::Offer offer{wire::Shown::Reachable, i, {}};
    offer.keys.push_back({ByteArray<32>{2}, world.wall().unix_seconds() + 9'000});
    offer.rate %= 2;
    world.inject(1, 2, {offer});
    world.run(Duration::millis(600));
  }
  CHECK(world[1].counted("lists_made") - before >= 10);
  CHECK(world[1].counted("lists_made") - before <= 30);
  world.run(Duration::seconds(10));
  CHECK(world[0].knows(2));
}

TEST_CASE("a friend that answers nothing is asked ever more seldom") {
  Asked asked;
  asked.world.inject(0, 1, {wire::DescriptorsChanged{9}});
  asked.world.run(Duration::minutes(10));
  CHECK(asked.world[0].counted("lists_unanswered") >= 8);
  CHECK(asked.world[0].counted("lists_unanswered") <= 20);
}

TEST_CASE("a list has no more than 512, taken from all friends in turn") {
  // Node 1 has two friends with lists of their own; the lists are made up.
  std::vector<wire::Descriptor> many;
  for (std::uint16_t i = 0; i < wire::kDescriptorsMost; ++i) {
    wire::Descriptor d;
    d.expiry = wire::expiry_of(490'000);
    store_le<std::uint16_t>(d.handle.data(), static_cast<std::uint16_t>(i + 1));
    store_le<std::uint16_t>(d.tag.data(), static_cast<std::uint16_t>(i + 1));
    many.push_back(d);
  }
  auto others = many;
  for (auto& d : others) d.handle[5] = d.tag[5] = 1;
  wire::Descriptor one = many[0];
  wire::Descriptor two = many[0];
  one.handle = one.tag = {0xaa};
  two.handle = two.tag = {0xbb};
  const Branch branches[] = {{one, many}, {two, others}};
  const auto list = compose(branches, {});
  REQUIRE(list.size() == wire::kDescriptorsMost);
  CHECK(wire::parse_descriptors(wire::write_descriptors(list)).ok() == false);  // no onion keys
  CHECK(wire::all_distinct(list));
  std::size_t behind_one = 0;
  for (std::size_t i = 2; i < list.size(); ++i) {
    CHECK(list[i].depth == 2);
    behind_one += list[i].parent == 0 ? 1 : 0;
  }
  CHECK(behind_one == 255);
}

TEST_CASE("two friends that serve one handle cannot make this node's list a lie") {
  wire::Descriptor root;
  root.expiry = wire::expiry_of(490'000);
  wire::Descriptor below = root;
  root.handle = root.tag = {1};
  wire::Descriptor other = root;
  other.handle = other.tag = {2};
  below.handle = {9};
  below.tag = {9};
  const wire::Descriptor first[] = {below};
  below.tag = {8};
  const wire::Descriptor second[] = {below};
  const Branch branches[] = {{root, first}, {other, second}};
  const auto list = compose(branches, {});
  CHECK(list.size() == 3);
  CHECK(wire::all_distinct(list));
}
