// SPDX-License-Identifier: Apache-2.0
#include "shape/flow_table.h"

#include <bit>

#include "base/check.h"

namespace covfefe::shape {

FlowTable::FlowTable(std::uint32_t flows, std::uint32_t items)
    : flows_(flows), blocks_(flows / kFlowsPerLink + 1), queued_(items) {
  CHECK(flows % kFlowsPerLink == 0 && flows < kNone - kFlowsPerLink);
  for (std::uint32_t i = 0; i + 1 < items; ++i) queued_[i].next = i + 1;
  free_ = items == 0 ? kNone : 0;
  fat_.fill(kNone);
}

void FlowTable::account(const Item& item) {
  FlowState& of = state(item.flow.value);
  if (of.packets == 0) ++busy_;
  ++of.packets;
  of.bytes += item.wire;
  of.payload += item.length;
  ++packets_;
  bytes_ += item.wire;
  Counters& all = accounts_[static_cast<std::size_t>((*this)[item.flow.value].account)];
  ++all.queued;
  all.queued_bytes += item.wire;
  classify(item.flow.value, of);
}

void FlowTable::discount(const Item& item, Fate fate) {
  FlowState& of = state(item.flow.value);
  --of.packets;
  if (of.packets == 0) --busy_;
  of.bytes -= item.wire;
  of.payload -= item.length;
  --packets_;
  bytes_ -= item.wire;
  Counters& all = accounts_[static_cast<std::size_t>((*this)[item.flow.value].account)];
  --all.queued;
  all.queued_bytes -= item.wire;
  if (fate == Fate::Sent) {
    ++of.sent;
    ++all.sent;
    of.sent_bytes += item.wire;
    all.sent_bytes += item.wire;
  } else if (fate == Fate::Dropped) {
    ++of.dropped;
    ++all.dropped;
  }
  classify(item.flow.value, of);
}

void FlowTable::push(Fifo& list, const Item& item, Instant now) {
  CHECK(free_ != kNone && item.flow.value < flows_);
  const std::uint32_t index = free_;
  free_ = queued_[index].next;
  queued_[index] = {item, now, kNone};
  if (list.empty()) {
    list.head = index;
  } else {
    queued_[list.tail].next = index;
  }
  list.tail = index;
  account(item);
}

Item FlowTable::pop(Fifo& list, Fate fate) {
  CHECK(!list.empty());
  const std::uint32_t index = list.head;
  Queued& gone = queued_[index];
  list.head = gone.next;
  if (list.empty()) list.tail = kNone;
  gone.next = free_;
  free_ = index;
  discount(gone.item, fate);
  return gone.item;
}

bool FlowTable::remove_older(Fifo& list, std::uint32_t epoch, Item& out) {
  std::uint32_t before = kNone;
  std::uint32_t index = list.head;
  while (index != kNone && queued_[index].item.epoch >= epoch) {
    before = index;
    index = queued_[index].next;
  }
  if (index == kNone) return false;
  const std::uint32_t after = queued_[index].next;
  (before == kNone ? list.head : queued_[before].next) = after;
  if (list.tail == index) list.tail = before;
  queued_[index].next = free_;
  free_ = index;
  out = queued_[index].item;
  discount(out, Fate::Cancelled);
  return true;
}

void FlowTable::splice(Fifo& to, Fifo& from) {
  if (from.empty()) return;
  (to.empty() ? to.head : queued_[to.tail].next) = from.head;
  to.tail = from.tail;
  from = {};
}

void FlowTable::move_account(std::uint32_t flow, Account to) {
  Node& node = (*this)[flow];
  const FlowState& of = state(flow);
  Counters& old = accounts_[static_cast<std::size_t>(node.account)];
  old.queued -= of.packets;
  old.queued_bytes -= of.bytes;
  node.account = to;
  Counters& now = accounts_[static_cast<std::size_t>(to)];
  now.queued += of.packets;
  now.queued_bytes += of.bytes;
}

// ---- the fattest
// ---------------------------------------------------------------------------------

// Flows with little queued, nearly all of them nearly always, are on no list and cost nothing here.
void FlowTable::classify(std::uint32_t flow, FlowState& state) {
  const auto as = static_cast<std::uint8_t>(state.bytes <= kLean ? 0 : std::bit_width(state.bytes));
  if (as == state.fat_class) return;
  if (state.fat_class != 0) unlist(state);
  state.fat_class = as;
  if (as == 0) return;
  state.fat_previous = kNone;
  state.fat_next = fat_[as];
  if (fat_[as] != kNone) this->state(fat_[as]).fat_previous = flow;
  fat_[as] = flow;
  fat_classes_ |= std::uint32_t{1} << (as - 1);
}

void FlowTable::unlist(FlowState& gone) {
  if (gone.fat_next != kNone) state(gone.fat_next).fat_previous = gone.fat_previous;
  if (gone.fat_previous != kNone) {
    state(gone.fat_previous).fat_next = gone.fat_next;
  } else {
    fat_[gone.fat_class] = gone.fat_next;
    if (gone.fat_next == kNone) fat_classes_ &= ~(std::uint32_t{1} << (gone.fat_class - 1));
  }
  gone.fat_next = gone.fat_previous = kNone;
}

std::uint32_t FlowTable::fattest() const {
  return fat_classes_ == 0 ? kNone : fat_[static_cast<std::size_t>(std::bit_width(fat_classes_))];
}

}  // namespace covfefe::shape
