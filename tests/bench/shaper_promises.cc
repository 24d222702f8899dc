// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <random>
#include <vector>

#include "shape/scheduler.h"
#include "shaper_micro.h"

namespace covfefe::bench {
namespace {

using shape::Decision;
using shape::Scheduler;

constexpr Instant kStart{1'000'000'000};
constexpr std::uint16_t kLarge = 1'448;
constexpr std::uint16_t kSmall = 304;
constexpr std::uint64_t kUplink = 12'500'000;  // 100 Mbit/s

// A line in virtual time, woken as late as a timer of a busy machine wakes: up to 140 us.
struct World {
  Scheduler scheduler;
  Instant now = kStart;
  std::uint64_t wakes = 0;
  std::uint64_t sent = 0;
  std::mt19937_64 random{5};
  Duration lateness = Duration::micros(140);
  std::function<void(const shape::Item&)> seen = [](const shape::Item&) {};
  std::array<Decision, 64> out{};

  World(std::uint32_t links, std::uint64_t rate)
      : scheduler({.flows = links * kFlowsPerLink,
                   .items = links * 16 + 1'024,
                   .total_bytes = 1ULL << 40}) {
    scheduler.set_rate(rate);
  }
  void add(std::uint32_t link, FlowClass as, std::uint16_t wire, std::uint32_t frame = 0) {
    (void)scheduler.enqueue({.frame = frame, .flow = flow_of(link, as), .length = 1, .wire = wire},
                            shape::Pace::Now, now);
  }
  // Whatever leaves is told and, where it is bulk, queued again: the flow always wants more.
  void look() {
    ++wakes;
    for (std::size_t count = out.size(); count == out.size();) {
      count = scheduler.dequeue(now, out);
      for (std::size_t i = 0; i < count; ++i) {
        const shape::Item& item = out[i].item;
        if (out[i].verdict == shape::Verdict::Send) {
          sent += item.wire;
          seen(item);
        }
        if (class_of(item.flow) == FlowClass::Bulk) {
          (void)scheduler.enqueue(item, shape::Pace::Now, now);
        }
      }
    }
  }
  void run_until(Instant end, const std::function<Instant()>& feed) {
    while (now < end) {
      const Instant next_feed = feed();
      look();
      const auto late = static_cast<std::int64_t>(
          random() % static_cast<std::uint64_t>(lateness.nanoseconds + 1));
      const Instant wake = std::max(scheduler.next_deadline(), now) + Duration{late};
      now = std::max(now + Duration{1}, std::min({end, next_feed, wake}));
    }
  }
  void run_until(Instant end) {
    run_until(end, [] { return Instant::never(); });
  }
  void backlog(std::uint32_t links, std::uint32_t each) {
    for (std::uint32_t i = 0; i < each; ++i) {
      for (std::uint32_t link = 0; link < links; ++link) add(link, FlowClass::Bulk, kLarge);
    }
  }
};

void total_rate() {
  double worst = 0;
  for (const std::uint64_t rate : {kUplink / 100, kUplink / 10, kUplink, kUplink * 5}) {
    World world(100, rate);
    world.backlog(100, 3);
    world.run_until(kStart + Duration::millis(200));
    for (int second = 0; second < 5; ++second) {
      const std::uint64_t before = world.sent;
      world.run_until(world.now + Duration::seconds(1));
      const double got = static_cast<double>(world.sent - before);
      // The datagram at either edge is whole.
      const double off = std::max(0.0, std::fabs(got - static_cast<double>(rate)) - kLarge);
      worst = std::max(worst, 100 * off / static_cast<double>(rate));
    }
  }
  row("rate_error_1s", worst, "%", "largest, any second at 1..500 Mbit/s (virtual time)");
}

// Reserves, weights, everybody wants more: each is owed its reserve and its part of the rest.
void per_flow() {
  constexpr std::uint32_t kLinks = 200;
  World world(kLinks, kUplink);
  std::vector<std::uint64_t> reserve(kLinks);
  std::vector<std::uint32_t> weight(kLinks);
  std::uint64_t reserves = 0;
  std::uint32_t weights = 0;
  for (std::uint32_t link = 0; link < kLinks; ++link) {
    reserve[link] = link % 3 == 0 ? world.random() % 100'000 : 0;
    weight[link] = 1 + static_cast<std::uint32_t>(world.random() % 4);
    reserves += reserve[link];
    weights += weight[link];
    world.scheduler.set_link(link, {.share = {reserve[link], 0, weight[link]}});
  }
  world.backlog(kLinks, 12);  // never empty within a look
  world.run_until(kStart + Duration::seconds(2));
  std::vector<std::uint64_t> before(kLinks);
  const auto sent = [&](std::uint32_t link) { return world.scheduler.of_link(link).sent_bytes; };
  for (std::uint32_t link = 0; link < kLinks; ++link) before[link] = sent(link);
  world.run_until(world.now + Duration::seconds(10));
  double worst = 0;
  for (std::uint32_t link = 0; link < kLinks; ++link) {
    const double owed = 10.0 * (static_cast<double>(reserve[link]) +
                                static_cast<double>(kUplink - reserves) * weight[link] / weights);
    const double off = std::fabs(static_cast<double>(sent(link) - before[link]) - owed);
    worst = std::max(worst, 100 * std::max(0.0, off - kLarge) / owed);
  }
  row("flow_error_10s", worst, "%", "largest beyond one cell, 200 flows, 2 s..12 s (virtual time)");
}

void jain() {
  World world(1'000, kUplink);
  world.backlog(1'000, 3);
  world.run_until(kStart + Duration::seconds(30));
  double sum = 0;
  double squares = 0;
  for (std::uint32_t link = 0; link < 1'000; ++link) {
    const auto one = static_cast<double>(world.scheduler.of_link(link).sent_bytes);
    sum += one;
    squares += one * one;
  }
  row("jain_1k", sum * sum / (1'000 * squares), "", "1,000 equal flows, 30 s (virtual time)");
}

// A stream of small cells at exactly its lease beside flows that want three times the line.
struct Stream {
  std::uint64_t rate = 0;
  Instant next = kStart;
  std::uint64_t came = 0;
  std::uint64_t left = 0;
};

void leases() {
  constexpr std::uint32_t kFlood = 4'000;
  constexpr std::uint32_t kStreams = 100;
  World world(kFlood + kStreams, kUplink);
  std::vector<Stream> streams(kStreams);
  for (std::uint32_t i = 0; i < kStreams; ++i) {
    streams[i].rate = kUplink * 7 / 10 / kStreams;
    world.scheduler.set_lease(
        kFlood + i, {.rate = streams[i].rate, .burst = kSmall, .target = Duration::millis(100)});
  }
  world.backlog(kFlood, 3);
  world.seen = [&](const shape::Item& item) {
    if (class_of(item.flow) == FlowClass::Leased) streams[link_of(item.flow) - kFlood].left += 1;
  };
  const auto feed = [&] {
    Instant soonest = Instant::never();
    for (std::uint32_t i = 0; i < kStreams; ++i) {
      Stream& one = streams[i];
      for (; one.next <= world.now;
           one.next = one.next +
                      Duration{static_cast<std::int64_t>(kSmall * 1'000'000'000ULL / one.rate)}) {
        world.add(kFlood + i, FlowClass::Leased, kSmall);
        ++one.came;
      }
      soonest = std::min(soonest, one.next);
    }
    return soonest;
  };
  std::uint64_t kept = 0;
  std::uint64_t windows = 0;
  for (int window = 0; window < 50; ++window) {
    std::vector<Stream> before = streams;
    world.run_until(world.now + Duration::millis(100), feed);
    for (std::uint32_t i = 0; i < kStreams; ++i) {
      ++windows;
      const std::uint64_t came = streams[i].came - before[i].came;
      const std::uint64_t left = streams[i].left - before[i].left;
      // The one that came last may be inside its deadline still.
      if (static_cast<double>(left + 1) >= 0.999 * static_cast<double>(came)) ++kept;
    }
  }
  row("lease_windows", 100.0 * static_cast<double>(kept) / static_cast<double>(windows), "%",
      "windows of 100 ms with 99.9 % of the lease, 4,000 flows at 3 times the line (virtual time)");
}

void delay(const char* key, std::uint32_t links, std::uint64_t rate) {
  World world(links + 1, rate);
  world.scheduler.set_lease(links, {.rate = 200'000, .burst = 2 * kSmall, .target = {}});
  world.backlog(links, 3);
  std::vector<Instant> came;
  std::vector<double> waited;
  world.seen = [&](const shape::Item& item) {
    if (class_of(item.flow) != FlowClass::Leased) return;
    // It is on the line for as long as its bytes take.
    const double on_line = 1e9 * item.wire / static_cast<double>(rate);
    waited.push_back(static_cast<double>((world.now - came[item.frame]).nanoseconds) + on_line);
  };
  Instant next = kStart;
  world.run_until(kStart + Duration::seconds(20), [&] {
    for (; next <= world.now; next = next + Duration::millis(2)) {
      world.add(links, FlowClass::Leased, kSmall, static_cast<std::uint32_t>(came.size()));
      came.push_back(next);
    }
    return next;
  });
  std::sort(waited.begin(), waited.end());
  row(key, waited[waited.size() * 999 / 1'000] / 1e6, "ms",
      "p99.9 of a leased cell, timers up to 0.14 ms late (virtual time)");
}

// How often the sender looks while there is always something queued, at 50,000 packets/s.
void wakes() {
  World world(1'000, 50'000ULL * kLarge);
  world.backlog(1'000, 3);
  world.lateness = Duration::micros(1);  // the worst case: every timer is punctual
  world.run_until(kStart + Duration::seconds(2));
  row("looks_per_packet",
      static_cast<double>(world.wakes) * kLarge / static_cast<double>(world.sent), "",
      "timer wakes, 50,000 packets/s, punctual timers (virtual time)");
}

}  // namespace

void promises() {
  total_rate();
  per_flow();
  jain();
  leases();
  delay("delay_1k", 1'000, kUplink);
  delay("delay_4k", 4'000, 5 * kUplink);
  wakes();
}

}  // namespace covfefe::bench
