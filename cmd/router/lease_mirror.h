// SPDX-License-Identifier: Apache-2.0
// What the shaper granted, as the router remembers it: given back to a shaper that was restarted.
// A lease leaves at its end. Time is a parameter. Thread: control.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/leases.h"

namespace covfefe::router {

class LeaseMirror {
 public:
  [[nodiscard]] bool put(const Lease& lease);
  // False, and nothing changes: its id is here already, or kMostLeases are.
  void replace(const LeaseGrant& grant);
  // One that is here was extended.
  [[nodiscard]] const Lease* find(FriendId principal, std::uint32_t id) const;
  // Null: not here, or somebody else's.
  [[nodiscard]] bool has(std::uint32_t id) const { return all_.contains(id); }
  bool drop(std::uint32_t id) { return all_.erase(id) != 0; }
  void sweep(Instant now);
  // What has ended leaves.
  [[nodiscard]] std::vector<Lease> missing_in(const std::vector<Lease>& other) const;
  // Those here that are not among `other`, by id.
  [[nodiscard]] std::size_t size() const { return all_.size(); }

 private:
  std::map<std::uint32_t, Lease> all_;
};

inline constexpr std::size_t kMostLeases = 4'096;  // as many as a ledger holds

enum class Fit : std::uint8_t { Right, Wrong };
[[nodiscard]] Fit fits(const LeaseTerms& asked, const LeaseGrant& granted, Instant now);
// Wrong: more than was asked, less than would be taken, longer, or over already. A shaper that says
// so is not believed.
[[nodiscard]] Fit extends(const Lease& before, const LeaseGrant& after, Duration by);
// Wrong: another lease or rate, shorter than before, or longer than asked.

}  // namespace covfefe::router
