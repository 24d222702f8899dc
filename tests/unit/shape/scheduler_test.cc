// SPDX-License-Identifier: Apache-2.0
// The queues, the root clock, the limits.
#include "shape/scheduler.h"

#include <doctest/doctest.h>

#include <vector>

#include "line.h"

namespace covfefe {
namespace {

using shape::Admission;
using shape::Decision;
using shape::Item;
using shape::Pace;
using shape::Scheduler;
using shape::Verdict;
using tests::bulk;
using tests::item;
using tests::kStart;
using tests::Line;

TEST_CASE("nothing queued means nothing to wait for") {
  Line line;
  CHECK(line.scheduler.next_deadline().is_never());
  CHECK(line.leave().empty());
}

TEST_CASE("without a rate everything leaves at once and in order") {
  Line line;
  for (std::uint32_t i = 0; i < 1'000; ++i) REQUIRE(line.add(bulk(0, i)));
  CHECK(line.scheduler.busy_flows() == 1);
  CHECK(line.scheduler.next_deadline() <= kStart);
  const auto sent = line.leave();
  REQUIRE(sent.size() == 1'000);
  for (std::uint32_t i = 0; i < 1'000; ++i) CHECK(sent[i].item.frame == i);
  CHECK(line.scheduler.queued() == 0);
  CHECK(line.scheduler.queued_bytes() == 0);
  CHECK(line.scheduler.busy_flows() == 0);
}

TEST_CASE("after a pause at most one burst leaves, then the rate") {
  Line line;
  line.scheduler.set_rate(1'250'000);  // 10 Mbit/s: one L cell is 1,158.4 us
  line.add(bulk(0), 100);
  CHECK(line.leave().size() == 2);
  const Instant next = line.scheduler.next_deadline();
  CHECK(next - kStart == Duration{1'158'400} + Duration::micros(250));
  line.now = kStart + Duration{1'158'399};
  CHECK(line.leave().empty());
  line.now = next;
  CHECK(line.leave().size() == 1);
}

TEST_CASE("a late wake-up within the burst loses no rate") {
  Line line;
  line.scheduler.set_rate(12'500'000);
  for (int i = 0; i < 10'000; ++i) {
    line.keep(bulk(0), 64);
    line.now = std::max(line.now, line.scheduler.next_deadline()) + Duration::micros(i % 140);
    (void)line.leave(64);
  }
  const double expected = 12'500'000.0 * static_cast<double>((line.now - kStart).nanoseconds) / 1e9;
  CHECK(static_cast<double>(line.total) > expected * 0.999);
  CHECK(static_cast<double>(line.total) < expected + 7'000);
}

TEST_CASE("a changed rate holds from the next datagram on") {
  Line line;
  line.scheduler.set_rate(1'000);
  line.add(item(0, FlowClass::Bulk, 1'000), 50);
  (void)line.leave();
  line.scheduler.set_rate(1'000'000);
  line.now = line.scheduler.next_deadline();
  CHECK(line.leave().size() >= 1);
  CHECK(line.scheduler.next_deadline() - line.now <= Duration::millis(1));
}

TEST_CASE("a flow over its limit is refused and the others are not") {
  Line line({.flow_bytes = 3'000});
  CHECK(line.add(bulk(0)));
  CHECK(line.add(bulk(0)));
  CHECK(line.scheduler.enqueue(bulk(0), Pace::Now, kStart) == Admission::FlowFull);
  CHECK(line.add(bulk(1)));
}

TEST_CASE("while no flow is fat the limit of all refuses the newcomer") {
  Line bytes({.total_bytes = 2'000});
  CHECK(bytes.add(bulk(0)));
  CHECK(bytes.scheduler.enqueue(bulk(1), Pace::Now, kStart) == Admission::Full);
  Line items({.items = 1});
  CHECK(items.add(bulk(0)));
  CHECK(items.scheduler.enqueue(bulk(1), Pace::Now, kStart) == Admission::Full);
  CHECK(items.leave().size() == 1);
  CHECK(items.add(bulk(1)));
}

TEST_CASE("at the limit of all the fattest flow loses its oldest and the newcomer gets in") {
  Line line({.items = 50});
  line.scheduler.set_rate(1'000);
  for (std::uint32_t i = 0; i < 40; ++i) REQUIRE(line.add(bulk(1, i)));
  for (std::uint32_t i = 0; i < 10; ++i) REQUIRE(line.add(bulk(2, 100 + i)));
  REQUIRE(line.add(bulk(3, 200)));
  CHECK(line.scheduler.next_deadline() <= line.now);
  const auto out = line.leave();
  REQUIRE(!out.empty());
  CHECK(out[0].verdict == Verdict::Drop);
  CHECK(out[0].item.frame == 0);
  CHECK(line.scheduler.of(flow_of(1, FlowClass::Bulk)).dropped == 1);
  CHECK(line.scheduler.of(flow_of(2, FlowClass::Bulk)).dropped == 0);
}

TEST_CASE("a flood through the limit of all never leaves a fat flow untouched and a thin one hit") {
  Line line({.items = 4'096, .total_bytes = 300'000});
  line.scheduler.set_rate(10'000);
  for (std::uint32_t link = 1; link < 20; ++link) REQUIRE(line.add(bulk(link)));
  for (int i = 0; i < 2'000; ++i) {
    (void)line.add(bulk(0));
    if (i % 100 == 99) (void)line.leave(256);
  }
  for (std::uint32_t link = 1; link < 20; ++link) {
    CHECK(line.scheduler.of_link(link).dropped == 0);
  }
  CHECK(line.scheduler.of_link(0).dropped > 1'000);
  CHECK(line.scheduler.queued_bytes() <= 300'000);
}

TEST_CASE("cancel removes one flow's older epochs wherever they stand") {
  Line line;
  for (std::uint32_t i = 0; i < 10; ++i) {
    Item one = bulk(0, i);
    one.epoch = i % 2 == 0 ? 4 : 5;
    REQUIRE(line.add(one));
  }
  REQUIRE(line.add(bulk(1, 99)));
  std::vector<Item> out(3);
  CHECK(line.scheduler.cancel(flow_of(0, FlowClass::Bulk), 5, out) == 3);
  CHECK(line.scheduler.cancel(flow_of(0, FlowClass::Bulk), 5, out) == 2);
  CHECK(line.scheduler.cancel(flow_of(0, FlowClass::Bulk), 5, out) == 0);
  CHECK(line.scheduler.queued() == 6);
  std::vector<std::uint32_t> frames;
  for (const Decision& one : line.leave()) {
    if (link_of(one.item.flow) == 0) frames.push_back(one.item.frame);
  }
  CHECK(frames == std::vector<std::uint32_t>{1, 3, 5, 7, 9});
}

TEST_CASE("cancelling everything leaves a flow of any class that can be used again") {
  for (std::uint32_t as = 0; as < kFlowClasses; ++as) {
    Line line;
    line.scheduler.set_lease(3, {.rate = 10'000, .burst = 1'448});
    line.scheduler.set_link(3, {.idle_period = Duration::millis(250)});
    const Item one = item(3, static_cast<FlowClass>(as), 304, 7);
    REQUIRE(line.add(one));
    std::vector<Item> out(8);
    CHECK(line.scheduler.cancel(one.flow, 1, out) == 1);
    CHECK(line.scheduler.queued() == 0);
    REQUIRE(line.add(one));
    line.now = line.now + Duration::millis(600);
    CHECK(line.leave().size() == 1);
    CHECK(line.scheduler.next_deadline().is_never());
  }
}

TEST_CASE("clear forgets the queues and not what was sent") {
  Line line;
  line.scheduler.set_rate(1'250'000);
  for (std::uint32_t link = 0; link < 6; ++link) {
    line.scheduler.set_link(
        link, {.share = {.reserve = 9'000, .cap = 90'000}, .idle_period = Duration::millis(250)});
    for (std::uint32_t as = 0; as < kFlowClasses; ++as) {
      REQUIRE(line.add(item(link, static_cast<FlowClass>(as), 1'448)));
    }
    REQUIRE(line.add(item(link, FlowClass::Control, 304), Pace::Slot));
  }
  (void)line.leave();
  line.scheduler.clear();
  CHECK(line.scheduler.queued() == 0);
  CHECK(line.scheduler.queued_bytes() == 0);
  CHECK(line.scheduler.busy_flows() == 0);
  REQUIRE(line.add(bulk(3)));
  CHECK(line.leave().empty());
  line.now = line.scheduler.next_deadline();
  CHECK(line.leave().size() == 1);
}

TEST_CASE("counters of flows, links and accounts agree") {
  Line line;
  line.scheduler.set_rate(100'000);
  line.scheduler.set_link(1, {.level = shape::Level::Met});
  line.scheduler.set_link(2, {.level = shape::Level::Known});
  for (std::uint32_t link = 1; link <= 2; ++link) {
    for (std::uint32_t as = 0; as < kFlowClasses; ++as) {
      line.add(item(link, static_cast<FlowClass>(as), 500), 3);
    }
  }
  line.run_until(kStart + Duration::millis(90), [] {});
  std::uint64_t sent = 0;
  std::uint64_t queued = 0;
  for (std::size_t i = 0; i < shape::kAccounts; ++i) {
    const shape::Counters one = line.scheduler.of(static_cast<shape::Account>(i));
    sent += one.sent_bytes;
    queued += one.queued_bytes;
  }
  CHECK(sent == line.total);
  CHECK(sent == line.scheduler.of_link(1).sent_bytes + line.scheduler.of_link(2).sent_bytes);
  CHECK(queued == line.scheduler.queued_bytes());
  line.scheduler.set_link(1, {.level = shape::Level::None});
  CHECK(line.scheduler.of(shape::Account::Met).queued == 0);
  CHECK(line.scheduler.of(shape::Account::None).queued ==
        line.scheduler.of(flow_of(1, FlowClass::Bulk)).queued +
            line.scheduler.of(flow_of(1, FlowClass::Interactive)).queued);
}

}  // namespace
}  // namespace covfefe
