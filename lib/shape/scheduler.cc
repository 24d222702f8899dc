// SPDX-License-Identifier: Apache-2.0
#include "shape/scheduler.h"

#include <algorithm>

#include "base/check.h"

namespace covfefe::shape {
namespace {

constexpr std::uint64_t kTurnsPerSecond = 4'000;
// A turn is 0.25 ms of the rate: long enough for a train of cells to one destination, short enough
// that nobody waits long for the others' turns.

}  // namespace

Scheduler::Scheduler(const Limits& limits) : limits_(limits), table_(limits.flows, limits.items) {}

void Scheduler::set_rate(std::uint64_t bytes_per_second) {
  clock_.set_rate(bytes_per_second);
  const std::uint64_t turn = bytes_per_second / kTurnsPerSecond;
  turn_ =
      bytes_per_second == 0
          ? kLongestTurn
          : static_cast<std::uint32_t>(std::clamp<std::uint64_t>(turn, kLongestWire, kLongestTurn));
}

Admission Scheduler::enqueue(const Item& item, Instant) {
  CHECK(item.flow.value < limits_.flows && item.wire >= 1 && item.wire <= kLongestWire);
  if (table_.full() || table_.bytes() + item.wire > limits_.total_bytes) return Admission::Full;
  const Flow& flow = table_[item.flow.value];
  if (flow.bytes + item.wire > limits_.flow_bytes) return Admission::FlowFull;
  if (flow.packets == 0) {
    class_of(item.flow).ring.append(table_, item.flow.value);
    ++busy_;
  }
  table_.push(item);
  return Admission::Queued;
}

void Scheduler::leave(FlowId flow) {
  Class& of = class_of(flow);
  if (of.ring.head() == flow.value) of.fresh = true;
  of.ring.remove(table_, flow.value);
  table_[flow.value].deficit = 0;
  --busy_;
}

Item Scheduler::take_from(Class& from) {
  // At most two rounds of the loop: a turn is never shorter than the longest datagram.
  for (;;) {
    const std::uint32_t index = from.ring.head();
    Flow& flow = table_[index];
    if (from.fresh) flow.deficit += turn_;
    from.fresh = false;
    const std::uint32_t wire = table_.front(index).wire;
    if (wire <= flow.deficit) {
      flow.deficit -= wire;
      const Item item = table_.pop(index);
      if (flow.packets == 0) leave(item.flow);
      return item;
    }
    from.ring.rotate(table_);
    from.fresh = true;
  }
}

std::size_t Scheduler::dequeue(Instant now, std::span<Item> out) {
  clock_.settle(now);
  std::size_t count = 0;
  while (count < out.size() && queued() != 0 && clock_.free(now)) {
    out[count] = take_from(control_.ring.empty() ? data_ : control_);
    clock_.charge(out[count].wire);
    ++count;
  }
  return count;
}

Instant Scheduler::next_deadline() const {
  return queued() == 0 ? Instant::never() : clock_.next();
}

std::size_t Scheduler::cancel(FlowId flow, std::uint32_t epoch, std::span<Item> out) {
  CHECK(flow.value < limits_.flows);
  if (table_[flow.value].packets == 0) return 0;
  std::size_t count = 0;
  while (count < out.size() && table_.remove_older(flow, epoch, out[count])) ++count;
  if (table_[flow.value].packets == 0) leave(flow);
  return count;
}

void Scheduler::clear() {
  for (Class* all : {&control_, &data_}) {
    while (!all->ring.empty()) {
      const std::uint32_t flow = all->ring.head();
      while (table_[flow].packets != 0) table_.pop(flow);
      leave(FlowId{flow});
    }
  }
}

}  // namespace covfefe::shape
