// SPDX-License-Identifier: Apache-2.0
// What is refused on the way to a link and on it, and how the operator reads of it.
#include <doctest/doctest.h>

#include <algorithm>

#include "core/link/session.h"
#include "crypto/mac.h"
#include "tests/unit/core/link_world.h"
#include "wire/handshake.h"

using namespace covfefe;
using namespace covfefe::core;
using namespace covfefe::test;

TEST_CASE("rekeying that a friend only pretends is counted as malformed, and the link carries on") {
  Two t;
  t.load();
  REQUIRE(t.both_up());
  const std::uint64_t before = t.b.counter("link.malformed");
  ByteArray<wire::kRekeyMessage> noise{};
  noise.fill(0x5a);
  const auto say = [&](const wire::Control& message) {
    t.a.step([&] { CHECK(t.a.links->send_control(t.a.slot(t.b), message, t.world.now)); });
    t.world.run_for(Duration::seconds(1));
  };
  say({wire::RekeyOffer{{wire::kFirstReceiverIndex - 1}, noise}});
  CHECK(t.b.counter("link.malformed") == before + 1);
  say({wire::RekeyOffer{{wire::kFirstReceiverIndex}, noise}});
  CHECK(t.b.counter("link.malformed") == before + 2);
  say({wire::RekeyAnswer{{wire::kFirstReceiverIndex}, noise}});
  CHECK(t.b.counter("link.malformed") == before + 2);
  CHECK(t.b.controls.empty());
  CHECK(t.exchange());
}

TEST_CASE("a keystore that refuses the friend, or says nothing, is named as what failed") {
  Two t;
  SUBCASE("refuses") {
    t.a.keystore.forget(t.b.keystore.static_key());
    t.b.keystore.forget(t.a.keystore.static_key());
    t.load();
    t.world.run_for(Duration::seconds(20));
    CHECK(t.a.report(t.b).handshake_failure.find("the keystore refuses this friend") == 0);
  }
  SUBCASE("says nothing") {
    t.load();
    t.a.keystore_alive = false;
    t.a.asked.clear();
    t.b.keystore_alive = false;
    t.b.asked.clear();
    t.world.run_for(Duration::seconds(30));
    CHECK(t.a.report(t.b).handshake_failure == "the keystore does not answer");
  }
  CHECK_FALSE(t.a.up(t.b));
}

TEST_CASE("a cookie that the friend did not make is counted as forged, and the call goes on") {
  Two t;
  t.world.capture = true;
  t.world.lose = [](const Packet& p) { return p.bytes.size() != wire::kCookieReplySize; };
  t.load();
  t.world.run_for(Duration::millis(50));
  const auto call = std::ranges::find(t.world.captured, t.a.sockets[0], &Packet::from);
  REQUIRE(call != t.world.captured.end());
  const auto initiation = wire::parse_initiation(call->bytes);
  REQUIRE(initiation.ok());
  const ByteArray<64> garbage{0x17};
  Packet reply{std::vector<std::uint8_t>(wire::kCookieReplySize), t.b.sockets[0], t.a.sockets[0]};
  wire::write_cookie_reply(
      {initiation->sender, ByteView(garbage).first(24), ByteView(garbage).first(32)},
      std::span<std::uint8_t, wire::kCookieReplySize>(reply.bytes));
  const std::uint64_t before = t.a.counter("link.forged");
  t.world.send(reply);
  t.world.run_for(Duration::millis(50));
  CHECK(t.a.counter("link.forged") == before + 1);
  t.world.lose = nullptr;
  CHECK(t.both_up());
}

TEST_CASE("a keystore that names another friend than the one dialled makes no link") {
  Two t;
  const auto another = [&](KeystoreReply& reply) {
    auto* made = std::get_if<Established>(&reply.answer);
    if (made != nullptr) made->peer.fill(0x44);
  };
  t.a.twist = another;
  t.load();
  CHECK(t.world.run_until(
      [&] {
        return t.a.report(t.b).handshake_failure.starts_with("the friend's answer was refused: ");
      },
      Duration::seconds(2)));
  CHECK_FALSE(t.a.up(t.b));
  CHECK(t.a.ups.empty());
  t.a.twist = nullptr;
  CHECK(t.both_up(Duration::seconds(5)));
}

TEST_CASE("new keys wait until the control channel has room for their offer") {
  Two t;
  t.load();
  REQUIRE(t.both_up());
  t.world.run_for(Duration::seconds(118));
  t.world.lose = [](const Packet&) { return true; };
  std::size_t said = 0;
  for (Node* node : {&t.a, &t.b}) {
    node->step([&] {
      Node& other = node == &t.a ? t.b : t.a;
      while (node->links->send_control(node->slot(other), {wire::NameAsk{7, "x"}}, t.world.now)) {
        REQUIRE(++said < 200);
      }
    });
  }
  t.world.run_for(Duration::seconds(6));
  CHECK(t.a.counter("link.rekeys_made") + t.b.counter("link.rekeys_made") == 0);
  t.world.lose = nullptr;
  t.world.run_for(Duration::seconds(8));
  CHECK(t.a.controls.size() + t.b.controls.size() == said);
  CHECK(t.a.counter("link.rekeys_made") + t.b.counter("link.rekeys_made") >= 1);
  CHECK(t.exchange());
  CHECK(t.a.downs + t.b.downs == 0);
}

TEST_CASE(
    "an answer to an offer of new keys that does not fit it is malformed, the true one counts") {
  std::uint64_t malformed = 0;
  for (const bool a_lies : {true, false}) {
    Two t;
    Node& liar = a_lies ? t.a : t.b;
    Node& other = a_lies ? t.b : t.a;
    t.load();
    REQUIRE(t.both_up());
    t.world.run_for(Duration::seconds(118));
    t.world.lose = [&](const Packet& p) { return p.from.ip == other.sockets[0].ip; };
    t.world.run_for(Duration::seconds(5));
    ByteArray<wire::kRekeyMessage> noise{};
    noise.fill(0x5a);
    liar.step([&] {
      const wire::RekeyAnswer answer{{wire::kFirstReceiverIndex}, noise};
      CHECK(liar.links->send_control(liar.slot(other), {answer}, t.world.now));
    });
    t.world.run_for(Duration::millis(200));
    malformed += other.counter("link.malformed");
    t.world.lose = nullptr;
    t.world.run_for(Duration::seconds(8));
    CHECK(t.a.counter("link.rekeys_made") + t.b.counter("link.rekeys_made") >= 1);
    CHECK(t.exchange());
  }
  CHECK(malformed == 1);  // one of the two had offered
}

TEST_CASE("a cell under keys that have ended is refused by a router that slept over their end") {
  Two t;
  t.load();
  REQUIRE(t.both_up());
  t.world.run_for(Duration::seconds(1));
  std::vector<Packet> held;
  t.a.steal = [&](const Posting&, const Packet& p) {
    held.push_back(p);
    return true;
  };
  t.a.send_data(t.a.slot(t.b), Lane::Bulk, CellSize::Large);
  REQUIRE(held.size() == 1);
  t.world.now = t.world.now + kRefuseAfter;
  t.b.receive(held[0], 0);
  CHECK(t.b.counter("link.expired") == 1);
  CHECK(t.b.cells.empty());
}

TEST_CASE("handshakes with an index that nobody has, or where only data goes, are refused") {
  Two t;
  t.load();
  REQUIRE(t.both_up());
  const ByteArray<wire::kInitiationNoise> noise{0x21};
  Packet call{std::vector<std::uint8_t>(wire::kInitiationSize), t.a.sockets[0], t.b.sockets[0]};
  const std::span<std::uint8_t, wire::kInitiationSize> bytes(call.bytes);
  wire::write_initiation({wire::kFirstReceiverIndex, noise}, bytes);
  const std::size_t asks = t.b.asks;
  t.b.receive(call, 1);
  CHECK(t.b.counter("link.wrong_type") == 1);
  wire::write_initiation({wire::kFirstReceiverIndex - 1, noise}, bytes);
  crypto::put_mac1(crypto::mac1_key(t.b.keystore.static_key()), call.bytes);
  t.b.receive(call, 0);
  CHECK(t.b.counter("link.wrong_type") == 2);
  const ByteArray<64> garbage{0x17};
  Packet reply{std::vector<std::uint8_t>(wire::kCookieReplySize), t.a.sockets[0], t.b.sockets[0]};
  wire::write_cookie_reply(
      {wire::kFirstReceiverIndex, ByteView(garbage).first(24), ByteView(garbage).first(32)},
      std::span<std::uint8_t, wire::kCookieReplySize>(reply.bytes));
  const std::uint64_t refused = t.b.counter("link.handshakes_refused");
  t.b.receive(reply, 0);
  CHECK(t.b.counter("link.handshakes_refused") == refused + 1);
  CHECK(t.b.asks == asks);
  CHECK(t.exchange());
}
