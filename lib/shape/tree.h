// SPDX-License-Identifier: Apache-2.0
// What is left over, by weight: root -> level -> link -> flow, where circuits of others hang below
// a level of their own. Among siblings: deficit round robin that may overdraw by one datagram, so a
// choice never looks at lengths. Only what has something to send is in it. Thread: data.
#pragma once

#include <cstdint>

#include "shape/flow_table.h"

namespace covfefe::shape {

class Tree {
 public:
  explicit Tree(FlowTable& table) : table_(table) {}

  void set_turn(std::uint32_t bytes) { turn_ = bytes; }
  // Of a node of weight 1 among links or levels; at least kLongestWire.

  [[nodiscard]] std::uint32_t parent_of(std::uint32_t node) const;

  bool join(std::uint32_t node);
  // Last among its siblings; true: it is the first of them. Not when it is in already.
  bool leave(std::uint32_t node);
  // True: its parent has no child left.
  void settle(std::uint32_t node) {
    // After a change of its deficit: ends its turn if that is used up.
    const Node& one = table_[node];
    if (one.active && one.deficit <= 0) end_turn(node);
  }

  [[nodiscard]] bool empty() const { return table_[table_.root()].list.empty(); }
  [[nodiscard]] std::uint32_t turn_of(std::uint32_t parent) const {
    return table_[parent].list.head;
  }

 private:
  static constexpr std::uint32_t kRelayed = static_cast<std::uint32_t>(FlowClass::Relayed);

  void begin_turn(std::uint32_t node);
  void end_turn(std::uint32_t node);
  void look_ahead(std::uint32_t node) const;

  FlowTable& table_;
  std::uint32_t turn_ = kLongestTurn;
};

inline std::uint32_t Tree::parent_of(std::uint32_t node) const {
  if (node >= table_.flows()) return table_.root();
  const std::uint32_t as = node % kFlowsPerLink;
  if (as == kFlowClasses) return table_.node_of(table_[node].level);
  return as == kRelayed ? table_.node_of(Level::Relayed) : node - as + kFlowClasses;
}

// A deficit is at least 1 - kLongestWire, and what is added at least kLongestWire: the turn is one.
inline void Tree::begin_turn(std::uint32_t node) {
  Node& one = table_[node];
  if (one.deficit > 0) return;
  const std::uint32_t as = node % kFlowsPerLink;
  const bool in_link = node < table_.flows() && as != kFlowClasses && as != kRelayed;
  one.deficit += static_cast<std::int32_t>(one.weight * (in_link ? kLongestWire : turn_));
}

}  // namespace covfefe::shape
