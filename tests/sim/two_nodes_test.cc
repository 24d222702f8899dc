// SPDX-License-Identifier: Apache-2.0
// Two routers on a virtual network. A failure names its seed; the run is the same every time.
#include <doctest/doctest.h>

#include "tests/sim/world.h"
#include "wire/ip.h"

using namespace covfefe;
using namespace covfefe::sim;

namespace {

bool pinged(Pair& world, Node& from, Node& to, Duration within) {
  static constexpr std::uint16_t kFirst = 60'000;
  const std::size_t before = from.pongs();
  std::uint16_t next = kFirst;
  const Instant start = world.now;
  return world.run_until(within, [&] {
    const auto due = static_cast<std::uint16_t>((world.now - start).nanoseconds / 50'000'000);
    if (kFirst + due >= next) from.ping(to, static_cast<std::uint16_t>(next++ + before));
    return from.pongs() > before;
  });
}

bool both_up(Pair& world) {
  return world.alice.session_up() && world.bob.session_up();
}

void settle(Pair& world) {
  REQUIRE(world.run_until(Duration::seconds(5), [&] { return both_up(world); }));
}

std::size_t ping_series(Pair& world, std::uint16_t count, Duration gap) {
  for (std::uint16_t i = 0; i < count; ++i) {
    world.alice.ping(world.bob, i);
    world.run(gap);
  }
  world.run(Duration::seconds(1));
  return world.alice.pongs();
}

}  // namespace

TEST_CASE("two friends come up by themselves and the first ping is answered within a second") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Pair world(seed);
    world.start();
    world.alice.ping(world.bob, 1);
    CHECK(world.run_until(Duration::seconds(1), [&] { return world.alice.pongs() == 1; }));
  }
}

TEST_CASE("both starting at nearly the same moment always end with a working session") {
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    CAPTURE(seed);
    Pair world(seed);
    world.weather.delay = Duration::micros(500 + static_cast<std::int64_t>(world.dice() * 40'000));
    world.weather.jitter = Duration::micros(static_cast<std::int64_t>(world.dice() * 10'000));
    world.alice.befriend(world.bob);
    world.bob.befriend(world.alice);
    const auto gap = Duration::micros(static_cast<std::int64_t>(world.dice() * 20'000));
    world.after(Duration{}, [&] { world.alice.boot(); });
    world.after(gap, [&] { world.bob.boot(); });
    world.run(Duration::millis(25));
    world.alice.ping(world.bob, 1);
    world.bob.ping(world.alice, 2);
    REQUIRE(world.run_until(Duration::seconds(2),
                            [&] { return world.alice.pongs() == 1 && world.bob.pongs() == 1; }));
  }
}

TEST_CASE("over a network that loses 5 %, reorders and doubles, nothing is delivered twice") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    Pair world(seed);
    world.weather = {0.05, 0.05, Duration::millis(10), Duration::millis(8)};
    world.start();
    settle(world);
    const std::size_t answered = ping_series(world, 1000, Duration::millis(20));
    CHECK(answered >= 850);  // 0.95² = 902 expected
    CHECK(world.alice.doubled == 0);
    CHECK(world.bob.doubled == 0);
    CHECK(world.alice.about().state == core::LinkState::Up);
  }
}

TEST_CASE("six hours of rekeys and renewals lose no packet") {
  Pair world(7);
  world.start();
  settle(world);
  CHECK(ping_series(world, 2160, Duration::seconds(10)) == 2160);
  CHECK(world.alice.counter("session.opened") >= 11);
}

TEST_CASE("after a restart of either side traffic resumes within a second") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    Pair world(seed);
    world.weather.jitter = Duration::millis(3);
    world.start();
    settle(world);
    world.run(Duration::millis(static_cast<std::int64_t>(world.dice() * 20'000)));
    Node& restarted = seed % 2 == 0 ? world.alice : world.bob;
    restarted.boot();
    CHECK(pinged(world, world.alice, world.bob, Duration::seconds(1)));
    CHECK(pinged(world, world.bob, world.alice, Duration::seconds(1)));
  }
}

TEST_CASE("a keystore that is dead for five hours ends nothing") {
  Pair world(11);
  world.start();
  settle(world);
  world.alice.keystore(false);
  world.bob.keystore(false);
  CHECK(ping_series(world, 1800, Duration::seconds(10)) == 1800);
  world.alice.keystore(true);
  world.bob.keystore(true);
  world.run(Duration::minutes(2));
  CHECK(pinged(world, world.bob, world.alice, Duration::seconds(1)));
}

TEST_CASE("without a keystore at the start the link comes up as soon as it is there") {
  Pair world(12);
  world.alice.befriend(world.bob);
  world.bob.befriend(world.alice);
  world.alice.keystore_attached(false);
  world.alice.boot();
  world.bob.boot();
  world.run(Duration::seconds(20));
  CHECK_FALSE(both_up(world));
  world.alice.keystore(true);
  CHECK(world.run_until(Duration::seconds(1), [&] { return both_up(world); }));
}

TEST_CASE("a node that moves to another address takes its session along") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Pair world(seed);
    world.start();
    settle(world);
    world.run(Duration::seconds(3));
    world.alice.move_to(*parse_address("198.51.100.9"));
    CHECK(pinged(world, world.alice, world.bob, Duration::seconds(3)));
    CHECK(pinged(world, world.bob, world.alice, Duration::seconds(1)));
    CHECK(world.bob.about().remote.ip == world.alice.ip);
    CHECK(world.alice.counter("session.opened") == 1);
  }
}

TEST_CASE("where large datagrams vanish, full-size packets still pass, in small cells") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    Pair world(seed);
    world.weather.largest = 1399;
    world.start();
    REQUIRE(world.run_until(Duration::seconds(20), [&] {
      return world.alice.about().small_mode && world.bob.about().small_mode && both_up(world);
    }));
    for (std::uint16_t i = 0; i < 20; ++i) {
      world.alice.ping(world.bob, {i, 1280});
      world.alice.ping(world.bob, {static_cast<std::uint16_t>(100 + i), 700});
      world.run(Duration::millis(50));
    }
    CHECK(world.alice.pongs() == 40);
  }
}

TEST_CASE("when data sockets cannot be reached everything goes over the control socket") {
  Pair world(3);
  world.weather.data_sockets_open = false;
  world.start();
  settle(world);
  CHECK(ping_series(world, 50, Duration::millis(100)) == 50);
  CHECK(world.alice.about().data_sockets == 0);
}

TEST_CASE("a shaper that goes and comes back costs a gap and no session") {
  Pair world(4);
  world.start();
  settle(world);
  CHECK(ping_series(world, 10, Duration::millis(100)) == 10);
  world.alice.shaper(false);
  world.alice.ping(world.bob, 500);
  world.run(Duration::seconds(2));
  CHECK_FALSE(world.alice.ponged(500));
  world.alice.shaper(true);
  CHECK(pinged(world, world.alice, world.bob, Duration::seconds(1)));
  CHECK(world.alice.counter("session.opened") == 1);
}

TEST_CASE("a removed friend gets nothing any more") {
  Pair world(5);
  world.start();
  settle(world);
  world.alice.feed(core::FriendTable{});
  const std::size_t before = world.bob.delivered.size();
  world.alice.ping(world.bob, 9);
  world.bob.ping(world.alice, 10);
  world.run(Duration::seconds(5));
  CHECK(world.bob.pongs() == 0);
  CHECK(world.alice.counter("tun.no_friend") == 1);
  // Bob may be told by his own router that nobody answers, and by nobody else.
  for (std::size_t i = before; i < world.bob.delivered.size(); ++i) {
    CHECK(world.bob.delivered[i][40] == 1);
  }
}

TEST_CASE("a friend that was removed and added again is reached again at once, from both sides") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Pair world(seed);
    world.start();
    settle(world);
    REQUIRE(pinged(world, world.bob, world.alice, Duration::seconds(1)));
    world.alice.feed(core::FriendTable{});
    world.run(Duration::millis(200 * static_cast<std::int64_t>(seed)));
    world.alice.push_friends();
    CHECK(pinged(world, world.bob, world.alice, Duration::seconds(3)));
    CHECK(pinged(world, world.alice, world.bob, Duration::seconds(1)));
  }
}

TEST_CASE("an operator's ping and questions are answered over a live session") {
  Pair world(6);
  world.start();
  settle(world);
  const RequestId asked =
      world.alice.ask(core::PingQuery{world.bob.keys.address(), Duration::seconds(1)});
  world.run(Duration::millis(100));
  const auto ping = world.alice.answer<core::PingReport>(asked);
  REQUIRE(ping);
  CHECK(ping->ok);
  CHECK(ping->rtt >= Duration::millis(10));
  CHECK(ping->rtt < Duration::millis(12));
  for (const core::Finding& finding : world.alice.why(world.bob.keys.address())) {
    CAPTURE(finding.what);
    CHECK(finding.ok);
  }
  const auto stranger = world.alice.why(*parse_address("fd77::1"));
  REQUIRE_FALSE(stranger.empty());
  CHECK_FALSE(stranger[0].ok);
  CHECK_FALSE(stranger[0].next.empty());
}
