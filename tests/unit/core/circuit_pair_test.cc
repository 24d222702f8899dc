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

std::size_t cells(const Node& node) {
  return node.count(Count::CellsSent);
}

}  // namespace

TEST_CASE("packets of every size pass unchanged in both directions") {
  Pair pair;
  REQUIRE(pair.established());
  for (std::size_t size = 40; size <= 1280; size += 31) {
    for (Node* from : {&pair.left, &pair.right}) {
      Node& to = pair.other(*from);
      const Bytes sent = packet(*from, to, size);
      send(pair, *from, sent);
      REQUIRE(!to.effects.delivered.empty());
      CHECK(to.effects.delivered.back() == sent);
    }
  }
  CHECK(pair.left.effects.delivered.size() == pair.right.effects.delivered.size());
}

TEST_CASE("the elder opens and one session is enough") {
  Pair pair;
  REQUIRE(pair.established());
  pair.tick(Duration::seconds(5));
  CHECK(pair.left.count(Count::SessionOpened) == 1);
  CHECK(pair.right.count(Count::SessionOpened) == 1);
  CHECK(pair.left.count(Count::SessionClosed) == 0);
}

TEST_CASE(
    "small packets of one step share a cell, and a step is never left with something unsent") {
  Pair pair;
  REQUIRE(pair.established());
  const std::size_t before = cells(pair.left);
  std::vector<Bytes> sent;
  std::vector<ByteView> views;
  for (int i = 0; i < 10; ++i) sent.push_back(packet(pair.left, pair.right, 100));
  for (const Bytes& one : sent) views.emplace_back(one);
  pair.left.step(pair.now, [&] { pair.left.circuits.packets(views); });
  CHECK(cells(pair.left) == before + 1);
  pair.exchange();
  CHECK(pair.right.effects.delivered == sent);
}

TEST_CASE("a lone small packet takes a small cell and a large one a large cell") {
  Pair pair;
  REQUIRE(pair.established());
  std::vector<std::size_t> sizes;
  pair.spoil = [&](Node&, test::MemoryLink::Event& event) {
    if (const auto* cell = std::get_if<test::MemoryLink::Cell>(&event)) {
      sizes.push_back(cell->onion.size());
    }
    return true;
  };
  send(pair, pair.left, packet(pair.left, pair.right, 143));
  send(pair, pair.left, packet(pair.left, pair.right, 144));
  REQUIRE(sizes.size() == 2);
  CHECK(sizes[0] == wire::kSmallOnion);
  CHECK(sizes[1] == wire::kLargeOnion);
}

TEST_CASE("realtime packets go on their lane in small cells of their own") {
  Pair pair;
  REQUIRE(pair.established());
  std::vector<test::MemoryLink::Cell> seen;
  pair.spoil = [&](Node&, test::MemoryLink::Event& event) {
    if (const auto* cell = std::get_if<test::MemoryLink::Cell>(&event)) seen.push_back(*cell);
    return true;
  };
  const Bytes voice = packet(pair.left, pair.right, 120, 46);
  const std::vector<ByteView> views = {voice, voice, voice};
  pair.left.step(pair.now, [&] { pair.left.circuits.packets(views); });
  pair.exchange();
  REQUIRE(seen.size() == 3);
  for (const auto& cell : seen) {
    CHECK(cell.lane == Lane::Realtime);
    CHECK(cell.onion.size() == wire::kSmallOnion);
  }
  CHECK(pair.right.effects.delivered.size() == 3);
}

TEST_CASE("where large cells do not pass, packets come in fragments that cost less") {
  Pair pair;
  REQUIRE(pair.established());
  pair.left.link.small = true;
  const std::size_t before = cells(pair.left);
  const Bytes middle = packet(pair.left, pair.right, 600);
  send(pair, pair.left, middle);
  CHECK(cells(pair.left) == before + 6);
  REQUIRE(pair.right.effects.delivered.size() == 1);
  CHECK(pair.right.effects.delivered[0] == middle);
  // Twelve fragments cost more than the eleven small cells that the link makes of a large one.
  const Bytes full = packet(pair.left, pair.right, 1280);
  send(pair, pair.left, full);
  CHECK(cells(pair.left) == before + 7);
  CHECK(pair.right.effects.delivered.back() == full);
}

TEST_CASE("packets that come before the session wait for it") {
  Pair pair;
  pair.spoil = [](Node&, test::MemoryLink::Event& event) {
    return !std::holds_alternative<wire::Control>(event);  // no session can be opened
  };
  pair.up();
  const Bytes early = packet(pair.left, pair.right, 200);
  send(pair, pair.left, early);
  CHECK(pair.left.count(Count::TunHeld) == 1);
  CHECK(pair.left.effects.delivered.empty());
  pair.spoil = [](Node&, test::MemoryLink::Event&) { return true; };
  pair.down();
  pair.up();
  pair.tick(Duration::seconds(1));
  REQUIRE(pair.right.effects.delivered.size() == 1);
  CHECK(pair.right.effects.delivered[0] == early);
}

TEST_CASE("packets that waited three seconds in vain are answered with address-unreachable") {
  Pair pair;
  pair.spoil = [](Node&, test::MemoryLink::Event&) { return false; };
  pair.up();
  const Bytes lost = packet(pair.left, pair.right, 200);
  for (int i = 0; i < 70; ++i) pair.left.tun(pair.now, lost);
  CHECK(pair.left.count(Count::TunHeld) == 64);
  CHECK(pair.left.count(Count::TunHeldFull) == 6);
  pair.tick(Duration::millis(2900));
  CHECK(pair.left.effects.delivered.empty());
  pair.tick(Duration::millis(200));
  REQUIRE(pair.left.effects.delivered.size() == 64);
  const auto answer = wire::parse_ipv6(pair.left.effects.delivered[0]);
  REQUIRE(answer.ok());
  CHECK(answer->source == pair.right.keystore.address());
  CHECK(answer->destination == pair.left.keystore.address());
  CHECK(answer->next_header == wire::kNextIcmp6);
  CHECK(answer->payload[0] == 1);
  CHECK(answer->payload[1] == 3);
}

TEST_CASE("a friend that is down is unreachable at once") {
  Pair pair;
  pair.down();
  pair.left.tun(pair.now, packet(pair.left, pair.right, 200));
  REQUIRE(pair.left.effects.delivered.size() == 1);
  CHECK(pair.left.effects.delivered[0][41] == 3);
  CHECK(pair.left.count(Count::TunNoSession) == 1);
}

TEST_CASE("an address of nobody is answered with no-route, at most a hundred times a second") {
  Pair pair;
  const Address nobody = *parse_address("fd77::77");
  const Bytes stray = udp_packet(pair.left.keystore.address(), nobody, 100);
  for (int i = 0; i < 150; ++i) pair.left.tun(pair.now, stray);
  CHECK(pair.left.effects.delivered.size() == 100);
  CHECK(pair.left.count(Count::IcmpLimited) == 50);
  CHECK(pair.left.effects.delivered[0][40] == 1);
  CHECK(pair.left.effects.delivered[0][41] == 0);
}

TEST_CASE("what may not enter the overlay is dropped, counted and never sent") {
  Pair pair;
  REQUIRE(pair.established());
  const std::size_t before = cells(pair.left);
  const Address own = pair.left.keystore.address();
  const Address peer = pair.right.keystore.address();
  pair.left.tun(pair.now, udp_packet(*parse_address("fd00::bad"), peer, 100));
  pair.left.tun(pair.now, udp_packet(own, *parse_address("ff02::1"), 100));
  pair.left.tun(pair.now, udp_packet(own, *parse_address("2001:db8::1"), 100));
  pair.left.tun(pair.now, udp_packet(own, own, 100));
  pair.left.tun(pair.now, Bytes(100, 0x45));
  pair.left.tun(pair.now, Bytes{});
  CHECK(cells(pair.left) == before);
  CHECK(pair.left.effects.delivered.empty());
  CHECK(pair.left.count(Count::TunForeignSource) == 1);
  CHECK(pair.left.count(Count::TunMulticast) == 1);
  CHECK(pair.left.count(Count::TunNotOverlay) == 1);
  CHECK(pair.left.count(Count::TunOwn) == 1);
  CHECK(pair.left.count(Count::TunMalformed) == 2);
}

TEST_CASE("a packet over the MTU is answered with packet-too-big and its size") {
  Pair pair;
  REQUIRE(pair.established());
  Bytes big = packet(pair.left, pair.right, 1280);
  big.resize(1400);
  store_be<std::uint16_t>(big.data() + 4, 1360);
  pair.left.tun(pair.now, big);
  REQUIRE(pair.left.effects.delivered.size() == 1);
  const Bytes& answer = pair.left.effects.delivered[0];
  CHECK(answer[40] == 2);
  CHECK(load_be<std::uint32_t>(answer.data() + 44) == 1280);
}

TEST_CASE(
    "bulk packets are dropped before sealing while the link is backlogged, realtime ones go") {
  Pair pair;
  REQUIRE(pair.established());
  pair.left.link.backlogged = true;
  const std::size_t before = cells(pair.left);
  pair.left.tun(pair.now, packet(pair.left, pair.right, 100));
  CHECK(pair.left.count(Count::TunBacklog) == 1);
  CHECK(cells(pair.left) == before);
  pair.left.tun(pair.now, packet(pair.left, pair.right, 100, 46));
  CHECK(cells(pair.left) == before + 1);
}

TEST_CASE("without cells packets are dropped and counted, and the session lives") {
  Pair pair;
  REQUIRE(pair.established());
  pair.left.link.cells = false;
  send(pair, pair.left, packet(pair.left, pair.right, 100));
  CHECK(pair.left.count(Count::TunNoCell) == 1);
  pair.tick(Duration::seconds(2));
  pair.left.link.cells = true;
  send(pair, pair.left, packet(pair.left, pair.right, 100));
  CHECK(pair.right.effects.delivered.size() == 1);
}

TEST_CASE("a lost third message is sent again until it arrives") {
  Pair pair;
  int dropped = 0;
  pair.spoil = [&](Node&, test::MemoryLink::Event& event) {
    const bool cell = std::holds_alternative<test::MemoryLink::Cell>(event);
    if (cell && dropped < 3) {
      ++dropped;
      return false;
    }
    return true;
  };
  pair.up();
  CHECK_FALSE(session_up(pair.left));
  pair.tick(Duration::seconds(3));
  CHECK(session_up(pair.left));
  CHECK(session_up(pair.right));
  CHECK(pair.elder().count(Count::SessionRefused) == 0);
}

TEST_CASE("a lost greeting of the responder is repeated, since the initiator asks again") {
  Pair pair;
  int dropped = 0;
  Node* responder = &pair.younger();
  pair.spoil = [&](Node& from, test::MemoryLink::Event& event) {
    const bool cell = std::holds_alternative<test::MemoryLink::Cell>(event);
    return !(cell && &from == responder && dropped++ < 2);
  };
  pair.up();
  pair.tick(Duration::seconds(2));
  CHECK(session_up(pair.elder()));
}

TEST_CASE("the younger opens when the elder does not") {
  Pair pair;
  Node& elder = pair.elder();
  pair.spoil = [&](Node& from, test::MemoryLink::Event& event) {
    const auto* control = std::get_if<wire::Control>(&event);
    return !(control != nullptr && &from == &elder &&
             std::holds_alternative<wire::DirectOpen>(control->message));
  };
  pair.up();
  pair.tick(Duration::millis(900));
  CHECK_FALSE(session_up(elder));
  pair.tick(Duration::millis(5500));
  CHECK(session_up(elder));
  CHECK(session_up(pair.younger()));
}

TEST_CASE("when both open at once they settle on the same session and nothing is lost") {
  Pair pair;
  // What both say first is held back until both have said it.
  std::vector<std::pair<Node*, wire::Control>> held;
  pair.spoil = [&](Node& from, test::MemoryLink::Event& event) {
    const auto& said = std::get<wire::Control>(event);
    if (std::holds_alternative<wire::DirectOpen>(said.message)) held.emplace_back(&from, said);
    return false;
  };
  pair.up();
  pair.tick(Duration::millis(1100));
  REQUIRE(held.size() == 2);
  REQUIRE(held[0].first != held[1].first);
  pair.spoil = [](Node&, test::MemoryLink::Event&) { return true; };
  for (const auto& said : held) {
    Node& to = pair.other(*said.first);
    to.step(pair.now, [&] { to.circuits.on_control(test::kSlot, said.second, pair.now); });
  }
  pair.exchange();
  pair.tick(Duration::seconds(1));
  CHECK(pair.left.count(Count::SessionOpened) == 2);
  CHECK(pair.right.count(Count::SessionOpened) == 2);
  for (int i = 0; i < 100; ++i) {
    send(pair, pair.left, packet(pair.left, pair.right, 100));
    send(pair, pair.right, packet(pair.right, pair.left, 100));
    pair.tick(Duration::seconds(1));
  }
  CHECK(pair.left.effects.delivered.size() == 100);
  CHECK(pair.right.effects.delivered.size() == 100);
  CHECK(pair.left.count(Count::SessionClosed) == 1);
  CHECK(pair.right.count(Count::SessionClosed) == 1);
}
