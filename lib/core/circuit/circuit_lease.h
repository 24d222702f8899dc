// SPDX-License-Identifier: Apache-2.0
// What is kept of an uplink for a circuit, at the entry whose cells go out there (Steps Q1 to Q8,
// covfefe-protocol(7)). Thread: data.
#pragma once

#include "base/ids.h"
#include "base/instant.h"
#include "core/promise/allowance.h"

namespace covfefe::core {

inline constexpr std::uint32_t kCellHeaders = 48;  // UDP and IPv6, as the ledger counts (A24)

struct CircuitLease {
  std::uint32_t id = 0;    // at this node's own shaper; 0: kept elsewhere, by the other entry or by
                           // who asked for the circuit
  FriendId principal;      // whose quota pays
  std::uint32_t rate = 0;  // wire bytes a second
  Instant until{};
  Allowance allowance;  // of class realtime only; the rest conforms to nothing

  [[nodiscard]] bool admits(std::size_t datagram, Instant now) {
    return now < until && allowance.take(static_cast<std::uint32_t>(datagram) + kCellHeaders, now);
  }
  // A cell of so many bytes of UDP payload is within the lease, and charged to it.
};

}  // namespace covfefe::core
