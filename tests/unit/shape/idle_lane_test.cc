// SPDX-License-Identifier: Apache-2.0
// The slots of the idle lane: one datagram each, real or spare, and nobody can tell.
#include <doctest/doctest.h>

#include <vector>

#include "line.h"

namespace covfefe {
namespace {

using shape::Pace;
using tests::bulk;
using tests::item;
using tests::kStart;
using tests::Left;
using tests::Line;

constexpr Duration kPeriod = Duration::millis(250);
constexpr std::uint16_t kCell = 304;

struct Lane {
  Line line;
  std::vector<Instant> slots;

  explicit Lane(std::uint64_t rate, Duration period = kPeriod) {
    line.scheduler.set_rate(rate);
    line.scheduler.set_link(1, {.idle_period = period});
    line.seen = [this](const Left& one) {
      if (link_of(one.what.item.flow) == 1 && class_of(one.what.item.flow) != FlowClass::Bulk) {
        slots.push_back(one.at);
      }
    };
  }
  void run(Duration span, const std::function<void()>& more) {
    line.run_until(line.now + span, [&] {
      line.keep(item(1, FlowClass::Spare, kCell), 4);
      more();
    });
  }
  // Every slot is within a tenth of its period (and a tick of the wheel, or a datagram that was on
  // the line) of the grid.
  void check_grid(std::size_t expected, Duration late) const {
    REQUIRE(slots.size() + 1 >= expected);
    REQUIRE(slots.size() <= expected + 1);
    for (std::size_t i = 1; i < slots.size(); ++i) {
      const Duration gap = slots[i] - slots[i - 1];
      CHECK(gap >= kPeriod * 8 / 10 - late);
      CHECK(gap <= kPeriod * 12 / 10 + late);
    }
  }
};

TEST_CASE("a silent link sends four datagrams a second, moved a little") {
  Lane lane(125'000);
  lane.run(Duration::seconds(60), [] {});
  lane.check_grid(240, Duration::micros(40));
  Duration least = Duration::seconds(1);
  Duration most;
  for (std::size_t i = 1; i < lane.slots.size(); ++i) {
    least = std::min(least, lane.slots[i] - lane.slots[i - 1]);
    most = std::max(most, lane.slots[i] - lane.slots[i - 1]);
  }
  CHECK(least < Duration::millis(225));  // the jitter is there
  CHECK(most > Duration::millis(275));
  CHECK(lane.line.scheduler.spares_sent(1) == lane.slots.size());
}

TEST_CASE("a pause longer than the wheel is no trap: the lane goes on with its next slot") {
  Lane lane(125'000);
  lane.run(Duration::seconds(1), [] {});
  const std::size_t before = lane.slots.size();
  lane.line.now = lane.line.now + Duration::minutes(9);  // the process was stopped
  lane.run(Duration::seconds(2), [] {});
  CHECK(lane.slots.size() - before >= 7);
  CHECK(lane.slots.size() - before <= 10);
}

TEST_CASE("a chat takes the place of spares and changes nothing on the wire") {
  Lane silent(125'000);
  silent.run(Duration::seconds(60), [] {});
  Lane chat(125'000);
  int looks = 0;
  chat.run(Duration::seconds(60), [&] {
    ++looks;
    if (looks % 7'000 == 0) (void)chat.line.add(item(1, FlowClass::Idle, kCell));
    if (looks % 9'000 == 0) (void)chat.line.add(item(1, FlowClass::Control, kCell), Pace::Slot);
  });
  CHECK(chat.line.of(1, FlowClass::Idle) > 50 * kCell);
  CHECK(chat.line.of(1, FlowClass::Control) > 40 * kCell);
  REQUIRE(silent.slots.size() == chat.slots.size());
  for (std::size_t i = 0; i < silent.slots.size(); ++i) CHECK(silent.slots[i] == chat.slots[i]);
}

TEST_CASE("control leaves a slot before a chat and a chat before a spare") {
  Lane lane(125'000);
  lane.run(Duration::millis(1), [] {});
  std::vector<FlowClass> order;
  lane.line.seen = [&](const Left& one) { order.push_back(class_of(one.what.item.flow)); };
  REQUIRE(lane.line.add(item(1, FlowClass::Idle, kCell)));
  REQUIRE(lane.line.add(item(1, FlowClass::Control, kCell), Pace::Slot));
  lane.run(Duration::millis(900), [] {});
  REQUIRE(order.size() >= 3);
  CHECK(order[0] == FlowClass::Control);
  CHECK(order[1] == FlowClass::Idle);
  CHECK(order[2] == FlowClass::Spare);
}

TEST_CASE("no slot is skipped because something else was sent, on a line that is full too") {
  Lane lane(125'000);
  lane.run(Duration::seconds(60), [&] {
    lane.line.keep(bulk(1), 3);
    lane.line.keep(bulk(2), 3);
  });
  lane.check_grid(240, Duration::millis(25));  // two bursts of the line before it
}

TEST_CASE("control for a slot leaves at once while the link is not silent") {
  Lane lane(125'000);
  REQUIRE(lane.line.add(item(1, FlowClass::Control, kCell, 1), Pace::Slot));
  CHECK(lane.line.leave().empty());
  REQUIRE(lane.line.add(bulk(1)));
  CHECK(lane.line.leave().size() == 2);  // it goes with what broke the silence
  REQUIRE(lane.line.add(item(1, FlowClass::Control, kCell, 2), Pace::Slot));
  lane.line.now = lane.line.now + Duration::millis(20);
  CHECK(lane.line.leave().size() == 1);
  lane.line.now = lane.line.now + Duration::millis(1'100);
  (void)lane.line.leave();
  REQUIRE(lane.line.add(item(1, FlowClass::Control, kCell, 3), Pace::Slot));
  CHECK(lane.line.leave().empty());  // a second later it is silent again
}

TEST_CASE("more than a chat does not crawl through the slots") {
  Lane lane(125'000);
  for (int i = 0; i < 9; ++i) REQUIRE(lane.line.add(item(1, FlowClass::Idle, kCell)));
  lane.line.run_until(kStart + Duration::millis(100), [] {});
  CHECK(lane.line.of(1, FlowClass::Idle) == 9 * kCell);
  REQUIRE(lane.line.add(item(1, FlowClass::Idle, kCell)));
  CHECK(lane.line.leave().empty());
}

TEST_CASE("without slots real cells leave at once and spares never") {
  Lane lane(125'000, Duration{});
  REQUIRE(lane.line.add(item(1, FlowClass::Spare, kCell)));
  REQUIRE(lane.line.add(item(1, FlowClass::Idle, kCell)));
  REQUIRE(lane.line.add(item(1, FlowClass::Control, kCell), Pace::Slot));
  CHECK(lane.line.leave().size() == 2);
  CHECK(lane.line.scheduler.next_deadline().is_never());
  CHECK(lane.line.scheduler.queued() == 1);
  lane.line.scheduler.set_link(1, {.idle_period = kPeriod});
  lane.line.run_until(lane.line.now + Duration::millis(600), [] {});
  CHECK(lane.line.scheduler.queued() == 0);
}

TEST_CASE("switching the lane off lets go of what waited for it") {
  Lane lane(125'000);
  REQUIRE(lane.line.add(item(1, FlowClass::Idle, kCell)));
  REQUIRE(lane.line.add(item(1, FlowClass::Control, kCell), Pace::Slot));
  CHECK(lane.line.leave().empty());
  lane.line.scheduler.set_link(1, {});
  CHECK(lane.line.leave().size() == 2);
}

TEST_CASE("an empty lane wakes nobody and goes on with its grid") {
  Lane lane(125'000);
  lane.run(Duration::seconds(2), [] {});
  while (!lane.line.scheduler.next_deadline().is_never()) {
    lane.line.now = std::max(lane.line.now, lane.line.scheduler.next_deadline());
    (void)lane.line.leave();
  }
  const std::size_t before = lane.slots.size();
  lane.line.now = lane.line.now + Duration::seconds(100);
  CHECK(lane.line.leave().empty());
  lane.run(Duration::seconds(10), [] {});
  CHECK(lane.slots.size() - before >= 39);
  CHECK(lane.slots.size() - before <= 41);
}

TEST_CASE("a thousand lanes are spread over the period and each keeps its rate") {
  Line line({.items = 8'192});
  line.scheduler.set_rate(12'500'000);
  std::vector<std::uint32_t> count(1'000);
  std::array<std::uint32_t, 25> by_time{};
  line.seen = [&](const Left& one) {
    ++count[link_of(one.what.item.flow)];
    ++by_time[static_cast<std::size_t>(one.at.nanoseconds / 10'000'000 % 25)];
  };
  for (std::uint32_t link = 0; link < 1'000; ++link) {
    line.scheduler.set_link(link, {.idle_period = kPeriod});
  }
  line.run_until(kStart + Duration::seconds(20), [&] {
    for (std::uint32_t link = 0; link < 1'000; ++link) {
      line.keep(item(link, FlowClass::Spare, kCell), 2);
    }
  });
  for (const std::uint32_t one : count) CHECK((one >= 79 && one <= 81));
  for (const std::uint32_t one : by_time) CHECK((one > 80'000 / 25 / 2 && one < 80'000 / 25 * 2));
}

}  // namespace
}  // namespace covfefe
