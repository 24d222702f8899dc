// SPDX-License-Identifier: Apache-2.0
// Who gets in and how often: dialling, strangers, floods, cookies, captured and damaged datagrams.
#include <doctest/doctest.h>

#include "crypto/mac.h"
#include "tests/unit/core/link_world.h"
#include "wire/handshake.h"

using namespace covfefe;
using namespace covfefe::core;
using namespace covfefe::test;

namespace {

bool is_initiation(const Packet& p) {
  return p.bytes.size() == 256 && load_le<std::uint32_t>(p.bytes.data()) == 1;
}

}  // namespace

TEST_CASE("a wrong key, a stranger and a removed friend get silence") {
  Two t;
  Node& c = t.world.add();
  c.befriend(t.b);  // b does not know c
  t.load();
  c.load_friends();
  REQUIRE(t.both_up());
  t.world.capture = true;
  t.world.run_for(Duration::seconds(20));
  CHECK(!c.up(t.b));
  for (const Packet& p : t.world.captured) CHECK(p.to != c.sockets[0]);
  CHECK(c.report(t.b).handshake_failure.find("no answer") == 0);
  CHECK(c.report(t.b).state == LinkState::Down);
  t.b.table.all.clear();
  t.b.keystore.forget(t.a.keystore.static_key());
  t.b.load_friends();
  CHECK(t.b.gone == 1);
  t.world.run_for(Duration::seconds(30));
  CHECK(!t.a.up(t.b));
}

TEST_CASE("captured datagrams played again change nothing") {
  Two t;
  t.world.capture = true;
  t.load();
  REQUIRE(t.both_up());
  for (int i = 0; i < 20; ++i) t.exchange();
  const std::vector<Packet> all = t.world.captured;
  t.world.capture = false;
  const std::size_t cells = t.b.cells.size();
  const std::uint64_t made = t.b.counter("link.handshakes_made");
  for (const Packet& p : all) t.world.send(p);
  t.world.run_for(Duration::seconds(2));
  CHECK(t.b.cells.size() == cells);
  CHECK(t.b.counter("link.handshakes_made") == made);
  CHECK(t.b.counter("link.replayed") > 20);
  CHECK(t.a.downs + t.b.downs == 0);
  CHECK(t.exchange());
}

TEST_CASE("any flipped bit and any garbage is refused and counted") {
  Two t;
  t.load();
  REQUIRE(t.both_up());
  t.world.run_for(Duration::seconds(1));
  t.world.capture = true;
  t.a.send_data(t.a.slot(t.b), Lane::Bulk, CellSize::Small);
  REQUIRE(t.world.captured.size() == 1);
  const Packet cell = t.world.captured[0];
  const std::size_t cells = t.b.cells.size();
  for (std::size_t bit = 0; bit < cell.bytes.size() * 8; bit += 5) {
    Packet bad = cell;
    bad.bytes[bit / 8] = static_cast<std::uint8_t>(bad.bytes[bit / 8] ^ (1u << (bit % 8)));
    t.b.receive(bad, 1);
  }
  CHECK(t.b.cells.size() == cells);
  crypto::Drbg& random = t.a.random;
  for (std::size_t size = 0; size < 1500; ++size) {
    Packet junk{std::vector<std::uint8_t>(size), t.a.sockets[0], t.b.sockets[0]};
    random.fill(junk.bytes);
    t.b.receive(junk, static_cast<std::uint8_t>(size % 3));
  }
  CHECK(t.b.cells.size() == cells);
  t.world.run_for(Duration::millis(100));
  CHECK(t.b.cells.size() == cells + 1);
  CHECK(t.exchange());
}

TEST_CASE("many callers are asked for a cookie, and a friend gets in with one") {
  Two t;
  t.b.keystore_alive = false;  // its answers do not come: callers gather
  t.b.load_friends();
  // Anyone who knows b's key can make mac1 (A33): sixty first messages from sixty addresses.
  const crypto::PublicKey mac1 = crypto::mac1_key(t.b.keystore.static_key());
  const auto knock = [&](std::uint8_t host) {
    Packet p{std::vector<std::uint8_t>(256), {test_ip(50, host), 1000, 0}, t.b.sockets[0]};
    ByteArray<wire::kInitiationNoise> noise{};
    t.a.random.fill(noise);
    wire::write_initiation({0x1000u + host, noise},
                           std::span<std::uint8_t, 256>(p.bytes.data(), 256));
    crypto::put_mac1(mac1, p.bytes);
    t.b.receive(p, 0);
  };
  const std::size_t before = t.b.asks;
  for (std::uint8_t i = 0; i < 60; ++i) knock(i);
  CHECK(t.b.asks - before == 16);
  CHECK(t.b.counter("link.cookies_sent") == 44);
  t.b.keystore_alive = true;
  t.a.load_friends();
  CHECK(t.world.run_until([&] { return t.a.up(t.b); }, Duration::seconds(2)));
  CHECK(t.b.counter("link.cookies_sent") >= 45);
}

TEST_CASE("a friend that starts anew gets in beside a flood that uses up strangers' cookies") {
  Two t;
  t.load();
  REQUIRE(t.both_up());
  const crypto::PublicKey mac1 = crypto::mac1_key(t.b.keystore.static_key());
  std::uint32_t number = 0;
  const auto flood = [&] {
    for (int i = 0; i < 5; ++i, ++number) {  // 50,000 a second, each from another address
      const Address from = test_ip(static_cast<std::uint8_t>(50 + number / 250 % 100),
                                   static_cast<std::uint8_t>(1 + number % 250));
      Packet p{std::vector<std::uint8_t>(256), {from, 1000, 0}, t.b.sockets[0]};
      ByteArray<wire::kInitiationNoise> noise{};
      t.a.random.fill(noise);
      wire::write_initiation({0x1000u + number, noise},
                             std::span<std::uint8_t, 256>(p.bytes.data(), 256));
      crypto::put_mac1(mac1, p.bytes);
      t.b.receive(p, 0);
      while (!t.b.asked.empty()) t.b.answer_keystore();
    }
    t.world.run_for(Duration::micros(97));
  };
  for (int i = 0; i < 10'000; ++i) flood();
  for (int life = 0; life < 5; ++life) {
    CAPTURE(life);
    t.a.restart_router();
    int took = 0;
    while (took < 30'000 && !t.a.up(t.b)) {
      flood();
      ++took;
    }
    CHECK(took < 10'000);  // a second
  }
  // Its cookies stood in its own queue, not behind those of strangers.
  std::size_t cookies = 0;
  for (const Node::Left& one : t.b.left) {
    if (one.posting.length != wire::kCookieReplySize || one.posting.to != t.a.sockets[0]) continue;
    ++cookies;
    CHECK(link_of(one.posting.flow) != 0);
  }
  CHECK(cookies != 0);
}

TEST_CASE("no flood makes more than 200 questions a second or 64 at a time to the keystore") {
  Two t;
  t.b.load_friends();
  const crypto::PublicKey mac1 = crypto::mac1_key(t.b.keystore.static_key());
  const std::size_t before = t.b.asks;
  for (int i = 0; i < 5000; ++i) {
    Packet p{std::vector<std::uint8_t>(256), {test_ip(50, 1), 1000, 0}, t.b.sockets[0]};
    ByteArray<wire::kInitiationNoise> noise{};
    t.a.random.fill(noise);
    wire::write_initiation({0x1000, noise}, std::span<std::uint8_t, 256>(p.bytes.data(), 256));
    if (i % 2 == 0) crypto::put_mac1(mac1, p.bytes);
    t.b.receive(p, 0);
    while (!t.b.asked.empty()) t.b.answer_keystore();
    if (i % 5 == 0) t.world.now = t.world.now + Duration::millis(1);
  }
  CHECK(t.b.asks - before <= 110);  // 50 at once and 50 in that second, without a cookie
}

TEST_CASE("handshakes wait for the keystore and start at once when it comes back") {
  Two t;
  t.a.keystore_alive = false;
  t.a.step([&] { t.a.links->keystore_down(); });
  t.b.table.all[0].endpoints.clear();
  t.load();
  t.world.run_for(Duration::seconds(20));
  CHECK(!t.a.up(t.b));
  t.a.keystore_alive = true;
  t.a.step([&] { t.a.links->keystore_up(); });
  CHECK(t.both_up(Duration::millis(100)));
}

TEST_CASE("an attempt that is lost is repeated after 0.25, 0.5, 1, 2 and then 5 seconds") {
  Two t;
  t.world.lose = [](const Packet&) { return true; };
  t.world.capture = true;
  t.a.load_friends();
  std::vector<std::int64_t> times;
  const Instant start = t.world.now;
  for (int i = 0; i < 2500; ++i) {
    t.world.run_for(Duration::millis(10));
    for (const Packet& p : t.world.captured) {
      if (is_initiation(p)) times.push_back((t.world.now - start).nanoseconds / 1'000'000);
    }
    t.world.captured.clear();
  }
  REQUIRE(times.size() >= 7);
  const std::array<std::int64_t, 6> wanted{250, 500, 1000, 2000, 5000, 5000};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::int64_t gap = times[i + 1] - times[i];
    CHECK(gap >= wanted[i] - 10);
    CHECK(gap <= wanted[i] * 5 / 4 + 10);
  }
}

TEST_CASE("a node with two hundred friends dials fifty a second") {
  World world;
  Node& hub = world.add();
  hub.keystore_alive = true;
  for (int i = 0; i < 200; ++i) {
    Friend f;
    f.id = {static_cast<std::uint32_t>(i + 1)};
    f.static_key[0] = static_cast<std::uint8_t>(i + 1);
    f.static_key[5] = 9;
    f.endpoints = {{test_ip(7, static_cast<std::uint8_t>(i)), 6363, 0}};
    f.idle = IdleLane::Off;
    hub.keystore.befriend(f.static_key);
    hub.table.all.push_back(f);
  }
  world.capture = true;
  hub.load_friends();
  world.run_for(Duration::millis(10));
  const auto dialled = [&] {
    std::set<Endpoint> to;
    for (const Packet& p : world.captured) {
      if (is_initiation(p)) to.insert(p.to);
    }
    return to.size();
  };
  CHECK(dialled() == 50);
  world.captured.clear();
  world.run_for(Duration::seconds(1));
  CHECK(world.captured.size() <= 51);
  CHECK(world.captured.size() >= 49);
}
