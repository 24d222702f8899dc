// SPDX-License-Identifier: Apache-2.0
// Leases keep their rate in every window, whatever else wants the line.
#include <doctest/doctest.h>

#include <deque>
#include <random>
#include <vector>

#include "line.h"

namespace covfefe {
namespace {

using shape::Verdict;
using tests::bulk;
using tests::item;
using tests::kStart;
using tests::Left;
using tests::Line;

constexpr std::uint16_t kCell = 304;  // an S cell over IPv6
constexpr Duration kWindow = Duration::millis(100);

// Sends at exactly its rate and looks at what left in the last 100 ms.
struct Stream {
  std::uint32_t link;
  std::uint64_t rate;
  Instant next = kStart;
  std::deque<Instant> came;
  std::deque<Instant> left;
  std::uint64_t sent = 0;
  std::uint64_t due = 0;  // what came longer than a gap of its rate ago

  void feed(Line& line) {
    const Duration gap{static_cast<std::int64_t>(kCell * 1'000'000'000ULL / rate)};
    for (; next <= line.now; next = next + gap) {
      (void)line.add(item(link, FlowClass::Leased, kCell));
      came.push_back(next);
      if (next - kStart >= gap) due += kCell;
    }
  }
  static std::uint64_t in_window(std::deque<Instant>& times, Instant now) {
    while (!times.empty() && now - times.front() >= kWindow) times.pop_front();
    return times.size() * kCell;
  }
};

struct Overload {
  Line line{{.items = 40'000, .total_bytes = 1 << 30}};
  std::vector<Stream> streams;
  std::mt19937_64 random{3};
  std::uint64_t rate;

  Overload(std::uint64_t uplink, std::uint32_t leases) : rate(uplink) {
    line.scheduler.set_rate(rate);
    const std::uint64_t each = rate * 7 / 10 / leases;
    for (std::uint32_t i = 0; i < leases; ++i) {
      streams.push_back({.link = i, .rate = each, .came = {}, .left = {}});
      line.scheduler.set_lease(i, {.rate = each, .burst = kCell, .target = Duration::millis(100)});
    }
    line.seen = [this](const Left& one) {
      if (one.what.verdict == Verdict::Drop) return;
      if (class_of(one.what.item.flow) != FlowClass::Leased) return;
      Stream& stream = streams[link_of(one.what.item.flow)];
      stream.left.push_back(one.at);
      stream.sent += kCell;
    };
  }
  // 4,000 flows that want three times the line, control among them.
  void flood() {
    for (int i = 0; i < 40; ++i) {
      const auto link = static_cast<std::uint32_t>(random() % 4'000);
      if (line.scheduler.of(flow_of(link, FlowClass::Bulk)).queued < 6) {
        (void)line.add(bulk(link));
      }
    }
    if (random() % 4 == 0) {
      (void)line.add(item(static_cast<std::uint32_t>(random() % 4'000), FlowClass::Control, 304));
    }
  }
};

TEST_CASE("leases get 99.9 % in every 100 ms while 4,000 flows want three times the line") {
  for (const std::uint32_t leases : {1U, 20U, 200U}) {
    Overload world(12'500'000, leases);
    std::uint64_t windows = 0;
    std::uint64_t short_windows = 0;
    world.line.run_until(kStart + Duration::seconds(3), [&] {
      for (Stream& stream : world.streams) stream.feed(world.line);
      world.flood();
      if (world.line.now - kStart < kWindow * 2) return;
      for (Stream& stream : world.streams) {
        ++windows;
        // Its last cell may still be on its way, inside its deadline, and all of it behind the
        // burst of control and the datagrams that were on the line.
        const std::uint64_t slack = kCell + 4 * shape::kLargeCellWire * stream.rate / world.rate;
        const std::uint64_t came = Stream::in_window(stream.came, world.line.now);
        const std::uint64_t left = Stream::in_window(stream.left, world.line.now);
        if (left + slack < came * 999 / 1'000) ++short_windows;
        if (stream.sent + slack < stream.due) ++short_windows;
      }
    });
    CHECK(windows > 10'000);
    CHECK(short_windows == 0);
    CHECK(world.line.scheduler.of(flow_of(0, FlowClass::Leased)).dropped == 0);
  }
}

TEST_CASE("what exceeds a lease is not lost and not privileged") {
  Line line;
  line.scheduler.set_rate(1'000'000);
  line.scheduler.set_lease(1, {.rate = 200'000, .burst = 1'448, .target = Duration::millis(100)});
  line.run_until(kStart + Duration::seconds(10), [&] {
    line.keep(item(1, FlowClass::Leased, 1'448), 4);
    line.keep(bulk(2), 4);
  });
  const std::uint64_t leased = line.of(1, FlowClass::Leased);
  CHECK(leased > 5'950'000);  // 2 MB by the lease, half of the other 8
  CHECK(leased < 6'050'000);
}

TEST_CASE("a lease alone uses the whole line") {
  Line line;
  line.scheduler.set_rate(1'000'000);
  line.scheduler.set_lease(1, {.rate = 100'000, .burst = 1'448, .target = Duration::millis(100)});
  line.run_until(kStart + Duration::seconds(5),
                 [&] { line.keep(item(1, FlowClass::Leased, 1'448), 4); });
  CHECK(line.total > 4'990'000);
}

TEST_CASE("what waited longer than a lease's target is dropped, from the head") {
  Line line;
  line.scheduler.set_rate(10'000);
  line.scheduler.set_lease(1, {.rate = 5'000, .burst = 1'448, .target = Duration::millis(100)});
  for (std::uint32_t i = 0; i < 10; ++i) REQUIRE(line.add(item(1, FlowClass::Leased, 1'000, i)));
  std::vector<std::uint32_t> late;
  line.seen = [&](const Left& one) {
    if (one.what.verdict == Verdict::Drop) late.push_back(one.what.item.frame);
  };
  line.run_until(kStart + Duration::millis(400), [] {});
  REQUIRE(late.size() >= 5);
  for (std::size_t i = 1; i < late.size(); ++i) CHECK(late[i] == late[i - 1] + 1);
  REQUIRE(line.add(item(1, FlowClass::Leased, 1'000, 99)));
  line.run_until(line.now + Duration::millis(300), [] {});
  CHECK(std::find(late.begin(), late.end(), 99) == late.end());
}

TEST_CASE("own realtime traffic without a lease is dropped when late, never sent late") {
  Line line;
  line.scheduler.set_rate(50'000);
  line.seen = [&](const Left& one) {
    if (class_of(one.what.item.flow) != FlowClass::Interactive) return;
    const Duration waited = one.at - Instant{std::int64_t{one.what.item.frame} * 1'000'000};
    if (one.what.verdict == Verdict::Send) CHECK(waited <= Duration::millis(152));
  };
  std::uint64_t fed = 0;
  line.run_until(kStart + Duration::seconds(5), [&] {
    line.keep(bulk(2), 4);
    const auto millis = static_cast<std::uint32_t>(line.now.nanoseconds / 1'000'000);
    if (fed++ % 50 == 0) (void)line.add(item(1, FlowClass::Interactive, 1'000, millis));
  });
  CHECK(line.scheduler.of(flow_of(1, FlowClass::Interactive)).dropped > 100);
  CHECK(line.of(1, FlowClass::Interactive) > 100'000);
}

TEST_CASE("a lease that ends goes on with everything else") {
  Line line;
  line.scheduler.set_rate(1'000'000);
  line.scheduler.set_lease(1, {.rate = 500'000, .burst = 1'448, .target = Duration::millis(100)});
  const auto feed = [&] {
    line.keep(item(1, FlowClass::Leased, 1'448), 4);
    for (std::uint32_t link = 2; link < 5; ++link) line.keep(bulk(link), 4);
  };
  line.run_until(kStart + Duration::seconds(2), feed);
  const std::uint64_t before = line.of(1, FlowClass::Leased);
  CHECK(before > 1'200'000);
  line.scheduler.set_lease(1, {});
  line.run_until(line.now + Duration::seconds(4), feed);
  const std::uint64_t after = line.of(1, FlowClass::Leased) - before;
  CHECK(after > 990'000);
  CHECK(after < 1'010'000);
}

}  // namespace
}  // namespace covfefe
