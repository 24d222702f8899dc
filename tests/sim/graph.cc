// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/graph.h"

#include <algorithm>

namespace covfefe::sim {

namespace {

constexpr std::size_t kFriendshipsMost = 4;
constexpr std::size_t kEntriesLeast = 2;

double dice(std::mt19937_64& random) {
  return std::uniform_real_distribution<double>(0, 1)(random);
}

core::Visibility some_visibility(const GraphPlan& plan, std::mt19937_64& random) {
  const double roll = dice(random);
  if (roll < plan.hidden) return core::Visibility::Hidden;
  return roll < plan.hidden + plan.relay_only ? core::Visibility::RelayOnly
                                              : core::Visibility::Reachable;
}

}  // namespace

std::pair<Place, Place> link_of(Place one, Place other) {
  return {std::min(one, other), std::max(one, other)};
}

void Graph::join(const Edge& edge) {
  neighbours_[edge.one].push_back(edges_.size());
  neighbours_[edge.other].push_back(edges_.size());
  edges_.push_back(edge);
}

// A ring in random order keeps it connected; then rounds of random pairs, each node once a round.
Graph Graph::make(const GraphPlan& plan, std::mt19937_64& random) {
  Graph graph(plan.nodes);
  std::vector<Place> order(plan.nodes);
  for (Place i = 0; i < plan.nodes; ++i) order[i] = i;
  const auto add = [&](Place one, Place other) {
    if (one == other || graph.friends(one, other)) return;
    Edge edge{one, other, some_visibility(plan, random), some_visibility(plan, random)};
    if (dice(random) < plan.known) edge.trust = core::Trust::Known;
    graph.join(edge);
  };
  std::shuffle(order.begin(), order.end(), random);
  for (Place i = 0; i < plan.nodes; ++i) add(order[i], order[(i + 1) % plan.nodes]);
  for (std::size_t round = 2; round < plan.degree; ++round) {
    std::shuffle(order.begin(), order.end(), random);
    for (Place i = 0; i + 1 < plan.nodes; i += 2) add(order[i], order[i + 1]);
  }
  for (Place i = 0; i < plan.newcomers; ++i) {
    for (const std::size_t index : graph.neighbours_[i]) {
      graph.edges_[index].trust =
          index == graph.neighbours_[i].front() ? core::Trust::Met : core::Trust::Known;
    }
  }
  return graph;
}

bool Graph::friends(Place one, Place other) const {
  return std::any_of(neighbours_[one].begin(), neighbours_[one].end(), [&](std::size_t index) {
    return edges_[index].one == other || edges_[index].other == other;
  });
}

bool Graph::may_enter(Place origin) const {
  const auto met =
      std::count_if(neighbours_[origin].begin(), neighbours_[origin].end(),
                    [&](std::size_t i) { return edges_[i].trust == core::Trust::Met; });
  return static_cast<std::size_t>(met) >= kEntriesLeast;
}

bool Graph::reaches(Place origin, Place target, const Gone& gone) const {
  if (gone.nodes.contains(origin) || gone.nodes.contains(target)) return false;
  if (friends(origin, target) && !gone.links.contains(link_of(origin, target))) return true;
  return !path(origin, target, gone).empty();
}

// Breadth first by number of friendships; a node is entered once, by the shortest way.
std::vector<Place> Graph::path(Place origin, Place target, const Gone& gone) const {
  if (!may_enter(origin)) return {};
  std::vector<Place> from(size(), size());
  std::vector<Place> ring{origin};
  from[origin] = origin;
  for (std::size_t step = 1; step <= kFriendshipsMost && !ring.empty(); ++step) {
    std::vector<Place> next;
    for (const Place at : ring) {
      for (const std::size_t index : neighbours_[at]) {
        const Edge& edge = edges_[index];
        const Place to = edge.one == at ? edge.other : edge.one;
        if (gone.nodes.contains(to) || gone.links.contains(link_of(at, to))) continue;
        if (step > 1 && edge.shown() == core::Visibility::Hidden) continue;
        if (to == target && step > 1 && edge.shown() == core::Visibility::Reachable) {
          std::vector<Place> out{target};
          for (Place back = at; back != origin; back = from[back]) out.push_back(back);
          out.push_back(origin);
          return {out.rbegin(), out.rend()};
        }
        if (from[to] != size() || to == target) continue;
        from[to] = at;
        next.push_back(to);
      }
    }
    ring = std::move(next);
  }
  return {};
}

std::size_t Graph::disjoint(Place origin, Place target) const {
  Gone used;
  std::size_t count = 0;
  for (auto way = path(origin, target, used); !way.empty(); way = path(origin, target, used)) {
    ++count;
    used.nodes.insert(way.begin() + 1, way.end() - 1);
  }
  return count;
}

}  // namespace covfefe::sim
