// SPDX-License-Identifier: Apache-2.0
#include "shape/tree.h"

#include <algorithm>

#include "shape/rings.h"
#include "shape/root_clock.h"

namespace covfefe::shape {
namespace {

constexpr std::uint64_t kTurnsPerSecond = 4'000;
constexpr std::uint64_t kRoundsPerSecond = 40;
// Over ten seconds a link is off its due by at most a turn: by 0.25 % where rounds take 25 ms.
constexpr std::uint32_t kLeastTurn = kLargeCellWire / 4;
// Where they take longer all the same, links of different weights alternate cell by cell.

}  // namespace

void Tree::set_rate(std::uint64_t bytes_per_second) {
  const std::uint64_t turn = bytes_per_second / kTurnsPerSecond;
  const bool limited = bytes_per_second != 0;
  turn_ = static_cast<std::uint32_t>(
      limited ? std::clamp<std::uint64_t>(turn, kLongestWire, kLongestTurn) : kLongestTurn);
  round_ = std::min(bytes_per_second, kMostRate) / kRoundsPerSecond;
}

std::uint32_t Tree::turn_among(std::uint32_t level) const {
  const std::uint32_t index = level - table_.flows();
  const std::uint64_t all = std::uint64_t{weights_[index]} * std::max(1U, weights_[kLevels]);
  if (round_ == 0) return turn_;
  const std::uint64_t turn = round_ * table_[level].weight / all;
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(turn, kLeastTurn, turn_));
}

std::int32_t Tree::quantum(std::uint32_t node, std::uint32_t parent) const {
  const std::uint32_t turn = parent == table_.root()    ? turn_
                             : parent >= table_.flows() ? turn_among(parent)
                                                        : kLongestWire;
  return static_cast<std::int32_t>(table_[node].weight * turn);
}

// Who overdrew by more than a quantum is passed over: at most kLongestWire / kLeastTurn times for
// each datagram that was sent.
void Tree::give_turn(std::uint32_t parent) {
  std::uint32_t& head = table_[parent].list.head;
  for (;;) {
    Node& one = table_[head];
    if (one.deficit > 0) return;
    one.deficit += quantum(head, parent);
    if (one.deficit > 0) return;
    head = one.next;
  }
}

bool Tree::join(std::uint32_t node) {
  const std::uint32_t parent = parent_of(node);
  std::uint32_t& head = table_[parent].list.head;
  const bool first = head == kNone;
  Siblings::append(table_, head, node);
  table_[node].active = true;
  if (parent >= table_.flows()) weights_[parent - table_.flows()] += table_[node].weight;
  if (first) give_turn(parent);
  return first;
}

bool Tree::leave(std::uint32_t node) {
  const std::uint32_t parent = parent_of(node);
  std::uint32_t& head = table_[parent].list.head;
  const bool had_turn = head == node;
  Siblings::remove(table_, head, node);
  Node& gone = table_[node];
  gone.active = false;
  gone.deficit = std::min(gone.deficit, 0);
  if (parent >= table_.flows()) weights_[parent - table_.flows()] -= gone.weight;
  if (head == kNone) return true;
  if (had_turn) {
    give_turn(parent);
    look_ahead(head);
  }
  return false;
}

void Tree::end_turn(std::uint32_t node) {
  const std::uint32_t parent = parent_of(node);
  std::uint32_t& head = table_[parent].list.head;
  if (head != node) return;
  head = table_[node].next;
  give_turn(parent);
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
