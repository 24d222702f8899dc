// SPDX-License-Identifier: Apache-2.0
// What neighbours can do to builds on purpose: floods, replays, other people's circuit ids, lies.
#include <doctest/doctest.h>

#include <algorithm>

#include "build_chain.h"
#include "core/build/roster.h"

using namespace covfefe;
using namespace covfefe::core;
using namespace covfefe::test;

// ---- floods ------------------------------------------------------------------------------------

TEST_CASE("a flood of unreadable builds from one friend costs 32 openings and then 8 a second") {
  Hostile world(3);
  BuildNode& hop = world.at(1);
  std::size_t answers = 0;
  world.tap = [&](std::size_t from, std::size_t, Sent& what) {
    answers += from == 1 && std::holds_alternative<SentDestroy>(what) ? 1 : 0;
    return true;
  };
  for (std::uint32_t i = 1; i <= 1'000; ++i) world.give(0, 1, world.some_build(i));
  CHECK(hop.count(Count::BuildReceived) == 1'000);
  CHECK(hop.count(Count::BuildUnreadable) == 32);
  CHECK(hop.count(Count::BuildLimited) == 968);
  CHECK(answers == 1'000);
  CHECK(hop.circuits() == 0);
  CHECK(hop.builds().relayed().at(0).builds == 1'000);
  CHECK(hop.builds().relayed().at(0).refused == 1'000);
  world.tick(Duration::seconds(1));
  for (std::uint32_t i = 1; i <= 100; ++i) world.give(0, 1, world.some_build(i));
  CHECK(hop.count(Count::BuildUnreadable) == 40);
}

TEST_CASE("a friend who floods does not keep another's builds from being opened or passed on") {
  Hostile world(5);
  world.join(4, 1);
  const CircuitPath flood = world.path({0, 1, 2, 3});
  world.origin = 0;
  for (int i = 0; i < 60; ++i) {
    (void)world.start(flood);
    world.exchange();
  }
  CHECK(world.at(0).made.size() == 24);
  CHECK(world.at(2).count(Count::BuildLimited) == 0);
  world.build({4, 1});
  world.build({4, 1, 2});
  world.send(4, world.near);
  CHECK(world.at(2).received.size() == 1);
}

TEST_CASE("what others pass on through a friend leaves room for builds of one's own") {
  Hostile world(4);
  world.join(3, 1);
  for (int i = 0; i < 60; ++i) {
    for (const std::size_t from : {std::size_t{0}, std::size_t{3}}) {
      world.origin = from;
      (void)world.start(world.path({from, 1, 2}));
      world.exchange();
    }
  }
  CHECK(world.at(0).made.size() + world.at(3).made.size() == 28);
  world.build({1, 2});
}

TEST_CASE("sixty-four builds wait for the keystore, no more, whoever sends them") {
  Hostile world(2);
  BuildNode& hop = world.at(1);
  for (std::uint32_t i = 0; i < 2; ++i) world.join(1, 0);
  hop.keystore_answers = false;
  hop.step(world.now, [&] {
    for (std::uint32_t slot = 0; slot < 3; ++slot) {
      for (std::uint32_t i = 1; i <= 32; ++i) hop.take({slot}, world.some_build(i));
    }
  });
  CHECK(hop.asked.size() == 64);
  CHECK(hop.count(Count::BuildLimited) == 32);
}

TEST_CASE("one neighbour has 4,096 circuits at most, all together 16,384") {
  BuildNode node(1);
  LeaseDesk desk(node.shared());
  Roster roster(node.shared(), desk);
  const Instant ends{1};
  for (std::uint32_t slot = 0; slot < 5; ++slot) {
    for (std::size_t i = 0; i < Roster::kPerNeighbour; ++i) {
      if (slot == 4) break;
      if (!roster.room({slot})) FAIL("full too early");
      REQUIRE(roster.issue({slot}, CircuitRole::RelayForward, ends) != nullptr);
      REQUIRE(roster.issue({9}, CircuitRole::RelayBackward, ends) != nullptr);
    }
    CHECK_FALSE(roster.room({slot}));
  }
  CHECK(roster.incoming() == Roster::kMost);
  CHECK_FALSE(roster.room({100}));
  Circuit* one = node.shared().table.find(roster.at({2}).circuits[77]);
  REQUIRE(one != nullptr);
  roster.drop(*one);
  CHECK(roster.room({2}));
  CHECK_FALSE(roster.room({1}));
  CHECK(roster.room({5}));
}

TEST_CASE("neighbour lists and deadlines stay right whatever is dropped in whatever order") {
  BuildNode node(1);
  LeaseDesk desk(node.shared());
  Roster roster(node.shared(), desk);
  crypto::Drbg random(ByteArray<32>{3});
  std::vector<CircuitId> ids;
  for (int i = 0; i < 2'000; ++i) {
    const std::uint64_t dice = random.next_u64();
    if (dice % 3 != 0 || ids.empty()) {
      Circuit* circuit = roster.issue({static_cast<std::uint32_t>(dice % 7)},
                                      CircuitRole::Destination, Instant{1});
      roster.watch(*circuit, Instant{static_cast<std::int64_t>(dice % 1'000)});
      ids.push_back(circuit->receive);
    } else {
      std::swap(ids[dice % ids.size()], ids.back());
      roster.drop(*node.shared().table.find(ids.back()));
      ids.pop_back();
    }
  }
  CHECK(roster.incoming() == ids.size());
  CHECK(node.circuits() == ids.size());
  node.shared().now = Instant{2'000};
  std::size_t due = 0;
  while (roster.due() != nullptr) ++due;
  CHECK(due == ids.size());
}

// ---- replays, other people's ids ----------------------------------------------------------------

TEST_CASE("a build that comes again is refused and makes no circuit") {
  Hostile world(4);
  std::vector<std::pair<std::size_t, SentBuild>> seen;
  world.tap = [&](std::size_t, std::size_t to, Sent& what) {
    if (const auto* build = std::get_if<SentBuild>(&what)) seen.emplace_back(to, *build);
    return true;
  };
  world.build({0, 1, 2, 3});
  REQUIRE(seen.size() == 3);
  world.tap = [](std::size_t, std::size_t, Sent&) { return true; };
  for (const auto& [to, build] : seen) {
    const std::size_t circuits = world.at(to).circuits();
    world.give(to - 1, to, SentBuild{CircuitId{4'711}, build.packet});
    CHECK(world.at(to).circuits() == circuits);
    CHECK(world.at(to).count(Count::BuildUnreadable) == 1);
  }
  world.send(0, world.near);
  CHECK(world.at(3).received.size() == 1);
}

TEST_CASE("an answer for a circuit that does not wait, or is another friend's, changes nothing") {
  Hostile world(4);
  world.join(1, 3);
  auto answers = capture<SentBuilt>(world, [&] { world.build({0, 1, 2, 3}); });
  REQUIRE(answers.size() == 3);
  const SentBuilt to_relay = answers[1];  // by 2 to 1
  const auto told = capture<SentDestroy>(world, [&] {
    world.give(2, 1, SentBuilt{CircuitId{0x12345678}, CircuitId{77}, to_relay.packet});
    world.give(3, 1, SentBuilt{to_relay.yours, CircuitId{78}, to_relay.packet});
  });
  CHECK(world.at(1).count(Count::BuiltStray) == 2);
  CHECK(told.size() == 2);
  world.send(0, world.near);
  CHECK(world.at(3).received.size() == 1);
}

TEST_CASE("an answer over the wrong link does not complete a build that waits") {
  Hostile world(3);
  world.join(0, 2);
  world.at(1).keystore_answers = false;
  auto builds = capture<SentBuild>(world, [&] { (void)world.start_over({0, 1, 2}); });
  REQUIRE(builds.size() == 1);
  world.give(2, 0, SentBuilt{builds[0].mine, CircuitId{9}, Bytes(wire::kBuildPacket, 1)});
  CHECK(world.at(0).made.empty());
  CHECK(world.at(0).failed.empty());
  CHECK(world.at(0).count(Count::BuiltStray) == 1);
  world.at(1).keystore_answers = true;
  world.exchange();
  CHECK(world.at(0).made.size() == 1);
}

TEST_CASE("a DESTROY or a cell for somebody else's circuit is ignored") {
  Hostile world(4);
  world.join(1, 3);
  auto cells = capture<SentCell>(world, [&] {
    world.build({0, 1, 2, 3});
    world.send(0, world.near);
  });
  REQUIRE(cells.size() == 3);
  const SentCell to_relay = cells[0];
  for (const CircuitId id : {to_relay.header.circuit, CircuitId{0}, CircuitId{0xffffffff}}) {
    world.give(3, 1, SentDestroy{id, wire::DestroyReason::Done});
    SentCell cell = to_relay;
    cell.header.circuit = id;
    world.give(3, 1, cell);
  }
  CHECK(world.at(1).count(Count::CellUnknownCircuit) == 3);
  world.send(0, world.near);
  CHECK(world.at(3).received.size() == 2);
}

TEST_CASE("a cell that comes before the next hop has answered leads nowhere") {
  Hostile world(3);
  world.at(2).keystore_answers = false;
  (void)world.start_over({0, 1, 2});
  Circuit* forward = world.at(1).only(CircuitRole::RelayForward);
  REQUIRE(forward != nullptr);
  const CircuitId guess = forward->receive;
  world.give(0, 1, SentCell{{guess, 7, Lane::Bulk}, Bytes(wire::kLargeOnion, 3)});
  CHECK(world.at(1).count(Count::RelayedCells) == 0);
  CHECK(world.at(1).count(Count::CellUnknownCircuit) == 1);
  CHECK(world.at(1).builds().faults(world.slot(1, 0)).onion == 0);
}

// ---- lies --------------------------------------------------------------------------------------

TEST_CASE("a changed build is noticed by the next hop, and the one before it is told") {
  for (std::size_t hop = 0; hop < 3; ++hop) {
    for (const std::size_t at : {0u, 40u, 60u, 130u, 700u, 1'263u}) {
      CAPTURE(hop);
      CAPTURE(at);
      Hostile world(4);
      world.tap = [&](std::size_t from, std::size_t, Sent& what) {
        auto* build = std::get_if<SentBuild>(&what);
        if (build != nullptr && from == hop) build->packet[at] ^= 4;
        return true;
      };
      REQUIRE(world.start_over({0, 1, 2, 3}).has_value());
      REQUIRE(world.at(0).failed.size() == 1);
      const BuildFailure failure = world.at(0).failed[0].failure;
      CHECK(failure.fault == (hop == 0 ? BuildFault::Destroyed : BuildFault::Refused));
      CHECK(failure.hop == (hop == 0 ? 0 : hop - 1));
      CHECK(world.at(hop + 1).count(Count::BuildUnreadable) == 1);
    }
  }
}

TEST_CASE("a changed answer is noticed by the origin, and what was built is taken down") {
  for (std::size_t hop = 1; hop < 4; ++hop) {
    for (const std::size_t at : {0u, 40u, 60u, 130u * 4, 700u, 1'263u}) {
      CAPTURE(hop);
      CAPTURE(at);
      Hostile world(4);
      world.tap = [&](std::size_t from, std::size_t, Sent& what) {
        auto* built = std::get_if<SentBuilt>(&what);
        if (built != nullptr && from == hop) built->packet[at] ^= 4;
        return true;
      };
      REQUIRE(world.start_over({0, 1, 2, 3}).has_value());
      if (at == 130u * 4) {  // random bytes behind the last reply, which no one reads
        CHECK(world.at(0).failed.size() + world.at(0).made.size() == 1);
        continue;
      }
      REQUIRE(world.at(0).failed.size() == 1);
      CHECK(world.at(0).failed[0].failure.fault == BuildFault::Forged);
      CHECK(world.at(0).failed[0].failure.hop >= hop - 1);
      for (std::size_t i = 0; i < 4; ++i) CHECK(world.at(i).circuits() == 0);
    }
  }
}

TEST_CASE("a hop that offers what was not asked for is the fault") {
  struct Lie {
    std::uint32_t rate;
    std::uint32_t until;
    bool less;
  };
  const std::uint32_t made_at = 1'700'001'000;  // the world's clock, a whole minute
  for (const Lie& lie : {Lie{0, made_at + 3'660, false}, Lie{1 << 20, made_at + 3'660, false},
                         Lie{0, made_at + 3'660, true}, Lie{0, made_at - 1, false},
                         Lie{0, 0, false}, Lie{0, ~0u, false}}) {
    CAPTURE(lie.until);
    Hostile world(3);
    world.at(2).keystore_answers = false;
    (void)world.start_over({0, 1, 2});
    REQUIRE(world.at(2).asked.size() == 1);
    const Bytes packet = [&] {
      const auto& bytes = std::get<OpenBuild>(world.at(2).asked[0].what).packet;
      return Bytes(bytes.begin(), bytes.end());
    }();
    const auto opened = crypto::open_build(world.at(2).onion_pair(), packet);
    REQUIRE(opened.ok());
    crypto::Drbg random(ByteArray<32>{8});
    auto hop = crypto::HopBuild::answer({*opened, world.at(2).onion_key(), packet}, random);
    REQUIRE(hop.ok());
    wire::BuildReply reply;
    reply.rate = lie.rate;
    reply.until = lie.until;
    reply.less = lie.less;
    crypto::BuildRecordBytes bytes{};
    wire::write_build_reply(reply, bytes);
    crypto::BuildPacket back{};
    hop->finish(bytes, ByteArray<wire::kBuildAnswer>{}, back, random);
    const Circuit* waiting = world.at(1).only(CircuitRole::RelayBackward);
    REQUIRE(waiting != nullptr);
    world.give(2, 1, SentBuilt{waiting->receive, CircuitId{5}, Bytes(back.begin(), back.end())});
    const bool honest = lie.rate == 0 && !lie.less && lie.until == made_at + 3'660;
    CHECK(world.at(0).made.size() == (honest ? 1 : 0));
    if (honest) continue;
    REQUIRE(world.at(0).failed.size() == 1);
    CHECK(world.at(0).failed[0].failure.fault == BuildFault::WrongOffer);
    CHECK(world.at(0).failed[0].failure.hop == 1);
    CHECK(world.at(1).circuits() == 0);
  }
}
