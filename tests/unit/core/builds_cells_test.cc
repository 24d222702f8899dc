// SPDX-License-Identifier: Apache-2.0
// Cells of relayed circuits that were changed, repeated or made up, and links without room for
// more.
#include <doctest/doctest.h>

#include <algorithm>

#include "build_chain.h"

using namespace covfefe;
using namespace covfefe::core;
using namespace covfefe::test;

// ---- cells that were changed, repeated or made up -----------------------------------------------

TEST_CASE(
    "a changed forward cell dies at the next hop and is counted there, for circuit and link") {
  for (std::size_t hop = 0; hop < 4; ++hop) {
    for (const std::size_t at : {0u, 16u, 79u, 80u, 1'359u}) {
      CAPTURE(hop);
      CAPTURE(at);
      Hostile world(5);
      world.build({0, 1, 2, 3, 4});
      world.tap = [&](std::size_t from, std::size_t, Sent& what) {
        auto* cell = std::get_if<SentCell>(&what);
        if (cell != nullptr && from == hop) cell->onion[at] ^= 128;
        return true;
      };
      world.send(0, world.near);
      CHECK(world.at(4).received.empty());
      for (std::size_t i = 0; i < 5; ++i) {
        CAPTURE(i);
        CHECK(world.at(i).count(Count::CellBadTag) == (i == hop + 1 ? 1 : 0));
        if (i == 0) continue;
        CHECK(world.at(i).builds().faults(world.slot(i, i - 1)).onion == (i == hop + 1 ? 1 : 0));
      }
      world.tap = [](std::size_t, std::size_t, Sent&) { return true; };
      world.send(0, world.near);
      CHECK(world.at(4).received.size() == 1);
    }
  }
}

TEST_CASE("a changed backward cell is sealed on by honest relays and refused by the origin") {
  for (std::size_t hop = 1; hop < 5; ++hop) {
    CAPTURE(hop);
    Hostile world(5);
    world.build({0, 1, 2, 3, 4});
    world.send(0, world.near);
    world.tap = [&](std::size_t from, std::size_t, Sent& what) {
      auto* cell = std::get_if<SentCell>(&what);
      if (cell != nullptr && from == hop) cell->onion[700] ^= 1;
      return true;
    };
    world.send(4, world.far);
    CHECK(world.at(0).received.empty());
    CHECK(world.at(0).builds().faults(world.slot(0, 1)).onion == 1);
    REQUIRE(world.at(0).shared().table.find(world.near) != nullptr);
    CHECK(world.at(0).shared().table.find(world.near)->bad_hop == hop);
    for (std::size_t i = 1; i < 5; ++i) CHECK(world.at(i).count(Count::CellBadTag) == 0);
  }
}

TEST_CASE("the eighth bad tag in ten seconds destroys the circuit on both sides, seven do not") {
  Hostile world(4);
  world.build({0, 1, 2, 3});
  world.send(0, world.near);
  world.tap = [&](std::size_t from, std::size_t, Sent& what) {
    auto* cell = std::get_if<SentCell>(&what);
    if (cell != nullptr && from == 1) cell->onion[5] ^= 1;
    return true;
  };
  for (int i = 0; i < 7; ++i) world.send(0, world.near);
  CHECK(world.at(2).circuits() == 2);
  world.send(0, world.near);
  for (std::size_t i = 0; i < 4; ++i) CHECK(world.at(i).circuits() == 0);
  REQUIRE(world.at(0).lost.size() == 1);
  CHECK(world.at(0).lost[0].reason == wire::DestroyReason::BadTag);
  REQUIRE(world.at(3).lost.size() == 1);
  CHECK(world.at(3).lost[0].reason == wire::DestroyReason::BadTag);
  CHECK(world.at(2).builds().faults(world.slot(2, 1)).destroyed == 1);
  CHECK(world.at(2).builds().relayed().at(0).onion_faults == 8);
  CHECK(world.at(1).builds().faults(world.slot(1, 0)).destroyed == 0);
}

TEST_CASE("bad tags on a direct circuit end it likewise") {
  Hostile world(2);
  BuildNode& node = world.at(0);
  Circuit* direct = node.shared().table.issue(world.slot(0, 1), CircuitRole::Origin, 1);
  direct->send = CircuitId{44};
  const CircuitId id = direct->receive;
  const auto told = capture<SentDestroy>(world, [&] {
    node.step(world.now, [&] {
      for (int i = 0; i < 8; ++i) node.builds().onion_fault(*direct);
    });
    world.exchange();
  });
  REQUIRE(node.lost.size() == 1);
  CHECK(node.lost[0].circuit == id);
  CHECK(node.circuits() == 0);
  REQUIRE(told.size() == 1);
  CHECK(told[0].circuit == CircuitId{44});
}

TEST_CASE("a repeated cell is passed on once in either direction") {
  Hostile world(4);
  std::vector<std::pair<std::size_t, SentCell>> seen;
  world.build({0, 1, 2, 3});
  world.tap = [&](std::size_t from, std::size_t, Sent& what) {
    if (const auto* cell = std::get_if<SentCell>(&what)) seen.emplace_back(from, *cell);
    return true;
  };
  world.send(0, world.near);
  world.send(3, world.far);
  REQUIRE(seen.size() == 6);
  world.tap = [](std::size_t, std::size_t, Sent&) { return true; };
  world.give(0, 1, seen[0].second);
  world.give(1, 2, seen[1].second);
  world.give(2, 1, seen[4].second);
  world.give(3, 2, seen[3].second);
  CHECK(world.at(1).count(Count::CellReplayed) == 2);
  CHECK(world.at(2).count(Count::CellReplayed) == 2);
  CHECK(world.at(1).count(Count::RelayedCells) == 2);
  CHECK(world.at(2).count(Count::RelayedCells) == 2);
}

TEST_CASE("a next hop cannot make a relay seal twice under one counter by walking it round") {
  Hostile world(3);
  world.build({0, 1, 2});
  world.send(0, world.near);
  const Circuit* backward = world.at(1).only(CircuitRole::RelayBackward);
  REQUIRE(backward != nullptr);
  const CircuitId id = backward->receive;
  std::vector<std::uint64_t> sealed;
  world.tap = [&](std::size_t from, std::size_t to, Sent& what) {
    const auto* cell = std::get_if<SentCell>(&what);
    if (cell != nullptr && from == 1 && to == 0) sealed.push_back(cell->header.counter);
    return true;
  };
  const std::uint64_t jump = std::uint64_t{1} << 62;
  for (const std::uint64_t counter : {std::uint64_t{5}, 5 + jump, 5 + 2 * jump, 5 + 3 * jump,
                                      std::uint64_t{5}, std::uint64_t{6}, std::uint64_t{6}}) {
    world.give(2, 1, SentCell{{id, counter, Lane::Bulk}, Bytes(wire::kSmallOnion, 1)});
  }
  std::sort(sealed.begin(), sealed.end());
  CHECK(sealed.size() == 2);
  CHECK(std::adjacent_find(sealed.begin(), sealed.end()) == sealed.end());
}

TEST_CASE("made-up forward cells move no window and shut no honest cell out") {
  Hostile world(3);
  world.build({0, 1, 2});
  const Circuit* forward = world.at(1).only(CircuitRole::RelayForward);
  REQUIRE(forward != nullptr);
  const CircuitId id = forward->receive;
  for (std::uint64_t i = 0; i < 5; ++i) {
    world.give(0, 1, SentCell{{id, i << 40, Lane::Bulk}, Bytes(wire::kLargeOnion, 1)});
  }
  world.send(0, world.near);
  CHECK(world.at(2).received.size() == 1);
}

// ---- where the next link has no room ------------------------------------------------------------

TEST_CASE("a cell for which there is no room is dropped, counted and may come again") {
  Hostile world(3);
  world.build({0, 1, 2});
  BuildNode& relay = world.at(1);
  const auto cells = capture<SentCell>(world, [&] {
    relay.cells = false;
    world.send(0, world.near);
  });
  REQUIRE(cells.size() == 1);
  CHECK(relay.count(Count::RelayNoCell) == 1);
  CHECK(relay.count(Count::RelayedCells) == 0);
  relay.cells = true;
  world.give(0, 1, cells[0]);
  CHECK(world.at(2).received.size() == 1);
}

TEST_CASE("where bulk has piled up, what has no lease is dropped before any crypto") {
  Hostile world(3);
  world.build({0, 1, 2});
  BuildNode& relay = world.at(1);
  relay.backlogged = true;
  world.send(0, world.near);
  CHECK(relay.count(Count::RelayBacklog) == 1);
  BuildNode& first = world.at(0);
  const auto send = [&] {
    first.step(world.now,
               [&] { REQUIRE(first.send(world.near, 2, wire::kSmallOnion, Lane::Realtime)); });
    world.exchange();
  };
  send();
  CHECK(relay.count(Count::RelayBacklog) == 2);
  CircuitLease lease;
  lease.until = world.now + Duration::seconds(1);
  lease.allowance.set(1 << 16);
  relay.only(CircuitRole::RelayBackward)->lease = std::make_unique<CircuitLease>(lease);
  send();
  CHECK(world.at(2).received.size() == 1);
}

TEST_CASE("a cell that came on the link's own lane goes on as bulk") {
  Hostile world(3);
  world.build({0, 1, 2});
  world.tap = [&](std::size_t from, std::size_t, Sent& what) {
    auto* cell = std::get_if<SentCell>(&what);
    if (cell != nullptr && from == 0) cell->header.lane = Lane::Link;
    return true;
  };
  world.send(0, world.near);
  REQUIRE(world.at(2).received.size() == 1);
  CHECK(world.at(2).received[0].lane == Lane::Bulk);
}
