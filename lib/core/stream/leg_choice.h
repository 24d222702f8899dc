// SPDX-License-Identifier: Apache-2.0
// Which leg or legs a cell goes by (Step S6, covfefe-protocol(7)). Suspect legs are taken only
// where there is nothing else. Thread: data.
#pragma once

#include <span>

#include "base/ids.h"
#include "base/inline_vec.h"
#include "core/stream/flows.h"
#include "core/stream/leg_meter.h"

namespace covfefe::core {

struct LegView {
  CircuitId leg;
  const LegMeter* meter = nullptr;  // borrowed
  bool full = false;                // its link takes no more bulk
  bool leased = false;              // for realtime cells
};

class LegChoice {
 public:
  using Picked = InlineVec<CircuitId, 2>;

  struct Wanted {
    TrafficClass traffic = TrafficClass::Bulk;
    std::size_t bytes = 0;  // of the cell
  };
  [[nodiscard]] Picked pick(const Wanted& wanted, std::span<const LegView> legs);
  // legs: those that can be sent on. Nothing if there are none, or for bulk none that is not full.

  [[nodiscard]] static CircuitId other(CircuitId leg, std::span<const LegView> legs);
  // The best leg beside this one, for what has to go again; 0: none.

 private:
  [[nodiscard]] static CircuitId realtime(std::span<const LegView> legs);
  [[nodiscard]] CircuitId interactive(std::span<const LegView> legs);
  [[nodiscard]] static CircuitId bulk(std::size_t bytes, std::span<const LegView> legs);

  CircuitId favourite_;  // that interactive cells went by last
};

}  // namespace covfefe::core
