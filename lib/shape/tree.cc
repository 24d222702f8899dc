// SPDX-License-Identifier: Apache-2.0
#include "shape/tree.h"

#include <algorithm>

namespace covfefe::shape {
namespace {

constexpr std::uint32_t kRelayed = static_cast<std::uint32_t>(FlowClass::Relayed);

}  // namespace

std::uint32_t Tree::parent_of(std::uint32_t node) const {
  if (node >= table_.flows()) return table_.root();
  const std::uint32_t as = node % kFlowsPerLink;
  if (as == kFlowClasses) return table_.node_of(table_[node].level);
  return as == kRelayed ? table_.node_of(Level::Relayed) : node - as + kFlowClasses;
}

// A deficit is at least 1 - kLongestWire, and what is added at least kLongestWire: the turn is one.
void Tree::begin_turn(std::uint32_t node) {
  Node& one = table_[node];
  if (one.deficit > 0) return;
  const std::uint32_t as = node % kFlowsPerLink;
  const bool in_link = node < table_.flows() && as != kFlowClasses && as != kRelayed;
  one.deficit += static_cast<std::int32_t>(one.weight * (in_link ? kLongestWire : turn_));
}

bool Tree::join(std::uint32_t node) {
  std::uint32_t& head = table_[parent_of(node)].list.head;
  const bool first = head == kNone;
  Siblings::append(table_, head, node);
  table_[node].active = true;
  if (first) begin_turn(node);
  return first;
}

bool Tree::leave(std::uint32_t node) {
  std::uint32_t& head = table_[parent_of(node)].list.head;
  const bool had_turn = head == node;
  Siblings::remove(table_, head, node);
  Node& gone = table_[node];
  gone.active = false;
  gone.deficit = std::min(gone.deficit, 0);
  if (head == kNone) return true;
  if (had_turn) {
    begin_turn(head);
    look_ahead(head);
  }
  return false;
}

void Tree::settle(std::uint32_t node) {
  Node& one = table_[node];
  if (!one.active || one.deficit > 0) return;
  std::uint32_t& head = table_[parent_of(node)].list.head;
  if (head != node) return;
  head = one.next;
  begin_turn(head);
  look_ahead(head);
}

// A turn is mostly one link's or one relayed flow's: what the next turns will touch is fetched
// while this one is served, a step further for each link of the chain.
void Tree::look_ahead(std::uint32_t node) const {
  if (node >= table_.flows()) return;
  const Node& now = table_[node];
  const std::uint32_t second = now.next;
  if (table_.is_link(node)) {
    const Node& soon = table_[second];
    table_.prefetch_node(soon.next);
    if (soon.list.head != kNone && table_.is_link(second)) table_.prefetch(soon.list.head);
    if (now.list.head != kNone) table_.prefetch_queued(table_[now.list.head].list.head);
  } else {
    table_.prefetch(second);
    table_.prefetch_queued(now.list.head);
  }
}

}  // namespace covfefe::shape
