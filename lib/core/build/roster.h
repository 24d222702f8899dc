// SPDX-License-Identifier: Apache-2.0
// The circuits that were built hop by hop, by neighbour and by what is due (Steps B12 to B15,
// covfefe-protocol(7)), and what is counted of each neighbour. It keeps the books; hop.h, origin.h
// and builds.cc hold the rules. Thread: data.
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/build/lease_desk.h"
#include "core/circuit/shared.h"
#include "core/link/bucket.h"

namespace covfefe::core {

struct Neighbour {
  FriendId id;
  std::vector<CircuitId> circuits;  // entries on its link, whatever their role
  std::size_t incoming = 0;         // of those RelayForward and Destination: it asked for them
  Bucket arrivals{{8, 32}};         // builds of its that are opened (A13)
  Bucket passing{{6, 24}};          // of those, passed on
  Bucket onward{{7, 28}};           // builds that are passed on to it: one a second stays our own
  Bucket chat{{32, 64}};            // cells of others on lane 3 that are passed on to it (Q11)
  Instant down_since = Instant::never();
  bool leaving = false;              // being removed: nothing new may be begun over it
  std::uint64_t onion_faults = 0;    // on any circuit over its link (A10)
  std::uint64_t destroyed = 0;       // circuits, for eight bad tags
  std::uint64_t relayed_faults = 0;  // of what it sent to be passed on, as the next three
  std::uint64_t relayed_cells = 0;   // both ways
  std::uint64_t builds = 0;
  std::uint64_t refused = 0;
};

class Roster {
 public:
  static constexpr std::size_t kPerNeighbour = 4'096;  // incoming
  static constexpr std::size_t kMost = 16'384;         // incoming of all: two entries each at most

  Roster(Shared& shared, LeaseDesk& desk) : shared_(shared), desk_(desk) {}

  [[nodiscard]] Neighbour& at(LinkSlot link);
  // Made when it is not there; lasts.
  [[nodiscard]] const Neighbour* find(LinkSlot link) const;
  [[nodiscard]] std::size_t neighbours() const { return neighbours_.size(); }
  [[nodiscard]] std::size_t incoming() const { return incoming_; }

  [[nodiscard]] bool room(LinkSlot from) const;
  // For one more circuit that this neighbour asks for.
  [[nodiscard]] Circuit* issue(LinkSlot link, CircuitRole role, Instant ends);
  // Null when the table is full or the neighbour leaves. The caller asked for room().
  [[nodiscard]] Circuit* ours(LinkSlot link, CircuitId id);
  // The circuit if it is one of these and on this very link.
  void drop(Circuit& circuit);
  // Its lease is released.

  void hold(Circuit& circuit, const CircuitLease& lease);
  // From now on the circuit has it; lease.id, if there is one, is this object's to release.
  void end_lease(Circuit& circuit);
  [[nodiscard]] Circuit* leased(std::uint32_t lease);
  // The circuit that holds it, or null.
  [[nodiscard]] std::size_t leases() const { return leases_.size(); }

  void watch(Circuit& circuit, Instant due);
  [[nodiscard]] Instant next_deadline() const;
  [[nodiscard]] Circuit* due();
  // The first whose time has come, no longer watched; or null.

 private:
  Shared& shared_;
  LeaseDesk& desk_;
  std::deque<Neighbour> neighbours_;  // by link slot
  std::set<std::pair<Instant, CircuitId>> due_;
  std::unordered_map<std::uint32_t, CircuitId> leases_;  // by their number at the shaper
  std::size_t incoming_ = 0;
};

[[nodiscard]] inline bool built(const Circuit& circuit) {
  return !circuit.ends.is_never();
}
// Hop by hop, so one of these; not a direct circuit.
[[nodiscard]] inline bool relays(const Circuit& circuit) {
  return circuit.role == CircuitRole::RelayForward || circuit.role == CircuitRole::RelayBackward;
}

}  // namespace covfefe::core
