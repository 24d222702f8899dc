// SPDX-License-Identifier: Apache-2.0
// What a datagram is to the shaper. Every link has one queue (flow) of each class; the classes of
// one lane share its counters and its replay window, so a friend cannot tell them apart.
#pragma once

#include <cstdint>

#include "base/ids.h"

namespace covfefe {

enum class FlowClass : std::uint8_t {
  Control = 0,      // lane 0: handshakes and the link circuit
  Leased = 1,       // lane 1: within a realtime lease of this link
  Bulk = 2,         // lane 2: this node's own traffic and what has no better claim
  Spare = 3,        // lane 3: dummies of the idle lane, sent only when its slot has nothing better
  Relayed = 4,      // lane 2: circuits of others, without a lease
  Interactive = 5,  // lane 1: this node's own realtime traffic without a lease
  Idle = 6,         // lane 3: real cells that take the place of dummies, at the idle lane's pace
};
inline constexpr std::uint32_t kFlowClasses = 7;
inline constexpr std::uint32_t kFlowsPerLink = 8;  // the eighth is never used

[[nodiscard]] constexpr FlowId flow_of(std::uint32_t link, FlowClass as) {
  return {link * kFlowsPerLink + static_cast<std::uint32_t>(as)};
}
[[nodiscard]] constexpr std::uint32_t link_of(FlowId flow) {
  return flow.value / kFlowsPerLink;
}
[[nodiscard]] constexpr bool has_class(FlowId flow) {
  return flow.value % kFlowsPerLink < kFlowClasses;
}
[[nodiscard]] constexpr FlowClass class_of(FlowId flow) {  // of one that has_class()
  return static_cast<FlowClass>(flow.value % kFlowsPerLink);
}
[[nodiscard]] constexpr std::uint8_t lane_index(FlowClass as) {  // 0..3
  switch (as) {
    case FlowClass::Control:
      return 0;
    case FlowClass::Leased:
    case FlowClass::Interactive:
      return 1;
    case FlowClass::Bulk:
    case FlowClass::Relayed:
      return 2;
    case FlowClass::Spare:
    case FlowClass::Idle:
      return 3;
  }
  return 2;
}

}  // namespace covfefe
