// SPDX-License-Identifier: Apache-2.0
// What is left over, by weight: root -> level -> link -> flow, where circuits of others hang below
// a level of their own. Among siblings: deficit round robin that may overdraw by one datagram, so a
// choice never looks at lengths. Only what has something to send is in it. A turn is a train of
// cells to one destination, at most 0.25 ms of the uplink, and shorter where so many links want one
// that a round would take long. Weights change only outside of the tree. Thread: data.
#pragma once

#include <array>
#include <cstdint>

#include "shape/flow_table.h"

namespace covfefe::shape {

class Tree {
 public:
  explicit Tree(FlowTable& table) : table_(table) {}

  void set_rate(std::uint64_t bytes_per_second);  // of the uplink, 0 = unlimited

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

  [[nodiscard]] std::int32_t quantum(std::uint32_t node, std::uint32_t parent) const;
  [[nodiscard]] std::uint32_t turn_among(std::uint32_t level) const;
  void give_turn(std::uint32_t parent);
  void end_turn(std::uint32_t node);
  void look_ahead(std::uint32_t node) const;

  FlowTable& table_;
  std::uint32_t turn_ = kLongestTurn;  // of a level of weight 1; of a link at most
  std::uint64_t round_ = 0;            // bytes in which every link should have had a turn
  std::array<std::uint32_t, kLevels + 1> weights_{};  // of the children in the ring; root last
};

inline std::uint32_t Tree::parent_of(std::uint32_t node) const {
  if (node >= table_.flows()) return table_.root();
  const std::uint32_t as = node % kFlowsPerLink;
  if (as == kFlowClasses) return table_.node_of(table_[node].level);
  return as == kRelayed ? table_.node_of(Level::Relayed) : node - as + kFlowClasses;
}

}  // namespace covfefe::shape
