// SPDX-License-Identifier: Apache-2.0
// What the uplink carries, learned from what every friend measures of the way to it, and learned
// again when it changes. Delay that rises on most bytes is a queue at our own uplink; delay that
// rises on one link is that path's. The queue is kept in our own box: the estimate stays below what
// was delivered, and is tried upwards only while something waits. Integers only; time is a
// parameter; the same inputs give the same outputs. Work per report is constant, per 2 ms at most
// linear in the links that reported in the last second. Thread: data.
#pragma once

#include <cstdint>

#include "base/instant.h"
#include "shape/capacity_history.h"
#include "shape/capacity_links.h"
#include "shape/capacity_load.h"
#include "shape/capacity_types.h"

namespace covfefe::shape {

class Capacity {
 public:
  Capacity(std::uint32_t links, const CapacitySettings& settings, Instant now);
  // Reports name links below `links`. Allocates everything.

  void configure(const CapacitySettings& settings, Instant now);
  // A ceiling that changed holds at once; what was learned below it is kept.

  void recall(std::uint64_t low_water);
  // As remembered from an earlier run, 0 = nothing: bounds low_water until ten minutes are
  // measured.

  void report(std::uint32_t link, const LinkReport& report, Instant now);
  void forget(std::uint32_t link);  // it belongs to another friend from now on
  void step(const Load& load, Instant now);
  // After reports, after sending, and at next_deadline(); cheap when nothing is due.

  [[nodiscard]] Instant next_deadline() const;  // never() only before the first step()
  [[nodiscard]] const CapacityEstimate& estimate() const { return estimate_; }

  [[nodiscard]] bool take_cap(LinkCap& out) { return links_.take_cap(out); }
  // Caps that changed since the last call; call until false.
  [[nodiscard]] bool take_minute(MinuteSample& out) { return history_.take_minute(out); }
  // Ended minutes, oldest first; at most 600 are kept.

 private:
  CapacitySettings settings_;
  CapacityEstimate estimate_;
  CapacityLinks links_;
  CapacityHistory history_;
  CapacityLoad load_;
};

}  // namespace covfefe::shape
