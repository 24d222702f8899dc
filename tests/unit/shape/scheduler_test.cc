// SPDX-License-Identifier: Apache-2.0
#include "shape/scheduler.h"

#include <doctest/doctest.h>

#include <vector>

namespace covfefe {
namespace {

using shape::Admission;
using shape::Item;
using shape::Scheduler;

constexpr Instant kStart{1'000'000'000};

Item item(std::uint32_t flow, std::uint16_t wire, std::uint32_t frame = 0) {
  return {.frame = frame,
          .flow = FlowId{flow},
          .epoch = 0,
          .length = static_cast<std::uint16_t>(wire - 48),
          .wire = wire};
}

std::vector<Item> dequeue(Scheduler& scheduler, Instant now, std::size_t most = 1'024) {
  std::vector<Item> out(most);
  out.resize(scheduler.dequeue(now, out));
  return out;
}

TEST_CASE("nothing queued means nothing to wait for") {
  Scheduler scheduler({});
  CHECK(scheduler.next_deadline().is_never());
  CHECK(dequeue(scheduler, kStart).empty());
}

TEST_CASE("without a rate everything leaves at once and in order") {
  Scheduler scheduler({});
  for (std::uint32_t i = 0; i < 1'000; ++i) {
    REQUIRE(scheduler.enqueue(item(2, 1'448, i), kStart) == Admission::Queued);
  }
  CHECK(scheduler.next_deadline() <= kStart);
  const auto sent = dequeue(scheduler, kStart);
  REQUIRE(sent.size() == 1'000);
  for (std::uint32_t i = 0; i < 1'000; ++i) CHECK(sent[i].frame == i);
  CHECK(scheduler.queued() == 0);
  CHECK(scheduler.queued_bytes() == 0);
  CHECK(scheduler.busy_flows() == 0);
}

TEST_CASE("control overtakes all data that waits") {
  Scheduler scheduler({});
  for (std::uint32_t i = 0; i < 10; ++i) (void)scheduler.enqueue(item(2, 1'448, i), kStart);
  (void)scheduler.enqueue(item(400, 304, 77), kStart);
  const auto sent = dequeue(scheduler, kStart, 1);
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].frame == 77);
}

TEST_CASE("after a pause at most one burst leaves, then the rate") {
  Scheduler scheduler({});
  scheduler.set_rate(1'250'000);  // 10 Mbit/s: one L cell is 1,158.4 us
  for (std::uint32_t i = 0; i < 100; ++i) (void)scheduler.enqueue(item(2, 1'448, i), kStart);
  CHECK(dequeue(scheduler, kStart).size() == 2);
  const Instant next = scheduler.next_deadline();
  CHECK(next - kStart == Duration{1'158'400});
  CHECK(dequeue(scheduler, next - Duration{1}).empty());
  CHECK(dequeue(scheduler, next).size() == 1);
}

TEST_CASE("ten seconds at the rate carry the rate") {
  for (const std::uint64_t rate : {8'000ULL, 125'000ULL, 12'500'000ULL, 1'250'000'000ULL}) {
    Scheduler scheduler({});
    scheduler.set_rate(rate);
    (void)scheduler.enqueue(item(2, 1'448), kStart);
    (void)scheduler.enqueue(item(2, 1'448), kStart);
    dequeue(scheduler, kStart);
    std::uint64_t sent = 0;
    Instant now = kStart;
    const Duration span = rate > 100'000'000 ? Duration::millis(200) : Duration::seconds(10);
    while (now < kStart + span) {
      while (scheduler.queued() < 64) (void)scheduler.enqueue(item(2, 1'448), now);
      now = std::max(now, scheduler.next_deadline());
      for (const Item& one : dequeue(scheduler, now, 64)) sent += one.wire;
    }
    const auto expected = static_cast<double>(rate) * static_cast<double>(span.nanoseconds) / 1e9;
    const double slack = expected * 0.0001 + static_cast<double>(scheduler.clock().burst_bytes());
    CHECK(static_cast<double>(sent) > expected - slack);
    CHECK(static_cast<double>(sent) < expected + slack);
  }
}

TEST_CASE("a late wake-up within the burst loses no rate") {
  Scheduler scheduler({});
  scheduler.set_rate(12'500'000);
  std::uint64_t sent = 0;
  Instant now = kStart;
  for (int i = 0; i < 10'000; ++i) {
    while (scheduler.queued() < 64) (void)scheduler.enqueue(item(2, 1'448), now);
    now = std::max(now, scheduler.next_deadline()) + Duration::micros(i % 140);
    for (const Item& one : dequeue(scheduler, now, 64)) sent += one.wire;
  }
  const double expected = 12'500'000.0 * static_cast<double>((now - kStart).nanoseconds) / 1e9;
  CHECK(static_cast<double>(sent) > expected * 0.999);
  CHECK(static_cast<double>(sent) < expected + 7'000);
}

TEST_CASE("a changed rate holds from the next datagram on") {
  Scheduler scheduler({});
  scheduler.set_rate(1'000);
  for (int i = 0; i < 50; ++i) (void)scheduler.enqueue(item(2, 1'000), kStart);
  dequeue(scheduler, kStart);
  scheduler.set_rate(1'000'000);
  const Instant next = scheduler.next_deadline();
  CHECK(dequeue(scheduler, next).size() >= 1);
  CHECK(scheduler.next_deadline() - next <= Duration::millis(1));
}

TEST_CASE("a flow over its limit is refused and the others are not") {
  Scheduler scheduler({.flow_bytes = 3'000});
  CHECK(scheduler.enqueue(item(2, 1'448), kStart) == Admission::Queued);
  CHECK(scheduler.enqueue(item(2, 1'448), kStart) == Admission::Queued);
  CHECK(scheduler.enqueue(item(2, 1'448), kStart) == Admission::FlowFull);
  CHECK(scheduler.enqueue(item(6, 1'448), kStart) == Admission::Queued);
}

TEST_CASE("all flows together are bounded in bytes and in datagrams") {
  Scheduler bytes({.total_bytes = 2'000});
  CHECK(bytes.enqueue(item(2, 1'448), kStart) == Admission::Queued);
  CHECK(bytes.enqueue(item(6, 1'448), kStart) == Admission::Full);
  Scheduler items({.items = 1});
  CHECK(items.enqueue(item(2, 100), kStart) == Admission::Queued);
  CHECK(items.enqueue(item(6, 100), kStart) == Admission::Full);
  CHECK(dequeue(items, kStart).size() == 1);
  CHECK(items.enqueue(item(6, 100), kStart) == Admission::Queued);
}

TEST_CASE("cancel removes one flow's older epochs wherever they stand") {
  Scheduler scheduler({});
  for (std::uint32_t i = 0; i < 10; ++i) {
    Item one = item(2, 1'448, i);
    one.epoch = i % 2 == 0 ? 4 : 5;
    (void)scheduler.enqueue(one, kStart);
  }
  (void)scheduler.enqueue(item(6, 1'448, 99), kStart);
  std::vector<Item> out(3);
  CHECK(scheduler.cancel(FlowId{2}, 5, out) == 3);
  CHECK(scheduler.cancel(FlowId{2}, 5, out) == 2);
  CHECK(scheduler.cancel(FlowId{2}, 5, out) == 0);
  CHECK(scheduler.queued() == 6);
  const auto rest = dequeue(scheduler, kStart);
  std::vector<std::uint32_t> frames;
  for (const Item& one : rest) {
    if (one.flow == FlowId{2}) frames.push_back(one.frame);
  }
  CHECK(frames == std::vector<std::uint32_t>{1, 3, 5, 7, 9});
}

TEST_CASE("cancelling everything leaves a flow that can be used again") {
  Scheduler scheduler({});
  (void)scheduler.enqueue(item(2, 1'448, 1), kStart);
  std::vector<Item> out(8);
  CHECK(scheduler.cancel(FlowId{2}, 1, out) == 1);
  CHECK(scheduler.next_deadline().is_never());
  CHECK(scheduler.enqueue(item(2, 1'448, 2), kStart) == Admission::Queued);
  CHECK(dequeue(scheduler, kStart).size() == 1);
}

TEST_CASE("clear forgets the queues and not what was sent") {
  Scheduler scheduler({});
  scheduler.set_rate(1'250'000);
  for (std::uint32_t i = 0; i < 40; ++i) (void)scheduler.enqueue(item(i, 1'448, i), kStart);
  dequeue(scheduler, kStart);
  scheduler.clear();
  CHECK(scheduler.queued() == 0);
  CHECK(scheduler.busy_flows() == 0);
  (void)scheduler.enqueue(item(3, 1'448), kStart);
  CHECK(dequeue(scheduler, kStart).empty());
  CHECK(dequeue(scheduler, scheduler.next_deadline()).size() == 1);
}

TEST_CASE("a thousand equal flows get equal shares") {
  Scheduler scheduler({});
  scheduler.set_rate(12'500'000);
  std::vector<std::uint64_t> sent(1'000);
  Instant now = kStart;
  for (std::uint32_t flow = 0; flow < 1'000; ++flow) {
    for (int i = 0; i < 3; ++i) (void)scheduler.enqueue(item(4 * flow + 2, 1'448), now);
  }
  for (int i = 0; i < 300'000; ++i) {
    now = std::max(now, scheduler.next_deadline());
    for (const Item& one : dequeue(scheduler, now, 8)) {
      sent[one.flow.value / 4] += one.wire;
      REQUIRE(scheduler.enqueue(one, now) == Admission::Queued);
    }
  }
  double sum = 0;
  double squares = 0;
  for (const std::uint64_t one : sent) {
    sum += static_cast<double>(one);
    squares += static_cast<double>(one) * static_cast<double>(one);
  }
  CHECK(sum * sum / (1'000 * squares) >= 0.9999);  // Jain's index
}

}  // namespace
}  // namespace covfefe
