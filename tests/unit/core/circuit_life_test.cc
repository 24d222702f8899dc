// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "circuit_pair.h"
#include "wire/ip.h"

using namespace covfefe;
using namespace covfefe::core;
using test::Bytes;
using test::Node;
using test::Pair;
using test::udp_packet;

namespace {

Bytes packet(Node& from, Node& to, std::size_t size, std::uint8_t dscp = 0) {
  return udp_packet(from.keystore.address(), to.keystore.address(), size, dscp);
}

void send(Pair& pair, Node& from, const Bytes& what) {
  from.tun(pair.now, what);
  pair.exchange();
}

bool session_up(Node& node) {
  return node.circuits.friends()[0].session_up;
}

}  // namespace

TEST_CASE("a session is renewed after half an hour without losing a packet") {
  Pair pair;
  REQUIRE(pair.established());
  std::size_t sent = 0;
  for (int i = 0; i < 3 * 60; ++i) {
    send(pair, pair.left, packet(pair.left, pair.right, 500));
    send(pair, pair.right, packet(pair.right, pair.left, 500));
    ++sent;
    pair.left.step(pair.now, [&] {
      pair.left.circuits.clock({1'700'000'000'000'000'000 + pair.now.nanoseconds});
    });
    pair.tick(Duration::seconds(30));
  }
  pair.tick(Duration::minutes(2));
  CHECK(pair.left.effects.delivered.size() == sent);
  CHECK(pair.right.effects.delivered.size() == sent);
  CHECK(pair.left.count(Count::SessionOpened) >= 3);
  CHECK(pair.left.count(Count::SessionOpened) <= 4);
  CHECK(pair.left.count(Count::SessionClosed) + 1 == pair.left.count(Count::SessionOpened));
  CHECK(pair.right.count(Count::SessionOpened) == pair.left.count(Count::SessionOpened));
}

TEST_CASE("sessions survive a keystore that is gone for hours") {
  Pair pair;
  REQUIRE(pair.established());
  for (Node* node : {&pair.left, &pair.right}) {
    node->keystore_attached = false;
    node->step(pair.now, [&] { node->circuits.keystore_down(); });
  }
  for (int i = 0; i < 5; ++i) {
    pair.tick(Duration::hours(1));
    send(pair, pair.left, packet(pair.left, pair.right, 500));
    send(pair, pair.right, packet(pair.right, pair.left, 500));
  }
  CHECK(pair.left.effects.delivered.size() == 5);
  CHECK(pair.right.effects.delivered.size() == 5);
  for (Node* node : {&pair.left, &pair.right}) {
    node->keystore_attached = true;
    node->step(pair.now, [&] { node->circuits.keystore_up(); });
  }
  pair.tick(Duration::minutes(3));
  send(pair, pair.left, packet(pair.left, pair.right, 500));
  CHECK(pair.right.effects.delivered.size() == 6);
  CHECK(pair.left.count(Count::SessionOpened) >= 2);
}

TEST_CASE("without a certificate no session opens, and with it one opens by itself") {
  Pair pair;
  pair.left.keystore_attached = false;
  pair.left.step(pair.now, [&] { pair.left.circuits.keystore_down(); });
  // The certificates that the pair began with end after an hour.
  pair.now = pair.now + Duration::hours(2);
  pair.up();
  pair.tick(Duration::seconds(3));
  CHECK_FALSE(session_up(pair.left));
  pair.left.keystore_attached = true;
  pair.left.step(pair.now, [&] { pair.left.circuits.keystore_up(); });
  pair.tick(Duration::seconds(6));
  CHECK(session_up(pair.left));
  CHECK(session_up(pair.right));
}

TEST_CASE("a restarted friend gets a new session, the old one is forgotten") {
  Pair pair;
  REQUIRE(pair.established());
  pair.up();
  pair.tick(Duration::seconds(1));
  CHECK(session_up(pair.left));
  CHECK(session_up(pair.right));
  CHECK(pair.left.count(Count::SessionOpened) == 2);
  send(pair, pair.left, packet(pair.left, pair.right, 500));
  CHECK(pair.right.effects.delivered.size() == 1);
}

TEST_CASE("a link that comes back with the same boot keeps its session") {
  Pair pair;
  REQUIRE(pair.established());
  pair.down();
  pair.now = pair.now + Duration::minutes(3);
  pair.up(Boot::Same);
  send(pair, pair.left, packet(pair.left, pair.right, 500));
  CHECK(pair.right.effects.delivered.size() == 1);
  CHECK(pair.left.count(Count::SessionOpened) == 1);
}

TEST_CASE("a session that only one side still has is noticed and opened anew") {
  Pair pair;
  REQUIRE(pair.established());
  // The right side forgets everything and its DESTROY is lost.
  pair.right.step(pair.now,
                  [&] { pair.right.circuits.on_link_up(test::kSlot, Boot::New, pair.now); });
  pair.right.link.out.clear();
  Node& right = pair.right;
  pair.spoil = [&](Node& from, test::MemoryLink::Event& event) {
    const auto* control = std::get_if<wire::Control>(&event);
    return !(control != nullptr && &from == &right &&
             std::holds_alternative<wire::DirectOpen>(control->message));
  };
  send(pair, pair.left, packet(pair.left, pair.right, 500));
  CHECK(pair.right.count(Count::CellUnknownCircuit) == 1);
  pair.tick(Duration::seconds(12));
  send(pair, pair.left, packet(pair.left, pair.right, 500));
  CHECK(pair.right.effects.delivered.size() == 1);
}

TEST_CASE("eight forged cells in ten seconds destroy the circuit, and a new session follows") {
  Pair pair;
  REQUIRE(pair.established());
  bool bend = true;
  pair.spoil = [&](Node& from, test::MemoryLink::Event& event) {
    auto* cell = std::get_if<test::MemoryLink::Cell>(&event);
    if (bend && cell != nullptr && &from == &pair.left) cell->onion[200] ^= 1;
    return true;
  };
  for (int i = 0; i < 7; ++i) send(pair, pair.left, packet(pair.left, pair.right, 500));
  CHECK(pair.right.count(Count::CellBadTag) == 7);
  CHECK(pair.right.count(Count::CircuitBadTag) == 0);
  send(pair, pair.left, packet(pair.left, pair.right, 500));
  CHECK(pair.right.count(Count::CircuitBadTag) == 1);
  bend = false;
  pair.tick(Duration::seconds(2));
  CHECK(session_up(pair.left));
  send(pair, pair.left, packet(pair.left, pair.right, 500));
  CHECK(pair.right.effects.delivered.size() == 1);
}

TEST_CASE("a cell that comes twice is delivered once") {
  Pair pair;
  REQUIRE(pair.established());
  std::vector<test::MemoryLink::Cell> seen;
  pair.spoil = [&](Node&, test::MemoryLink::Event& event) {
    if (const auto* cell = std::get_if<test::MemoryLink::Cell>(&event)) seen.push_back(*cell);
    return true;
  };
  send(pair, pair.left, packet(pair.left, pair.right, 500));
  REQUIRE(seen.size() == 1);
  pair.right.step(pair.now, [&] {
    pair.right.circuits.on_cell(test::kSlot, seen[0].header, seen[0].onion, pair.now);
  });
  CHECK(pair.right.effects.delivered.size() == 1);
  CHECK(pair.right.count(Count::CellReplayed) == 1);
}

TEST_CASE("a removed friend has no route, no session and no pings") {
  Pair pair;
  REQUIRE(pair.established());
  pair.left.step(pair.now, [&] {
    pair.left.circuits.ask(RequestId{1},
                           PingQuery{pair.right.keystore.address(), Duration::seconds(9)});
    pair.left.circuits.on_link_gone(test::kSlot);
  });
  CHECK(pair.left.circuits.friends().empty());
  CHECK_FALSE(pair.left.circuits.find(pair.right.keystore.address()).has_value());
  pair.now = pair.now + Duration::millis(1);
  pair.left.step(pair.now, [] {});
  REQUIRE(pair.left.ping_report() != nullptr);
  CHECK(pair.left.ping_report()->why == "no longer a friend");
  pair.left.tun(pair.now, packet(pair.left, pair.right, 100));
  CHECK(pair.left.count(Count::TunNoFriend) == 1);
}

TEST_CASE("a second friend that claims a taken address does not get its packets") {
  Pair pair;
  Friend thief;
  thief.id = FriendId{2};
  thief.address = pair.right.keystore.address();
  pair.left.step(pair.now, [&] { pair.left.circuits.on_friend(LinkSlot{1}, thief); });
  CHECK(pair.left.circuits.find(thief.address) == test::kSlot);
}

TEST_CASE("sessions are refused to a friend that asks for too many") {
  Pair pair;
  REQUIRE(pair.established());
  wire::DirectOpen flood{CircuitId{5}, {}, {}};
  for (int i = 0; i < 50; ++i) {
    pair.left.step(pair.now,
                   [&] { pair.left.circuits.on_control(test::kSlot, {flood}, pair.now); });
  }
  pair.left.link.out.clear();
  CHECK(pair.left.count(Count::SessionRefused) == 50);
  send(pair, pair.left, packet(pair.left, pair.right, 100));
  CHECK(pair.right.effects.delivered.size() == 1);
}

TEST_CASE("a circuit that the friend destroys is replaced") {
  Pair pair;
  REQUIRE(pair.established());
  pair.left.step(pair.now, [&] {
    pair.left.circuits.on_destroy(test::kSlot, CircuitId{12345}, {}, pair.now);
  });
  CHECK(session_up(pair.left));
  CircuitId used;
  pair.spoil = [&](Node& from, test::MemoryLink::Event& event) {
    const auto* cell = std::get_if<test::MemoryLink::Cell>(&event);
    if (cell != nullptr && &from == &pair.left) used = cell->header.circuit;
    return true;
  };
  send(pair, pair.left, packet(pair.left, pair.right, 100));
  pair.right.step(pair.now, [&] {
    pair.right.circuits.on_destroy(test::kSlot, used, wire::DestroyReason::Done, pair.now);
  });
  CHECK_FALSE(session_up(pair.right));
  pair.tick(Duration::seconds(20));
  CHECK(session_up(pair.right));
  CHECK(session_up(pair.left));
  send(pair, pair.left, packet(pair.left, pair.right, 100));
  CHECK(pair.right.effects.delivered.size() == 2);
}

TEST_CASE("the friend is told what is wrong with a session, step by step") {
  Pair pair;
  pair.down();
  std::vector<Finding> findings;
  pair.left.circuits.explain(pair.right.keystore.address(), findings);
  REQUIRE(findings.size() >= 2);
  CHECK(findings[findings.size() - 2].ok);
  CHECK_FALSE(findings.back().ok);
  CHECK_FALSE(findings.back().next.empty());
  CHECK(pair.established());
  findings.clear();
  pair.left.circuits.explain(pair.right.keystore.address(), findings);
  CHECK(findings.back().ok);
}
