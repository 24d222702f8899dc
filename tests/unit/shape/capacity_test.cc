// SPDX-License-Identifier: Apache-2.0
// The estimate against a slow model of the uplink (uplink_world.h): how long a queue stands after a
// cliff, how soon a rise is used, and what must not move it. A cliff by ten makes nine seconds of
// queue a second until its first sign has come back, one round trip later at the soonest; the
// bounds on such queues say so.
#include <doctest/doctest.h>

#include <algorithm>

#include "uplink_world.h"

namespace covfefe::test {
namespace {

constexpr std::uint64_t kFast = 6'250'000;  // 50 Mbit/s
constexpr std::uint64_t kHome = 1'250'000;  // 10 Mbit/s

std::uint64_t usable(std::uint64_t rate) {
  return rate / 100 * 97;
}

UplinkPlan plan(int links, std::uint64_t rate, Duration rtt) {
  UplinkPlan out;
  out.rates = {{Instant{}, rate}};
  out.settings.ceiling = usable(rate);
  out.buffer = rate;
  for (int i = 0; i < links; ++i) {
    FriendPath path;
    path.there = path.back = rtt / 2;
    out.friends.push_back(path);
  }
  return out;
}

Instant at(int seconds) {
  return Instant{} + Duration::seconds(seconds);
}

void offer(UplinkPlan& plan, std::uint64_t rate) {
  for (FriendPath& path : plan.friends) path.demand = rate / plan.friends.size();
}

}  // namespace

TEST_CASE("below a ceiling that the uplink carries nothing is cut and no queue stands") {
  for (const int links : {1, 3, 8, 64}) {
    CAPTURE(links);
    UplinkWorld world(plan(links, kHome, Duration::millis(50)));
    world.run(Duration::seconds(1));
    const Seen seen = world.run(Duration::seconds(20));
    CHECK(seen.used() >= 0.965);
    CHECK(seen.percentile(95) <= Duration::millis(5));
    CHECK(world.capacity().estimate().cuts == 0);
    CHECK(world.capacity().estimate().rate == usable(kHome));
  }
}

TEST_CASE("after the uplink falls to a tenth the queue is gone soon and the rest is used") {
  for (const int links : {1, 3, 8}) {
    for (const int rtt : {10, 50, 150}) {
      CAPTURE(links);
      CAPTURE(rtt);
      UplinkPlan cliff = plan(links, kFast, Duration::millis(rtt));
      cliff.rates.push_back({at(5), kFast / 10});
      UplinkWorld world(cliff);
      world.run(Duration::seconds(5));
      const Seen fall = world.run(Duration::seconds(8));
      CHECK(fall.long_queue <= Duration::millis(12 * (rtt + 130)));
      const Seen after = world.run(Duration::seconds(10));
      CHECK(after.used() >= 0.92);
      CHECK(after.percentile(95) <= Duration::millis(60));
      CHECK(world.capacity().estimate().cuts >= 1);
    }
  }
}

TEST_CASE("after the uplink falls to half a queue of more than 30 ms is short") {
  for (const int links : {1, 3, 8}) {
    CAPTURE(links);
    UplinkPlan cliff = plan(links, 2 * kHome, Duration::millis(50));
    cliff.rates.push_back({at(5), kHome});
    UplinkWorld world(cliff);
    world.run(Duration::seconds(5));
    CHECK(world.run(Duration::seconds(5)).long_queue <= Duration::millis(300));
    const Seen after = world.run(Duration::seconds(10));
    CHECK(after.used() >= 0.95);
    CHECK(after.percentile(95) <= Duration::millis(10));
  }
}

TEST_CASE("a rise to ten times is used to nine tenths within 16 round trips and 0.3 s") {
  for (const int rtt : {10, 50, 150}) {
    CAPTURE(rtt);
    UplinkPlan rise = plan(1, kFast, Duration::millis(rtt));
    rise.rates = {{at(0), kFast / 10}, {at(10), kFast}};
    UplinkWorld world(rise);
    world.run(Duration::seconds(10));
    CHECK(world.until_used(0.9, Duration::seconds(10)).as_millis() <= 16 * rtt + 300);
  }
}

TEST_CASE("a rise to twice is used to nine tenths within 10 round trips and 0.3 s") {
  for (const int rtt : {10, 50}) {
    CAPTURE(rtt);
    UplinkPlan rise = plan(1, 2 * kHome, Duration::millis(rtt));
    rise.rates = {{at(0), kHome}, {at(10), 2 * kHome}};
    UplinkWorld world(rise);
    world.run(Duration::seconds(10));
    CHECK(world.until_used(0.9, Duration::seconds(10)) <= Duration::millis(10 * rtt + 300));
  }
}

TEST_CASE("without a ceiling the uplink is learned from the first congestion") {
  for (const int links : {1, 3, 8}) {
    CAPTURE(links);
    UplinkPlan open = plan(links, kHome, Duration::millis(50));
    open.settings.ceiling = 0;
    offer(open, 8 * kHome);
    UplinkWorld world(open);
    CHECK(world.capacity().estimate().rate == 0);
    world.run(Duration::seconds(3));
    const Seen after = world.run(Duration::seconds(20));
    CHECK(after.used() >= 0.95);
    CHECK(after.percentile(95) <= Duration::millis(20));
    CHECK(world.capacity().estimate().capacity >= kHome * 9 / 10);
    CHECK(world.capacity().estimate().capacity <= kHome * 11 / 10);
  }
}

TEST_CASE("friends whose processes pause now and then do not bring the rate down") {
  for (const int links : {1, 3, 8}) {
    CAPTURE(links);
    UplinkWorld world(plan(links, kHome, Duration::millis(10)));
    world.run(Duration::seconds(3));
    std::uint64_t served = 0;
    std::uint64_t possible = 0;
    std::uint64_t least = kHome;
    for (int pause = 20; pause < 160; pause += 5) {
      world.pause_friend(0, Duration::millis(pause));
      for (int i = 0; i < 300; ++i) {
        const Seen seen = world.run(Duration::millis(1));
        served += seen.served;
        possible += seen.possible;
        least = std::min(least, world.capacity().estimate().settled);
      }
      const Seen seen = world.run(Duration::seconds(1));
      served += seen.served;
      possible += seen.possible;
    }
    CHECK(served * 100 >= possible * 92);
    CHECK(least >= kHome / 2);  // admission never hears of it
    CHECK(world.capacity().estimate().capacity >= kHome * 9 / 10);
  }
}

TEST_CASE("without a ceiling and below what is carried nothing is ever limited") {
  for (const int rtt : {1, 50}) {
    CAPTURE(rtt);
    UplinkPlan open = plan(2, 10 * kHome, Duration::millis(rtt));
    open.settings.ceiling = 0;
    offer(open, 4 * kHome);
    UplinkWorld world(open);
    for (int pause = 10; pause < 160; pause += 10) {
      world.pause_friend(0, Duration::millis(pause));
      world.pause_friend(1, Duration::millis(pause));
      world.run(Duration::millis(700));
    }
    CHECK(world.capacity().estimate().rate == 0);
    CHECK(world.capacity().estimate().cuts == 0);
  }
}

TEST_CASE("bursts after pauses on a short path are not taken for a queue") {
  UplinkPlan open = plan(1, 100 * kHome, Duration::millis(1));
  open.settings.ceiling = 8 * kHome;  // far below what the line carries
  UplinkWorld world(open);
  world.run(Duration::seconds(1));
  for (int burst = 0; burst < 200; ++burst) {
    // What a TCP sender does whose timer ran out.
    world.set_demand(0, 3 * kHome, 1);
    world.run(Duration::millis(20 + burst % 7));
    world.set_demand(0, 3 * kHome, 0);
    world.run(Duration::millis(5 + burst * 37 % 250));
  }
  CHECK(world.capacity().estimate().cuts == 0);
  CHECK(world.capacity().estimate().capacity == 8 * kHome);
}

TEST_CASE("one congested path is held back alone") {
  for (const int links : {2, 8}) {
    CAPTURE(links);
    UplinkPlan one = plan(links, kHome, Duration::millis(50));
    one.friends[0].rate = 50'000;
    UplinkWorld world(one);
    const Seen seen = world.run(Duration::seconds(40));
    CHECK(seen.used() >= 0.96);
    CHECK(world.capacity().estimate().cuts == 0);
    CHECK(world.cap_of(0) >= 30'000);
    CHECK(world.cap_of(0) <= 55'000);
    CHECK(world.cap_of(1) == 0);
  }
}

TEST_CASE("a policer is found, and what it takes is used without much loss") {
  UplinkPlan policed = plan(3, 10 * kHome, Duration::millis(50));
  policed.settings.ceiling = 0;
  policed.policer_rate = kHome;
  policed.policer_depth = 30'000;
  offer(policed, 4 * kHome);
  UplinkWorld world(policed);
  world.run(Duration::seconds(5));
  const std::uint64_t before = world.run(Duration::seconds(20)).served;
  CHECK(before >= 20 * kHome * 9 / 10);
  CHECK(world.capacity().estimate().capacity > 0);
  CHECK(world.capacity().estimate().capacity <= kHome * 12 / 10);
}

TEST_CASE("loss that a lower rate does not cure is not answered") {
  for (const std::uint32_t loss : {20u, 80u}) {
    CAPTURE(loss);
    UplinkPlan lossy = plan(3, kHome, Duration::millis(50));
    for (FriendPath& path : lossy.friends) path.loss = loss;
    UplinkWorld world(lossy);
    CHECK(world.run(Duration::seconds(30)).used() >= 0.92);
    CHECK(world.capacity().estimate().capacity >= kHome * 3 / 4);
  }
}

TEST_CASE("jitter of 15 ms is not a queue") {
  UplinkPlan jittery = plan(1, kHome, Duration::millis(50));
  jittery.friends[0].jitter = Duration::millis(15);
  UplinkWorld world(jittery);
  CHECK(world.run(Duration::seconds(60)).used() >= 0.965);
  CHECK(world.capacity().estimate().cuts == 0);
}

TEST_CASE("while nothing passes little is sent, and then at once as much as before") {
  UplinkPlan silent = plan(3, kHome, Duration::millis(50));
  silent.rates.push_back({at(5), 0});
  silent.rates.push_back({at(8), kHome});
  UplinkWorld world(silent);
  world.run(Duration::millis(7'500));
  CHECK(world.capacity().estimate().state == shape::CapacityState::Stall);
  CHECK(world.capacity().estimate().rate <= kHome / 10);
  world.run(Duration::millis(2'000));
  CHECK(world.run(Duration::seconds(5)).used() >= 0.9);
}

TEST_CASE("one friend that lies neither takes the uplink nor makes it overflow") {
  for (const Lie lie : {Lie::Fast, Lie::FastQueued, Lie::FastLossy}) {
    for (const int links : {2, 5, 8}) {
      CAPTURE(static_cast<int>(lie));
      CAPTURE(links);
      for (const std::uint64_t ceiling : {std::uint64_t{0}, usable(kHome)}) {
        CAPTURE(ceiling);
        UplinkPlan of = plan(links, kHome, Duration::millis(50));
        of.settings.ceiling = ceiling;
        if (ceiling == 0) offer(of, kHome / 2 * 3);
        of.friends[0].lie = lie;
        UplinkWorld world(of);
        world.run(Duration::seconds(2));
        const Seen seen = world.run(Duration::seconds(15));
        CHECK(seen.used() >= 0.9);
        // Half of what is sent to two friends is the liar's.
        CHECK(seen.percentile(95) <= Duration::millis(200));
        CHECK(seen.percentile(50) <= Duration::millis(links == 2 ? 100 : 40));
      }
    }
  }
}

TEST_CASE("the same inputs give the same outputs") {
  UplinkPlan noisy = plan(5, kFast, Duration::millis(30));
  noisy.rates.push_back({at(2), kFast / 3});
  noisy.rates.push_back({at(5), kFast});
  for (FriendPath& path : noisy.friends) path.jitter = Duration::millis(4);
  UplinkWorld one(noisy);
  UplinkWorld other(noisy);
  one.run(Duration::seconds(8));
  other.run(Duration::seconds(3));
  other.run(Duration::seconds(5));
  CHECK(one.capacity().estimate().probes > 0);
  CHECK(one.capacity().estimate().rate == other.capacity().estimate().rate);
  CHECK(one.capacity().estimate().probes == other.capacity().estimate().probes);
  CHECK(one.capacity().estimate().queue == other.capacity().estimate().queue);
}

}  // namespace covfefe::test
