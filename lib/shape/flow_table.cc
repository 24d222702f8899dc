// SPDX-License-Identifier: Apache-2.0
#include "shape/flow_table.h"

#include "base/check.h"

namespace covfefe::shape {

FlowTable::FlowTable(std::uint32_t flows, std::uint32_t items) : flows_(flows), nodes_(items) {
  for (std::uint32_t i = 0; i + 1 < items; ++i) nodes_[i].next = i + 1;
  free_ = items == 0 ? kNone : 0;
}

void FlowTable::account(Flow& flow, const Item& item) {
  ++flow.packets;
  flow.bytes += item.wire;
  flow.payload += item.length;
  ++packets_;
  bytes_ += item.wire;
}

void FlowTable::discount(Flow& flow, const Item& item) {
  --flow.packets;
  flow.bytes -= item.wire;
  flow.payload -= item.length;
  --packets_;
  bytes_ -= item.wire;
}

void FlowTable::push(const Item& item) {
  CHECK(free_ != kNone && item.flow.value < flows_.size());
  const std::uint32_t node = free_;
  free_ = nodes_[node].next;
  nodes_[node] = {item, kNone};
  Flow& flow = flows_[item.flow.value];
  if (flow.tail == kNone) {
    flow.head = node;
  } else {
    nodes_[flow.tail].next = node;
  }
  flow.tail = node;
  account(flow, item);
}

Item FlowTable::pop(std::uint32_t index) {
  Flow& flow = flows_[index];
  CHECK(flow.head != kNone);
  const std::uint32_t node = flow.head;
  flow.head = nodes_[node].next;
  if (flow.head == kNone) flow.tail = kNone;
  nodes_[node].next = free_;
  free_ = node;
  discount(flow, nodes_[node].item);
  return nodes_[node].item;
}

bool FlowTable::remove_older(FlowId id, std::uint32_t epoch, Item& out) {
  Flow& flow = flows_[id.value];
  std::uint32_t before = kNone;
  std::uint32_t node = flow.head;
  while (node != kNone && nodes_[node].item.epoch >= epoch) {
    before = node;
    node = nodes_[node].next;
  }
  if (node == kNone) return false;
  const std::uint32_t after = nodes_[node].next;
  (before == kNone ? flow.head : nodes_[before].next) = after;
  if (flow.tail == node) flow.tail = before;
  nodes_[node].next = free_;
  free_ = node;
  out = nodes_[node].item;
  discount(flow, out);
  return true;
}

void FlowRing::append(FlowTable& table, std::uint32_t flow) {
  if (head_ == kNone) {
    table[flow].next = table[flow].previous = head_ = flow;
    return;
  }
  const std::uint32_t last = table[head_].previous;
  table[flow].next = head_;
  table[flow].previous = last;
  table[last].next = flow;
  table[head_].previous = flow;
}

void FlowRing::remove(FlowTable& table, std::uint32_t flow) {
  Flow& gone = table[flow];
  table[gone.previous].next = gone.next;
  table[gone.next].previous = gone.previous;
  if (head_ == flow) head_ = gone.next == flow ? kNone : gone.next;
  gone.next = gone.previous = kNone;
}

void FlowRing::rotate(FlowTable& table) {
  head_ = table[head_].next;
}

}  // namespace covfefe::shape
