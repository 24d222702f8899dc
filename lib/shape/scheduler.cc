// SPDX-License-Identifier: Apache-2.0
#include "shape/scheduler.h"

#include <algorithm>

#include "base/check.h"

namespace covfefe::shape {
namespace {

constexpr BucketQueue::Shape kWheel{18, 15, Place::Wheel};    // 32.768 us for 8.6 s
constexpr BucketQueue::Shape kLeases{12, 16, Place::Leases};  // 65.536 us for 268 ms
constexpr BucketQueue::Shape kBehind{18, 15, Place::Behind};  // the wheel's: low rates matter too
constexpr Duration kSilence = Duration::seconds(1);
constexpr std::uint32_t kChat = 8;  // Idle datagrams that wait for slots; more is no chat any more
constexpr Duration kGather = Duration::micros(250);
constexpr std::uint32_t kUnscaled = 1 << 16;

}  // namespace

Scheduler::Scheduler(const Limits& limits)
    : limits_(limits),
      table_(limits.flows, limits.items),
      tree_(table_),
      wheel_(kWheel),
      leases_(kLeases),
      behind_(kBehind),
      lanes_(table_, wheel_, limits.seed) {
  control_.fill(kNone);
  stretch_.fill(kUnscaled);
  for (std::uint32_t link = 0; link < table_.links(); ++link) remove_link(link);
}

// ---- in ---------------------------------------------------------------------------------------

Admission Scheduler::enqueue(const Item& item, Pace pace, Instant now) {
  CHECK(item.flow.value < limits_.flows && has_class(item.flow));
  CHECK(item.wire >= 1 && item.wire <= kLongestWire);
  CHECK(pace == Pace::Now || is_control(item.flow));
  now_ = std::max(now_, now);
  if (table_.state(item.flow.value).bytes + item.wire > limits_.flow_bytes) {
    return Admission::FlowFull;
  }
  if (!make_room(item.wire)) return Admission::Full;
  place(item, pace);
  return Admission::Queued;
}

bool Scheduler::make_room(std::uint32_t wire) {
  while (table_.full() || table_.bytes() + wire > limits_.total_bytes) {
    const std::uint32_t flow = table_.fattest();
    if (flow == kNone || evicted_count_ == kEvictedMost) return false;
    evict(flow);
  }
  return true;
}

void Scheduler::evict(std::uint32_t flow) {
  Fifo& list = table_[flow].list;
  if (list.empty()) {
    evicted_[evicted_count_++] = table_.pop(table_.link(flow / kFlowsPerLink).paced, Fate::Dropped);
    return;
  }
  evicted_[evicted_count_++] = table_.pop(list, Fate::Dropped);
  after_take(flow);
}

void Scheduler::place(const Item& item, Pace pace) {
  const std::uint32_t flow = item.flow.value;
  const std::uint32_t link = link_of(item.flow);
  if (pace == Pace::Slot && hides(link)) {
    table_.push(table_.link(link).paced, item, now_);
    table_[table_.node_of(link)].paced = true;
    lanes_.arm(link, now_);
    return;
  }
  Node& node = table_[flow];
  bool first = node.list.empty();
  table_.push(node.list, item, now_);
  const FlowClass as = class_of(item.flow);
  if (as == FlowClass::Spare) {
    lanes_.arm(link, now_);
    return;
  }
  if (as == FlowClass::Idle && lanes_.on(link) && !node.draining) {
    lanes_.arm(link, now_);
    if (table_.state(flow).packets <= kChat) return;
    node.draining = first = true;
  }
  if (first) start(flow);
}

// Whether control that may wait for a slot does: nothing of it must overtake what waits already.
bool Scheduler::hides(std::uint32_t link) const {
  if (!lanes_.on(link)) return false;
  if (!table_.link(link).paced.empty()) return true;
  if (!table_[flow_of(link, FlowClass::Control).value].list.empty()) return false;
  for (std::uint32_t as = 0; as < kFlowClasses; ++as) {
    const FlowState& flow = table_.state(link * kFlowsPerLink + as);
    if (now_ - flow.last_sent < kSilence) return false;
  }
  return true;
}

// ---- out --------------------------------------------------------------------------------------

std::size_t Scheduler::dequeue(Instant now, std::span<Decision> out) {
  now_ = std::max(now_, now);
  clock_.settle(now_);
  police_.settle(now_);
  expire();
  std::size_t count = 0;
  while (count < out.size() && evicted_told_ < evicted_count_) {
    out[count++] = {evicted_[evicted_told_++], Verdict::Drop};
  }
  if (evicted_told_ == evicted_count_) evicted_told_ = evicted_count_ = 0;
  while (count < out.size() && clock_.free(now_) && decide(out[count])) ++count;
  return count;
}

// What has no deadline may gather: half of the burst stays for a timer that is late.
Instant Scheduler::next_deadline() const {
  if (evicted_count_ != 0) return now_;
  if (!leases_.empty() || lanes_.due() || !behind_.empty()) return clock_.next();
  Instant soonest = Instant::never();
  if (!tree_.empty()) soonest = clock_.next() + std::min(kGather, clock_.credit() / 2);
  if (control_levels_ != 0) soonest = std::min(soonest, police_.next());
  if (!wheel_.empty()) soonest = std::min(soonest, wheel_.start_of(wheel_.first_tick()));
  return std::max(soonest, clock_.next());
}

std::size_t Scheduler::cancel(FlowId flow, std::uint32_t epoch, std::span<Item> out) {
  CHECK(flow.value < limits_.flows && has_class(flow));
  Fifo& list = table_[flow.value].list;
  std::size_t count = 0;
  while (count < out.size() && table_.remove_older(list, epoch, out[count])) ++count;
  if (count != 0) after_take(flow.value);
  if (!is_control(flow)) return count;
  Fifo& paced = table_.link(link_of(flow)).paced;
  while (count < out.size() && table_.remove_older(paced, epoch, out[count])) ++count;
  if (paced.empty()) table_[table_.node_of(link_of(flow))].paced = false;
  return count;
}

// The one call that looks at every flow: the other side of the rings is gone.
void Scheduler::clear() {
  evicted_told_ = evicted_count_ = 0;
  if (table_.packets() == 0) return;
  for (std::uint32_t flow = 0; flow < limits_.flows; ++flow) {
    if (!has_class(FlowId{flow}) || table_.state(flow).packets == 0) continue;
    Fifo& list = table_[flow].list;
    const bool queued = !list.empty();
    while (!list.empty()) (void)table_.pop(list, Fate::Cancelled);
    if (queued) retire(flow);
    const std::uint32_t link = flow / kFlowsPerLink;
    Fifo& paced = table_.link(link).paced;
    while (is_control(FlowId{flow}) && !paced.empty()) (void)table_.pop(paced, Fate::Cancelled);
    table_[table_.node_of(link)].paced = !paced.empty();
    lanes_.disarm(link);
  }
}

// ---- seen -------------------------------------------------------------------------------------

Counters Scheduler::of(FlowId flow) const {
  CHECK(flow.value < limits_.flows);
  const FlowState& one = table_.state(flow.value);
  return {one.sent_bytes, one.sent, one.dropped, one.bytes, one.packets};
}

Counters Scheduler::of_link(std::uint32_t link) const {
  Counters all;
  for (std::uint32_t as = 0; as < kFlowClasses; ++as) {
    const Counters one = of(flow_of(link, static_cast<FlowClass>(as)));
    all.sent_bytes += one.sent_bytes;
    all.sent += one.sent;
    all.dropped += one.dropped;
    all.queued_bytes += one.queued_bytes;
    all.queued += one.queued;
  }
  return all;
}

Counters Scheduler::of(Account account) const {
  return table_.of(account);
}

std::uint64_t Scheduler::guaranteed_bytes(std::uint32_t link) const {
  CHECK(link < table_.links());
  return table_.link(link).guaranteed_bytes;
}

std::uint64_t Scheduler::spares_sent(std::uint32_t link) const {
  return of(flow_of(link, FlowClass::Spare)).sent;
}

}  // namespace covfefe::shape
