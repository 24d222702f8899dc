// SPDX-License-Identifier: Apache-2.0
// What the shaper costs per packet without the kernel's part: rings alone, scheduler alone at three
// numbers of flows, both together. Prints medians of interleaved runs, in nanoseconds per packet of
// one core. Not a test: no threshold.
#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <memory>
#include <vector>

#include "os/clock.h"
#include "shape/scheduler.h"
#include "tests/support/ring_pair.h"

namespace covfefe {
namespace {

constexpr std::size_t kPackets = 200'000;
constexpr std::size_t kBatch = 64;
constexpr int kRuns = 9;

class Rings {
 public:
  void run(shape::Scheduler* scheduler, std::uint32_t flows) {
    for (std::size_t done = 0; done < kPackets; done += kBatch) {
      for (std::size_t i = 0; i < kBatch; ++i) {
        const os::FrameRef frame = pair_.router.acquire(os::kLaneBulk);
        flow_ = (flow_ + 1) % flows;
        pair_.router.post(frame, tests::posting_to(9, flow_of(flow_, FlowClass::Bulk), 1'400));
      }
      pair_.router.flush();
      const std::size_t count = pair_.shaper.take(taken_);
      now_ = os::monotonic_now();
      for (std::size_t i = 0; i < count; ++i) serve(taken_[i], scheduler);
      if (scheduler != nullptr) drain(*scheduler);
      pair_.shaper.publish();
      if (pair_.router.collect(collected_) != kBatch) bug("a packet was lost");
    }
  }

 private:
  void serve(const os::Descriptor& sent, shape::Scheduler* scheduler) {
    os::FrameHead head;
    if (!pair_.shaper.open_head(sent, head)) bug("a head was refused");
    if (scheduler == nullptr) {
      pair_.shaper.complete(sent.frame, os::SendStatus::Sent);
      return;
    }
    (void)scheduler->enqueue({sent.frame, sent.flow, sent.epoch, sent.length, 1'448},
                             shape::Pace::Now, now_);
    pair_.shaper.set_backlog(sent.flow, scheduler->payload_of(sent.flow));
  }
  void drain(shape::Scheduler& scheduler) {
    const std::size_t count = scheduler.dequeue(now_, decisions_);
    for (std::size_t i = 0; i < count; ++i) {
      const shape::Item& item = decisions_[i].item;
      pair_.shaper.complete(item.frame, os::SendStatus::Sent);
      pair_.shaper.set_backlog(item.flow, scheduler.payload_of(item.flow));
    }
  }

  tests::RingPair pair_;
  std::uint32_t flow_ = 0;
  std::array<os::Descriptor, os::kTakeMost> taken_{};
  std::array<os::FrameCompletion, kBatch> collected_{};
  std::array<shape::Decision, kBatch> decisions_{};
  Instant now_;
};

// Every flow always has one datagram queued; each that leaves is queued again.
class Backlogged {
 public:
  explicit Backlogged(std::uint32_t flows)
      : scheduler_({.flows = kFlowsPerLink * flows, .items = flows, .total_bytes = 1ULL << 40}) {
    scheduler_.set_rate(12'500'000'000);
    for (std::uint32_t flow = 0; flow < flows; ++flow) {
      (void)scheduler_.enqueue(
          {.flow = flow_of(flow, FlowClass::Bulk), .length = 1'400, .wire = 1'448},
          shape::Pace::Now, now_);
    }
  }
  void run() {
    for (std::size_t done = 0; done < kPackets;) {
      now_ = std::max(now_ + Duration{1}, scheduler_.next_deadline());
      const std::size_t count = scheduler_.dequeue(now_, decisions_);
      for (std::size_t i = 0; i < count; ++i) {
        (void)scheduler_.enqueue(decisions_[i].item, shape::Pace::Now, now_);
      }
      done += count;
    }
  }

 private:
  shape::Scheduler scheduler_;
  Instant now_{1'000'000'000};
  std::array<shape::Decision, kBatch> decisions_{};
};

struct Case {
  const char* name;
  std::function<void()> run;
  std::vector<double> nanoseconds;
};

void measure(std::vector<Case>& cases) {
  for (int run = 0; run < kRuns; ++run) {
    for (Case& one : cases) {
      const Instant start = os::monotonic_now();
      one.run();
      const Duration took = os::monotonic_now() - start;
      one.nanoseconds.push_back(static_cast<double>(took.nanoseconds) / kPackets);
    }
  }
}

int bench() {
  auto rings = std::make_unique<Rings>();
  shape::Scheduler idle({.items = os::kFrames});
  Backlogged thousand(1'000);
  Backlogged ten_thousand(10'000);
  Backlogged hundred_thousand(100'000);
  std::vector<Case> cases = {
      {"rings, both sides", [&] { rings->run(nullptr, 1'000); }, {}},
      {"scheduler, 1,000 busy flows", [&] { thousand.run(); }, {}},
      {"scheduler, 10,000 busy flows", [&] { ten_thousand.run(); }, {}},
      {"scheduler, 100,000 busy flows", [&] { hundred_thousand.run(); }, {}},
      {"rings and scheduler, 1,000 flows", [&] { rings->run(&idle, 1'000); }, {}},
  };
  measure(cases);
  std::printf("%-36s %10s %10s\n", "ns per packet", "median", "best");
  for (Case& one : cases) {
    std::sort(one.nanoseconds.begin(), one.nanoseconds.end());
    std::printf("%-36s %10.1f %10.1f\n", one.name, one.nanoseconds[kRuns / 2],
                one.nanoseconds.front());
  }
  return 0;
}

}  // namespace
}  // namespace covfefe

int main() {
  return covfefe::bench();
}
