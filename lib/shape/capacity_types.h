// SPDX-License-Identifier: Apache-2.0
// What goes into the estimate of the uplink's capacity (shape/capacity.h) and what comes out.
// Bytes are wire bytes as the root clock charges them; rates are such bytes a second.
#pragma once

#include <cstdint>

#include "base/instant.h"

namespace covfefe::shape {

inline constexpr std::uint64_t kLeastCapacity = 8'192;  // bytes a second; no estimate is lower
inline constexpr std::uint64_t kMostCapacity = std::uint64_t{1} << 34;  // none is higher

enum class CapacityState : std::uint8_t {
  Steady,   // the estimate holds
  Cut,      // a queue stands at the uplink: one step down to what is delivered
  Drain,    // below what is delivered until the queue is gone
  Probe,    // a short time above the estimate, to see whether more is carried
  Stall,    // nothing is heard from any friend while something is sent
  Policed,  // what is above a rate is lost without a queue
};
[[nodiscard]] const char* name_of(CapacityState state);  // "steady", …

struct CapacitySettings {
  std::uint64_t ceiling = 0;  // capacity.up; 0: auto, unlimited until something is congested
  bool learn = true;          // false: the rate is the ceiling, whatever the friends report
};

struct LinkReport {             // os::PathReport
  std::uint32_t delivered = 0;  // arrived in the interval
  Duration interval;
  Duration queue;          // one-way delay of the newest sample above the least of late
  Duration rtt;            // 0: not known
  std::uint8_t lost = 0;   // of 255 datagrams sent in the interval
  std::uint64_t sent = 0;  // that left on the link ever, by our own count: no friend gets more. 0:
                           // not known
};

struct Load {
  std::uint64_t sent = 0;      // by the root clock since the start; never less than before
  std::uint64_t promised = 0;  // leases in force, idle floors and the control share
  bool backlogged = false;     // something waits for the root clock now
  std::uint64_t strange = 0;   // of `sent`, what went to strangers: nobody reports it
  std::uint64_t mute = 0;      // of `sent`, what makes no report due (Step R9)
};

struct CapacityEstimate {
  std::uint64_t rate = 0;       // for the root clock now; 0 = unlimited
  std::uint64_t capacity = 0;   // what the uplink is believed to carry; 0 = unlimited
  std::uint64_t settled = 0;    // the same, but for a cut that nothing has confirmed yet
  std::uint64_t low_water = 0;  // first percentile of ten minutes, for admission; 0 = unlimited
  CapacityState state = CapacityState::Steady;
  const char* why = "nothing is congested";  // static text: what changed it last
  Instant since;                             // that it is in this state
  Duration queue;                            // at the uplink, as voted
  std::uint64_t cuts = 0;
  std::uint64_t probes = 0;
};

struct LinkCap {  // of all flows of one link together
  std::uint32_t link = 0;
  std::uint64_t rate = 0;  // 0: none any more
};

struct MinuteSample {
  Instant at;                // end of the minute
  std::uint64_t rate = 0;    // capacity at its end, 0 = unlimited
  std::uint64_t lowest = 0;  // in it, 0 = unlimited
  std::uint64_t sent = 0;    // mean
  std::uint32_t cuts = 0;
};

}  // namespace covfefe::shape
