// SPDX-License-Identifier: Apache-2.0
// The same two routers, and somebody in between or beside them.
#include <doctest/doctest.h>

#include "tests/sim/world.h"

using namespace covfefe;
using namespace covfefe::sim;

namespace {

const Endpoint kStranger{*parse_address("203.0.113.66"), 4444, 0};

void settle(Pair& world) {
  REQUIRE(world.run_until(Duration::seconds(5),
                          [&] { return world.alice.session_up() && world.bob.session_up(); }));
}

std::size_t ping_series(Pair& world, std::uint16_t first, std::uint16_t count) {
  const std::size_t before = world.alice.pongs();
  for (std::uint16_t i = 0; i < count; ++i) {
    world.alice.ping(world.bob, static_cast<std::uint16_t>(first + i));
    world.run(Duration::millis(20));
  }
  world.run(Duration::seconds(1));
  return world.alice.pongs() - before;
}

}  // namespace

TEST_CASE("a packet whose source is not this node never leaves it") {
  Pair world(1);
  world.start();
  settle(world);
  world.alice.ping(world.bob, 1);
  world.run(Duration::millis(100));
  Bytes forged = world.bob.delivered.back();  // alice's request, as a template
  forged[8 + 15] ^= 1;
  const std::size_t before = world.bob.delivered.size();
  world.alice.tun(forged);
  world.run(Duration::seconds(1));
  CHECK(world.bob.delivered.size() == before);
  CHECK(world.alice.counter("tun.foreign_source") == 1);
}

TEST_CASE("what is delivered has the friend's address as source and the own one as destination") {
  Pair world(2);
  world.start();
  settle(world);
  CHECK(ping_series(world, 1, 20) == 20);
  for (const Bytes& packet : world.bob.delivered) {
    CHECK(std::equal(packet.begin() + 8, packet.begin() + 24,
                     world.alice.keys.address().bytes.begin()));
    CHECK(std::equal(packet.begin() + 24, packet.begin() + 40,
                     world.bob.keys.address().bytes.begin()));
  }
}

TEST_CASE("with a wrong key on one side nothing comes up, and why says where it hangs") {
  Pair world(3);
  world.alice.befriend(world.bob, {.key = Friendship::Key::Wrong});
  world.bob.befriend(world.alice);
  world.alice.boot();
  world.bob.boot();
  world.alice.ping(world.bob, 1);
  world.run(Duration::seconds(30));
  CHECK_FALSE(world.alice.session_up());
  CHECK(world.bob.delivered.empty());
  bool told = false;
  for (const core::Finding& finding : world.alice.why(world.bob.keys.address())) {
    told = told || (!finding.ok && !finding.next.empty());
  }
  CHECK(told);
}

TEST_CASE("captured datagrams played again deliver nothing and move nothing") {
  Pair world(4);
  std::vector<Datagram> captured;
  world.tap = [&](Datagram& d) {
    captured.push_back(d);
    return true;
  };
  world.start();
  settle(world);
  CHECK(ping_series(world, 1, 100) == 100);
  world.tap = [](Datagram&) { return true; };
  const std::size_t at_alice = world.alice.delivered.size();
  const std::size_t at_bob = world.bob.delivered.size();
  for (Datagram d : captured) {
    d.from = kStranger;
    world.send(d);
    world.run(Duration::millis(1));
  }
  world.run(Duration::seconds(2));
  CHECK(world.alice.delivered.size() == at_alice);
  CHECK(world.bob.delivered.size() == at_bob);
  CHECK(world.alice.about().remote.ip == world.bob.ip);
  CHECK(ping_series(world, 1000, 50) == 50);
  CHECK(world.alice.counter("session.opened") == 1);
}

TEST_CASE("mutated copies beside every datagram change nothing") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    Pair world(seed);
    bool busy = false;
    world.tap = [&](Datagram& d) {
      if (busy) return true;
      busy = true;
      Datagram bent = d;
      const std::size_t bit = world.random() % (bent.bytes.size() * 8);
      bent.bytes[bit / 8] = static_cast<std::uint8_t>(bent.bytes[bit / 8] ^ 1u << bit % 8);
      world.send(bent);
      busy = false;
      return true;
    };
    world.start();
    settle(world);
    CHECK(ping_series(world, 1, 300) == 300);
    CHECK(world.bob.doubled == 0);
    CHECK(world.alice.counter("circuit.bad_tag") == 0);
  }
}

TEST_CASE("a flood of garbage draws no answer, no keystore work and no lost packet") {
  Pair world(6);
  world.start();
  settle(world);
  std::size_t answers = 0;
  world.tap = [&](Datagram& d) {
    if (d.to.ip == kStranger.ip) ++answers;
    return true;
  };
  const std::size_t asked = world.bob.asked;
  static constexpr std::size_t kSizes[] = {0, 1, 16, 64, 255, 256, 257, 1399, 1400, 1401, 1472};
  for (int i = 0; i < 20'000; ++i) {
    Datagram d{kStranger, {world.bob.ip, kControlPort, 0}, {}};
    d.to.port = static_cast<std::uint16_t>(kControlPort + world.random() % 3);
    d.bytes.resize(kSizes[world.random() % std::size(kSizes)]);
    for (auto& b : d.bytes) b = static_cast<std::uint8_t>(world.random());
    // Half of them look like handshakes.
    if (d.bytes.size() >= 4 && i % 2 == 0) {
      store_le<std::uint32_t>(d.bytes.data(), static_cast<std::uint32_t>(1 + i / 2 % 3));
    }
    world.send(d);
    if (i % 20 == 0) world.run(Duration::millis(1));
  }
  world.run(Duration::seconds(1));
  CHECK(answers == 0);
  CHECK(world.bob.asked <= asked + 1);  // a certificate may have been due
  world.tap = [](Datagram&) { return true; };
  CHECK(ping_series(world, 1, 50) == 50);
}

TEST_CASE("garbage from the TUN never reaches the friend") {
  Pair world(8);
  world.start();
  settle(world);
  const std::size_t before = world.bob.delivered.size();
  for (int i = 0; i < 5'000; ++i) {
    Bytes packet(world.random() % 1500);
    for (auto& b : packet) b = static_cast<std::uint8_t>(world.random());
    if (!packet.empty() && i % 2 == 0) packet[0] = 0x60;
    world.alice.tun(packet);
  }
  world.run(Duration::seconds(1));
  CHECK(world.bob.delivered.size() == before);
  CHECK(ping_series(world, 1, 20) == 20);
}
