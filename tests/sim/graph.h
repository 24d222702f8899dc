// SPDX-License-Identifier: Apache-2.0
// Who is whose friend, and what follows from it by counting steps alone: the simulation's own
// answer to who can reach whom, computed without the code that it judges.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "core/io.h"

namespace covfefe::sim {

using Place = std::size_t;  // a node's index

struct Edge {
  Place one = 0;
  Place other = 0;
  core::Visibility by_one = core::Visibility::Reachable;  // how `one` shows it to its friends
  core::Visibility by_other = core::Visibility::Reachable;
  core::Trust trust = core::Trust::Met;  // of both in each other
  [[nodiscard]] core::Visibility shown() const { return std::min(by_one, by_other); }
};

struct GraphPlan {
  std::size_t nodes = 0;
  std::size_t degree = 6;     // of every node, one less for a few
  double relay_only = 0.1;    // share of ends that show a friendship as relay only
  double hidden = 0.05;       // share that do not show it
  double known = 0.1;         // share of friendships that are Known, the others are Met
  std::size_t newcomers = 0;  // so many nodes have one friend of level Met, their others Known
};

struct Gone {  // what is out of order
  std::set<Place> nodes;
  std::set<std::pair<Place, Place>> links;  // the smaller first
};

class Graph {
 public:
  static Graph make(const GraphPlan& plan, std::mt19937_64& random);
  // Connected, no friendship twice, and as even as chance allows.

  [[nodiscard]] std::size_t size() const { return neighbours_.size(); }
  [[nodiscard]] const std::vector<Edge>& edges() const { return edges_; }
  [[nodiscard]] const std::vector<std::size_t>& of(Place place) const { return neighbours_[place]; }
  // Indices of edges.
  [[nodiscard]] bool friends(Place one, Place other) const;
  [[nodiscard]] bool may_enter(Place origin) const;
  // The entry rule: at least two friends of level Met.
  [[nodiscard]] bool reaches(Place origin, Place target, const Gone& gone = {}) const;
  // A friend, or: the entry rule holds and a path of two to four friendships exists; all but the
  // first are shown by both ends, and the last one as reachable.
  [[nodiscard]] std::vector<Place> path(Place origin, Place target, const Gone& gone = {}) const;
  // A shortest one that `reaches` means, both ends included; empty when there is none.
  [[nodiscard]] std::size_t disjoint(Place origin, Place target) const;
  // How many such paths are found one after the other that share no node but their ends: a lower
  // bound of how many there are.

 private:
  explicit Graph(std::size_t nodes) : neighbours_(nodes) {}
  void join(const Edge& edge);

  std::vector<Edge> edges_;
  std::vector<std::vector<std::size_t>> neighbours_;
};

[[nodiscard]] std::pair<Place, Place> link_of(Place one, Place other);

}  // namespace covfefe::sim
