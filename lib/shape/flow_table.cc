// SPDX-License-Identifier: Apache-2.0
#include "shape/flow_table.h"

#include <bit>

#include "base/check.h"

namespace covfefe::shape {

FlowTable::FlowTable(std::uint32_t flows, std::uint32_t items)
    : flows_(flows),
      blocks_(std::make_unique<Block[]>(flows / kFlowsPerLink + 1)),
      queued_(std::make_unique<Queued[]>(items)) {
  CHECK(flows % kFlowsPerLink == 0 && flows < kNone - kFlowsPerLink);
  for (std::uint32_t i = 0; i + 1 < items; ++i) queued_[i].next = i + 1;
  free_ = items == 0 ? kNone : 0;
  fat_.fill(kNone);
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

// ---- the fattest ------------------------------------------------------------------------------

void FlowTable::reclassify(std::uint32_t flow, FlowState& state, std::uint8_t as) {
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
