// SPDX-License-Identifier: Apache-2.0
// The vocabulary of the scheduler. Rates are wire bytes a second: headers and the link's overhead
// included.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/flow_class.h"
#include "base/instant.h"

namespace covfefe::shape {

inline constexpr std::uint32_t kLongestWire = 2'304;
// Datagram of 1,984 B, IPv6 and UDP headers, link overhead up to 256; a turn is never shorter.
inline constexpr std::uint32_t kLongestTurn = 65'536;

[[nodiscard]] constexpr bool is_control(FlowId flow) {
  return flow.value % kFlowsPerLink == 0;
}

struct Item {
  std::uint32_t frame = 0;  // the caller's handle, not interpreted
  FlowId flow;
  std::uint32_t epoch = 0;   // of the key that sealed it
  std::uint16_t length = 0;  // UDP payload
  std::uint16_t wire = 0;    // what the uplink carries for it, headers and overhead included
};

struct Limits {
  std::uint32_t flows = 32'776;           // flow ids are below this; a multiple of kFlowsPerLink
  std::uint32_t items = 4'096;            // datagrams queued in all
  std::uint32_t flow_bytes = 4'000'000;   // wire bytes queued per flow
  std::uint64_t total_bytes = 8'000'000;  // wire bytes queued in all
  std::uint64_t seed = 1;                 // of the idle lanes' jitter
};

enum class Level : std::uint8_t { None, Introduced, Known, Met, Relayed };
inline constexpr std::size_t kLevels = 5;  // Relayed: circuits of others, over whatever link

struct Share {
  std::uint64_t reserve = 0;  // guaranteed while it wants it; 0 = none
  std::uint64_t cap = 0;      // at most; 0 = none
  std::uint32_t weight = 1;   // of what is left over, among its siblings; 1..kMostWeight
};
inline constexpr std::uint32_t kMostWeight = 1'000;

struct LinkPlan {
  Level level = Level::None;  // not Relayed
  Share share = {};           // among the links of its level; its cap also holds for relayed
  std::uint32_t relayed_weight = 1;
  Duration idle_period = {};  // between slots of the idle lane, 0 = off; jitter is 10 % of it
};
// A reserve above the cap counts as the cap. Leases and slots are kept whatever the cap says, and a
// level's cap does not hold the reserves in it: who plans keeps their sums below.

struct LinkLease {          // the sum of the realtime leases of a link, in force
  std::uint64_t rate = 0;   // 0 = none
  std::uint32_t burst = 0;  // bytes that may come at once and still keep the rate's deadlines
  Duration target = {};     // what waited longer is dropped; 0 = never
};

enum class Pace : std::uint8_t {
  Now,
  Slot,  // class Control: leaves in a slot of the idle lane while the link is silent
};

enum class Admission : std::uint8_t {
  Queued,
  FlowFull,  // the flow's own limit
  Full,      // the limit of all flows together, and no flow is fat enough to give way
};

enum class Verdict : std::uint8_t { Send, Drop };
struct Decision {
  Item item;
  Verdict verdict = Verdict::Send;
};

enum class Account : std::uint8_t { None, Introduced, Known, Met, Relayed, Control, Leases, Idle };
inline constexpr std::size_t kAccounts = 8;
// Every flow belongs to one: Control, Leased, Relayed by class; Spare and Idle to Idle; the others
// to the level of their link.

struct Counters {
  std::uint64_t sent_bytes = 0;  // wire
  std::uint64_t sent = 0;
  std::uint64_t dropped = 0;  // queued and then not sent, cancelled ones not counted
  std::uint64_t queued_bytes = 0;
  std::uint32_t queued = 0;
};

}  // namespace covfefe::shape
