// SPDX-License-Identifier: Apache-2.0
// The scheduler against a slow model that is obviously right: plain deques, leaky buckets, and the
// promises themselves (order, limits, the rate, caps, no idling, nobody forgotten), while datagrams
// and settings change at random.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <random>
#include <string>
#include <vector>

#include "line.h"

namespace covfefe {
namespace {

using shape::Admission;
using shape::Decision;
using shape::Item;
using shape::Level;
using shape::LinkPlan;
using shape::Pace;
using shape::Scheduler;
using shape::Verdict;

constexpr std::uint32_t kLinks = 12;
constexpr std::uint32_t kFlows = kLinks * kFlowsPerLink;
constexpr std::uint32_t kItems = 512;
constexpr std::uint32_t kFlowBytes = 60'000;

// At most cap * t + cap * 2 ms + one datagram in any time t.
struct Bucket {
  double cap = 0;  // bytes a second, 0 = none
  double level = 0;
  Instant at;

  void set(std::uint64_t bytes_per_second, Instant now) {
    cap = static_cast<double>(bytes_per_second);
    level = 0;
    at = now;
  }
  bool fits(std::uint32_t wire, Instant now) {
    if (cap == 0) return true;
    level = std::max(0.0, level - cap * static_cast<double>((now - at).nanoseconds) / 1e9);
    at = now;
    level += wire;
    return level <= cap * 0.002 + shape::kLongestWire + 1;
  }
};

struct Waiting {
  Item item;
  bool paced;
};

class Model {
 public:
  std::deque<Waiting>& of(FlowId flow) { return queues_[flow.value]; }
  std::uint64_t bytes(FlowId flow) const {
    std::uint64_t sum = 0;
    for (const Waiting& one : queues_[flow.value]) sum += one.item.wire;
    return sum;
  }
  std::size_t total() const {
    std::size_t sum = 0;
    for (const auto& queue : queues_) sum += queue.size();
    return sum;
  }
  // The oldest of its pace.
  bool remove_front(const Item& item) {
    auto& queue = queues_[item.flow.value];
    const auto same = [&](const Waiting& one) { return one.item.frame == item.frame; };
    const auto at = std::find_if(queue.begin(), queue.end(), same);
    if (at == queue.end()) return false;
    const bool paced = at->paced;
    const bool first =
        std::none_of(queue.begin(), at, [&](const Waiting& one) { return one.paced == paced; });
    queue.erase(at);
    return first;
  }
  // Something may leave at once whatever the time: no cap, no slot to wait for.
  bool ready(const std::array<LinkPlan, kLinks>& plans, bool donated) const {
    for (std::uint32_t link = 0; link < kLinks; ++link) {
      for (std::uint32_t as = 0; as < kFlowClasses; ++as) {
        if (ready(link, static_cast<FlowClass>(as), plans[link], donated)) return true;
      }
    }
    return false;
  }

 private:
  bool ready(std::uint32_t link, FlowClass as, const LinkPlan& plan, bool donated) const {
    const auto& queue = queues_[flow_of(link, as).value];
    const bool now = std::any_of(queue.begin(), queue.end(), [](auto& one) { return !one.paced; });
    if (!now || as == FlowClass::Spare) return false;
    if (as == FlowClass::Idle) return plan.idle_period == Duration{} && plan.share.cap == 0;
    if (as == FlowClass::Relayed) return !donated && plan.share.cap == 0;
    return plan.share.cap == 0;
  }
  std::array<std::deque<Waiting>, kFlows> queues_;
};

struct Run {
  std::mt19937_64 random;
  Scheduler scheduler{{.flows = kFlows, .items = kItems, .flow_bytes = kFlowBytes}};
  Model model;
  std::uint64_t rate;
  Instant now{5'000'000'000};
  std::uint32_t next_frame = 0;
  std::string broken;
  std::uint64_t sent = 0;
  std::uint64_t drops = 0;

  std::array<LinkPlan, kLinks> plans;
  std::array<bool, kLinks> leased{};
  std::array<Bucket, kLinks> caps;
  Bucket donated;
  Bucket line;
  double busiest = 0;

  Run(std::uint64_t seed, std::uint64_t bytes_per_second) : random(seed), rate(bytes_per_second) {
    scheduler.set_rate(rate);
    line.at = now;
  }

  void expect(bool held, const char* promise) {
    if (!held && broken.empty()) broken = promise;
  }
  std::uint64_t pick(std::uint64_t below) { return random() % below; }

  void add() {
    Item one;
    one.frame = next_frame++;
    one.flow = flow_of(static_cast<std::uint32_t>(pick(kLinks)),
                       static_cast<FlowClass>(pick(kFlowClasses)));
    one.epoch = static_cast<std::uint32_t>(pick(4));
    one.wire = static_cast<std::uint16_t>(1 + pick(shape::kLongestWire));
    one.length = static_cast<std::uint16_t>(one.wire / 2);
    const bool slot = shape::is_control(one.flow) && pick(2) == 0;
    const std::uint64_t before = model.bytes(one.flow);
    const auto said = scheduler.enqueue(one, slot ? Pace::Slot : Pace::Now, now);
    expect((said == Admission::FlowFull) == (before + one.wire > kFlowBytes), "a flow's limit");
    if (said == Admission::Full) expect(model.total() + 8 > kItems, "the limit of all");
    if (said == Admission::Queued) model.of(one.flow).push_back({one, slot});
  }

  void cancel() {
    const FlowId flow = flow_of(static_cast<std::uint32_t>(pick(kLinks)),
                                static_cast<FlowClass>(pick(kFlowClasses)));
    const auto epoch = static_cast<std::uint32_t>(pick(5));
    std::vector<Item> out(kItems);
    out.resize(scheduler.cancel(flow, epoch, out));
    for (const Item& one : out) {
      auto& queue = model.of(flow);
      const auto at = std::find_if(queue.begin(), queue.end(),
                                   [&](auto& each) { return each.item.frame == one.frame; });
      expect(at != queue.end() && one.epoch < epoch, "cancel takes older ones");
      if (at != queue.end()) queue.erase(at);
    }
    if (scheduler.queued() != model.total()) return;  // some were given up and it is not told yet
    for (const Waiting& one : model.of(flow)) {
      expect(one.item.epoch >= epoch, "cancel takes all older ones");
    }
  }

  std::uint64_t some_rate() { return pick(2) == 0 ? 0 : 500 + pick(200'000); }

  void change() {
    const auto link = static_cast<std::uint32_t>(pick(kLinks));
    LinkPlan& plan = plans[link];
    switch (pick(4)) {
      case 0: {
        const std::uint64_t cap = some_rate();
        scheduler.set_relayed(cap, 1 + static_cast<std::uint32_t>(pick(4)));
        donated.set(cap, now);
        break;
      }
      case 1:
        leased[link] = pick(3) == 0;
        scheduler.set_lease(link, {.rate = leased[link] ? 500 + pick(20'000) : 0,
                                   .burst = 1'448,
                                   .target = Duration::millis(100)});
        caps[link].set(plan.share.cap,
                       now);  // what a lease took beyond the cap is not owed for long
        break;
      default:
        plan.level = static_cast<Level>(pick(4));
        plan.share = {some_rate() / 4, some_rate(), 1 + static_cast<std::uint32_t>(pick(5))};
        plan.idle_period = Duration::millis(pick(2) == 0 ? 0 : 50);
        scheduler.set_link(link, plan);
        caps[link].set(plan.share.cap, now);
    }
  }

  void check_caps(const Item& one) {
    const std::uint32_t link = link_of(one.flow);
    const FlowClass as = class_of(one.flow);
    // Control and what leaves in slots are not held; leases are charged and not held.
    if (as == FlowClass::Control || as == FlowClass::Spare || as == FlowClass::Idle) return;
    const bool within = caps[link].fits(one.wire, now);
    if (!leased[link] && as != FlowClass::Leased) expect(within, "a link's cap");
    if (as == FlowClass::Relayed) expect(donated.fits(one.wire, now), "the donated part");
  }

  void check_rate(const Item& one) {
    if (rate == 0) return;
    line.cap = static_cast<double>(rate) * 1.00001;  // prices are rounded down
    (void)line.fits(one.wire, now);
    const auto most =
        static_cast<double>(scheduler.clock().burst_bytes()) + shape::kLongestWire + 1;
    expect(line.level <= most, "never faster than the rate");
  }

  void dequeue() {
    std::array<Decision, 16> out{};
    const std::size_t most = 1 + pick(out.size());
    // What has no deadline may be announced a quarter of a millisecond late.
    const bool early = scheduler.next_deadline() > now + Duration::micros(250);
    const std::size_t count = scheduler.dequeue(now, std::span(out).first(most));
    expect(count == 0 || !early, "nothing leaves before it was announced");
    for (std::size_t i = 0; i < count; ++i) {
      expect(model.remove_front(out[i].item), "each flow in order");
      if (out[i].verdict == Verdict::Drop) {
        ++drops;
        continue;
      }
      check_caps(out[i].item);
      check_rate(out[i].item);
      ++sent;
    }
    if (count == most || !scheduler.clock().free(now)) return;
    expect(!model.ready(plans, donated.cap != 0), "no idling while something may leave");
    expect(scheduler.next_deadline() > now, "what is left has a time, or none");
  }

  void advance() {
    const std::uint64_t kind = pick(8);
    if (kind == 0 && !scheduler.next_deadline().is_never()) {
      now = std::max(now, scheduler.next_deadline());
    } else {
      now = now + Duration{static_cast<std::int64_t>(pick(kind == 1 ? 20'000'000 : 400'000))};
    }
  }

  void step() {
    const std::uint64_t kind = pick(128);
    if (kind < 56) {
      add();
    } else if (kind < 88) {
      dequeue();
    } else if (kind < 122) {
      advance();
    } else if (kind < 126) {
      cancel();
    } else {
      change();
    }
  }

  void check_counts(std::uint32_t i) {
    const FlowId flow = flow_of(i % kLinks, static_cast<FlowClass>(i / kLinks % kFlowClasses));
    expect(scheduler.of(flow).queued_bytes == model.bytes(flow), "the backlog is true");
    expect(scheduler.queued() == model.total(), "nothing is lost, nothing invented");
  }

  // All that is queued leaves once time passes, spares aside.
  void drain() {
    for (int i = 0; i < 200'000 && !scheduler.next_deadline().is_never(); ++i) {
      now = std::max(now, scheduler.next_deadline());
      dequeue();
    }
    expect(scheduler.next_deadline().is_never(), "nobody is forgotten");
    for (std::uint32_t value = 0; value < kFlows; ++value) {
      const FlowId flow{value};
      if (!has_class(flow) || class_of(flow) == FlowClass::Spare) continue;
      expect(model.of(flow).empty(), "all leave in the end");
    }
  }
};

TEST_CASE("a million random steps keep every promise of the scheduler") {
  const std::uint64_t rates[] = {0, 20'000, 100'000, 2'500'000, 12'500'000, 125'000'000};
  std::uint64_t sent = 0;
  std::uint64_t drops = 0;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    Run run(seed, rates[seed % 6]);
    for (std::uint32_t i = 0; i < 100'000 && run.broken.empty(); ++i) {
      run.step();
      if (i % 512 == 0 && run.scheduler.next_deadline() > run.now) run.check_counts(i / 512);
      if (!run.broken.empty()) MESSAGE("seed ", seed, " step ", i, ": ", run.broken);
    }
    if (run.broken.empty()) run.drain();
    INFO("seed ", seed, ": ", run.broken);
    REQUIRE(run.broken.empty());
    sent += run.sent;
    drops += run.drops;
  }
  CHECK(sent > 50'000);
  CHECK(drops > 1'000);
}

}  // namespace
}  // namespace covfefe
