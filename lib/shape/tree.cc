// SPDX-License-Identifier: Apache-2.0
#include "shape/tree.h"

#include <algorithm>

#include "shape/rings.h"

namespace covfefe::shape {

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

void Tree::end_turn(std::uint32_t node) {
  std::uint32_t& head = table_[parent_of(node)].list.head;
  if (head != node) return;
  head = table_[node].next;
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
