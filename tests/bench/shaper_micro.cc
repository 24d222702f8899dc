// SPDX-License-Identifier: Apache-2.0
// What the shaper costs without the kernel's part, in nanoseconds of one core's time per packet:
// rings alone, scheduler alone at three numbers of flows, both together; its memory and what it
// takes to add flows. Medians of interleaved runs. Then what the scheduler promises, in its own
// time. Not a test: no threshold; tests/bench/shaper reads the rows.
#include "shaper_micro.h"

#include <malloc.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include "os/clock.h"
#include "shape/scheduler.h"
#include "tests/support/ring_pair.h"

namespace covfefe {
namespace {

constexpr std::size_t kPackets = 200'000;
constexpr std::size_t kBatch = 64;
constexpr int kRuns = 9;
constexpr std::uint32_t kMany = 10'000;

double thread_nanoseconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

// So many flows in an order that no prefetcher guesses; beyond the number of links that the rings
// know, several of a link.
std::vector<FlowId> shuffled(std::uint32_t flows, std::uint32_t links) {
  constexpr std::array kClasses = {FlowClass::Bulk, FlowClass::Relayed, FlowClass::Interactive};
  std::vector<FlowId> out;
  for (std::uint32_t i = 0; i < flows; ++i) {
    out.push_back(flow_of(i % links, kClasses[i / links % kClasses.size()]));
  }
  std::shuffle(out.begin(), out.end(), std::mt19937(7));
  return out;
}

class Rings {
 public:
  explicit Rings(std::uint32_t flows, bool scheduled)
      : flows_(shuffled(flows, std::min(flows, 4'096U))), scheduled_(scheduled) {}

  void run() {
    for (std::size_t done = 0; done < kPackets; done += kBatch) {
      for (std::size_t i = 0; i < kBatch; ++i) {
        const FlowId flow = flows_[next_];
        next_ = next_ + 1 == flows_.size() ? 0 : next_ + 1;
        const os::FrameRef frame = pair_.router.acquire(os::lane_of(flow));
        pair_.router.post(frame, tests::posting_to(9, flow, 1'400));
      }
      pair_.router.flush();
      const std::size_t count = pair_.shaper.take(taken_);
      now_ = os::monotonic_now();
      for (std::size_t i = 0; i < count; ++i) serve(i, count);
      if (scheduled_) drain();
      pair_.shaper.publish();
      if (pair_.router.collect(collected_) != kBatch) bug("a packet was lost");
    }
  }

 private:
  void serve(std::size_t index, std::size_t count) {
    const os::Descriptor& sent = taken_[index];
    os::FrameHead head;
    if (!pair_.shaper.open_head(sent, head)) bug("a head was refused");
    if (!scheduled_) {
      pair_.shaper.complete(sent.frame, os::SendStatus::Sent);
      return;
    }
    if (index + 4 < count) scheduler_.expect(taken_[index + 4].flow);
    (void)scheduler_.enqueue({sent.frame, sent.flow, sent.epoch, sent.length, 1'448},
                             shape::Pace::Now, now_);
    pair_.shaper.set_backlog(sent.flow, scheduler_.payload_of(sent.flow));
  }
  void drain() {
    const std::size_t count = scheduler_.dequeue(now_, decisions_);
    for (std::size_t i = 0; i < count; ++i) {
      const shape::Item& item = decisions_[i].item;
      pair_.shaper.complete(item.frame, os::SendStatus::Sent);
      pair_.shaper.set_backlog(item.flow, scheduler_.payload_of(item.flow));
    }
  }

  std::vector<FlowId> flows_;
  bool scheduled_;
  shape::Scheduler scheduler_{{.flows = os::kFlows, .items = os::kFrames}};
  tests::RingPair pair_;
  std::size_t next_ = 0;
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
    for (const FlowId flow : shuffled(flows, flows)) {
      (void)scheduler_.enqueue({.flow = flow, .length = 1'400, .wire = 1'448}, shape::Pace::Now,
                               now_);
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
  const char* key;
  const char* what;
  std::function<void()> run;
  std::vector<double> nanoseconds;
};

void measure(std::vector<Case>& cases) {
  for (int run = 0; run < kRuns; ++run) {
    for (Case& one : cases) {
      const double start = thread_nanoseconds();
      one.run();
      one.nanoseconds.push_back((thread_nanoseconds() - start) / kPackets);
    }
  }
  for (Case& one : cases) {
    std::sort(one.nanoseconds.begin(), one.nanoseconds.end());
    bench::row(one.key, one.nanoseconds[kRuns / 2], "ns", one.what);
  }
}

void costs() {
  Rings rings(1'000, false);
  Rings thousand_ringed(1'000, true);
  Rings many_ringed(kMany, true);
  Backlogged thousand(1'000);
  Backlogged many(kMany);
  Backlogged most(100'000);
  std::vector<Case> cases = {
      {"rings", "rings alone, both sides", [&] { rings.run(); }, {}},
      {"scheduler_1k", "scheduler, 1,000 busy flows", [&] { thousand.run(); }, {}},
      {"scheduler_10k", "scheduler, 10,000 busy flows", [&] { many.run(); }, {}},
      {"scheduler_100k", "scheduler, 100,000 busy flows", [&] { most.run(); }, {}},
      {"ringed_1k", "rings and scheduler, 1,000 flows", [&] { thousand_ringed.run(); }, {}},
      {"ringed_10k", "rings and scheduler, 10,000 flows", [&] { many_ringed.run(); }, {}},
  };
  measure(cases);
}

double allocated() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<double>(info.uordblks) + static_cast<double>(info.hblkhd);
}

// One flow of a link of its own, as a class of a kernel's scheduler would be.
void adding() {
  constexpr std::uint32_t kTwice = 2 * kMany;
  const auto grown = [](std::uint32_t links) {
    const double before = allocated();
    shape::Scheduler scheduler({.flows = links * kFlowsPerLink, .items = 1});
    return allocated() - before;
  };
  const double link = (grown(kTwice) - grown(kMany)) / (kTwice - kMany);
  bench::row("bytes_per_link", link, "B", "a friend with its seven flows");
  bench::row("bytes_per_flow", link / kFlowClasses, "B", "each of them");
  std::vector<double> took;
  for (int run = 0; run < kRuns; ++run) {
    shape::Scheduler scheduler({.flows = kMany * kFlowsPerLink, .items = 1});
    const double start = thread_nanoseconds();
    for (std::uint32_t i = 0; i < kMany; ++i) {
      scheduler.set_link(i, {.level = shape::Level::Known,
                             .share = {.reserve = 1'000 + i, .cap = 1'000'000, .weight = 2}});
    }
    took.push_back((thread_nanoseconds() - start) / 1e6);
  }
  std::sort(took.begin(), took.end());
  bench::row("add_10k", took[kRuns / 2], "ms", "10,000 links with reserve, cap and weight");
}

}  // namespace
}  // namespace covfefe

int main() {
  covfefe::costs();
  covfefe::adding();
  covfefe::bench::promises();
  return 0;
}
