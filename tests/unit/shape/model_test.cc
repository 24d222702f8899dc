// SPDX-License-Identifier: Apache-2.0
// The scheduler against a slow model that is obviously right: plain deques, sums since the line was
// idle, and the promises themselves (order, control first, the rate, no idling, fair shares).
#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <vector>

#include "shape/scheduler.h"

namespace covfefe {
namespace {

using shape::Admission;
using shape::Item;
using shape::Scheduler;

constexpr std::uint32_t kFlows = 64;
constexpr std::uint32_t kItems = 512;
constexpr std::uint32_t kFlowBytes = 30'000;

class Model {
 public:
  bool accepts(const Item& item) const {
    const auto& queue = queues_[item.flow.value];
    std::uint64_t bytes = item.wire;
    for (const Item& one : queue) bytes += one.wire;
    return total() < kItems && bytes <= kFlowBytes;
  }
  void add(const Item& item) {
    queues_[item.flow.value].push_back(item);
    ++total_;
  }

  std::size_t total() const { return total_; }
  bool control_waits() const {
    for (std::uint32_t flow = 0; flow < kFlows; flow += 4) {
      if (!queues_[flow].empty()) return true;
    }
    return false;
  }
  bool remove_front(const Item& item) {
    auto& queue = queues_[item.flow.value];
    if (queue.empty() || queue.front().frame != item.frame) return false;
    queue.pop_front();
    --total_;
    return true;
  }
  std::vector<std::uint32_t> cancel(FlowId flow, std::uint32_t epoch) {
    std::vector<std::uint32_t> out;
    std::deque<Item> kept;
    for (const Item& one : queues_[flow.value]) {
      if (one.epoch < epoch) {
        out.push_back(one.frame);
      } else {
        kept.push_back(one);
      }
    }
    queues_[flow.value] = kept;
    total_ -= out.size();
    return out;
  }
  std::uint64_t payload(FlowId flow) const {
    std::uint64_t sum = 0;
    for (const Item& one : queues_[flow.value]) sum += one.length;
    return sum;
  }

 private:
  std::size_t total_ = 0;
  std::vector<std::deque<Item>> queues_ = std::vector<std::deque<Item>>(kFlows);
};

// Wrong at the first broken promise; the test reports which, with the step.
struct Run {
  std::mt19937_64 random;
  Scheduler scheduler{{.flows = kFlows, .items = kItems, .flow_bytes = kFlowBytes}};
  Model model;
  std::uint64_t rate;
  Instant now{5'000'000'000};
  std::uint32_t next_frame = 0;
  const char* broken = nullptr;
  std::uint64_t sent_datagrams = 0;

  // Sum of wire bytes since the line was last idle, and since when it was busy.
  std::uint64_t busy_bytes = 0;
  Instant busy_since = now;

  Run(std::uint64_t seed, std::uint64_t bytes_per_second) : random(seed), rate(bytes_per_second) {
    scheduler.set_rate(rate);
  }

  void expect(bool held, const char* promise) {
    if (!held && broken == nullptr) broken = promise;
  }

  void add() {
    Item one;
    one.frame = next_frame++;
    one.flow.value = static_cast<std::uint32_t>(random() % kFlows);
    one.epoch = static_cast<std::uint32_t>(random() % 4);
    one.wire = static_cast<std::uint16_t>(1 + random() % shape::kLongestWire);
    one.length = static_cast<std::uint16_t>(one.wire / 2);
    const bool expected = model.accepts(one);
    const bool queued = scheduler.enqueue(one, now) == Admission::Queued;
    expect(queued == expected, "limits as stated");
    if (queued) model.add(one);
  }

  void cancel() {
    const FlowId flow{static_cast<std::uint32_t>(random() % kFlows)};
    const auto epoch = static_cast<std::uint32_t>(random() % 5);
    std::vector<Item> out(kItems);
    out.resize(scheduler.cancel(flow, epoch, out));
    const auto expected = model.cancel(flow, epoch);
    expect(out.size() == expected.size(), "cancel takes all older and nothing else");
    for (std::size_t i = 0; i < std::min(out.size(), expected.size()); ++i) {
      expect(out[i].frame == expected[i], "cancel in order");
    }
  }

  void check_rate(const Item& one) {
    busy_bytes += one.wire;
    if (rate == 0) return;
    // Never more than the rate plus one burst since the line became busy, for any such instant.
    const auto span = static_cast<std::uint64_t>((now - busy_since).nanoseconds);
    const std::uint64_t line = span * rate / 1'000'000'000;
    const std::uint64_t burst = scheduler.clock().burst_bytes() + shape::kLongestWire;
    // Prices are rounded down below 2^-20 ns per byte.
    expect(busy_bytes <= line + burst + line / 100'000, "never faster than the rate");
  }

  void dequeue() {
    std::array<Item, 16> out{};
    const std::size_t most = 1 + random() % out.size();
    const bool due = scheduler.next_deadline() <= now;
    const std::size_t waiting = model.total();
    const std::size_t count = scheduler.dequeue(now, std::span(out).first(most));
    expect(!due || count >= 1, "what is due leaves");
    expect(count == 0 || due, "nothing leaves early");
    expect(rate != 0 || count == std::min(most, waiting), "without a rate nothing waits");
    for (std::size_t i = 0; i < count; ++i) {
      expect(shape::is_control(out[i].flow) || !model.control_waits(), "control first");
      expect(model.remove_front(out[i]), "each flow in order");
      check_rate(out[i]);
      ++sent_datagrams;
    }
  }

  void advance() {
    const std::uint64_t kind = random() % 8;
    if (kind == 0 && !scheduler.next_deadline().is_never()) {
      now = std::max(now, scheduler.next_deadline());
    } else {
      now = now + Duration{static_cast<std::int64_t>(random() % 400'000)};
    }
    // A line that had nothing to do starts a new busy period.
    if (model.total() == 0) {
      busy_bytes = 0;
      busy_since = now;
    }
  }

  void step() {
    const std::uint64_t kind = random() % 64;
    if (kind < 28) {
      add();
    } else if (kind < 44) {
      dequeue();
    } else if (kind < 62) {
      advance();
    } else {
      cancel();
    }
    expect(scheduler.queued() == model.total(), "nothing lost, nothing invented");
    expect(scheduler.next_deadline().is_never() == (model.total() == 0), "idle when empty");
  }
};

TEST_CASE("a million random steps keep every promise of the scheduler") {
  const std::uint64_t rates[] = {0, 1'000, 100'000, 2'500'000, 12'500'000, 125'000'000};
  std::uint64_t sent = 0;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    Run run(seed, rates[seed % 6]);
    for (std::uint32_t i = 0; i < 100'000 && run.broken == nullptr; ++i) {
      run.step();
      if (i % 64 == 0) {
        const FlowId flow{i / 64 % kFlows};
        run.expect(run.scheduler.payload_of(flow) == run.model.payload(flow), "backlog is true");
      }
      if (run.broken != nullptr) MESSAGE("seed ", seed, " step ", i, ": ", run.broken);
    }
    REQUIRE(run.broken == nullptr);
    sent += run.sent_datagrams;
  }
  CHECK(sent > 50'000);
}

TEST_CASE("flows that are never empty differ by at most a turn and a datagram") {
  for (const std::uint64_t rate : {100'000ULL, 12'500'000ULL, 125'000'000ULL}) {
    std::mt19937_64 random(rate);
    Scheduler scheduler({.flows = 256, .items = 4'096});
    scheduler.set_rate(rate);
    const std::uint64_t turn = std::clamp<std::uint64_t>(rate / 4'000, shape::kLongestWire, 65'536);
    std::map<std::uint32_t, std::uint64_t> sent;
    const auto refill = [&](std::uint32_t flow, Instant now) {
      const auto wire = static_cast<std::uint16_t>(64 + random() % 1'400);
      REQUIRE(scheduler.enqueue({.flow = FlowId{flow}, .length = 1, .wire = wire}, now) ==
              Admission::Queued);
    };
    Instant now{1'000'000'000};
    for (std::uint32_t flow = 2; flow < 122; flow += 4) {
      sent[flow] = 0;
      for (int i = 0; i < 100; ++i) refill(flow, now);
    }
    std::array<Item, 32> out{};
    for (int i = 0; i < 40'000; ++i) {
      now = std::max(now, scheduler.next_deadline());
      const std::size_t count = scheduler.dequeue(now, out);
      for (std::size_t k = 0; k < count; ++k) {
        sent[out[k].flow.value] += out[k].wire;
        refill(out[k].flow.value, now);
      }
      const auto [least, most] = std::minmax_element(
          sent.begin(), sent.end(), [](auto& a, auto& b) { return a.second < b.second; });
      REQUIRE(most->second - least->second <= turn + 2 * shape::kLongestWire);
    }
  }
}

}  // namespace
}  // namespace covfefe
