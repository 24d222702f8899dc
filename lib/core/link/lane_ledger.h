// SPDX-License-Identifier: Apache-2.0
// What of one link was sealed and posted but has not left the shaper, by class. The classes of a
// lane share its counters, and the shaper sends them in any order among each other: the distance
// from the oldest unsent cell of all of them to the newest keeps the sender inside the receiver's
// replay window (A3: newest_sealed - oldest_unsent < W - 1,024). O(1), a few loads a cell.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/io.h"
#include "core/link/flow_ledger.h"

namespace covfefe::core {

inline constexpr std::uint64_t kWindowMargin = 1024;
[[nodiscard]] constexpr std::uint64_t window_of(Lane lane) {
  return lane == Lane::Bulk ? 65536 : 8192;
}
[[nodiscard]] constexpr std::uint64_t unsent_most(Lane lane) {
  return window_of(lane) - kWindowMargin;
}

class LaneLedger {
 public:
  [[nodiscard]] FlowLedger& of(FlowClass as) { return flows_[static_cast<std::size_t>(as)]; }
  [[nodiscard]] const FlowLedger& of(FlowClass as) const {
    return flows_[static_cast<std::size_t>(as)];
  }

  [[nodiscard]] bool room(Lane lane, std::uint64_t cells) const {
    const auto [one, other] = kClassesOf[static_cast<std::size_t>(lane)];
    const std::uint64_t next = places_[static_cast<std::size_t>(lane)];
    return next + cells - std::min(oldest(one, next), oldest(other, next)) <= unsent_most(lane);
  }
  // Whether that many cells more may be sealed on the lane.

  std::uint64_t post(FlowClass as, Instant now) {
    return of(as).post(now, places_[lane_index(as)]++);
  }

  void forget() {
    for (FlowLedger& flow : flows_) flow.forget();
  }

 private:
  struct Classes {
    FlowClass one;
    FlowClass other;
  };
  static constexpr std::array<Classes, kLanes> kClassesOf{{
      {FlowClass::Control, FlowClass::Control},
      {FlowClass::Leased, FlowClass::Interactive},
      {FlowClass::Bulk, FlowClass::Relayed},
      {FlowClass::Spare, FlowClass::Idle},
  }};

  [[nodiscard]] std::uint64_t oldest(FlowClass as, std::uint64_t none) const {
    return of(as).unsent() == 0 ? none : of(as).oldest_place();
  }
  static std::array<FlowLedger, kFlowClasses> flows() {
    std::array<FlowLedger, kFlowClasses> out;
    for (std::uint32_t i = 0; i < kFlowClasses; ++i) {
      const Lane lane = lane_of(static_cast<FlowClass>(i));
      out[i] = FlowLedger(static_cast<std::uint32_t>(window_of(lane) / FlowLedger::kMarks));
    }
    return out;
  }

  std::array<FlowLedger, kFlowClasses> flows_ = flows();
  std::array<std::uint64_t, kLanes> places_{};  // of the next cell, handshakes included
};

}  // namespace covfefe::core
