// SPDX-License-Identifier: Apache-2.0
// What a rate of payload costs on the wire (A24; Step P3, covfefe-protocol(7)). Pure.
#pragma once

#include <cstdint>

namespace covfefe::core {

inline constexpr std::uint16_t kPacketInSmall = 95;  // UDP payload that one S cell carries

struct Line {
  std::uint32_t overhead = 0;  // bytes that it adds to an IP packet, at most 256
  enum class Cells : std::uint8_t { Both, SmallOnly } cells = Cells::Both;
};

[[nodiscard]] std::uint32_t packet_cost(std::uint16_t packet, const Line& line);
// Wire bytes that a packet with so much UDP payload costs; packet is 1..wire::kPromisedPacketMost.

[[nodiscard]] std::uint64_t wire_rate(std::uint32_t payload_rate, std::uint16_t packet,
                                      const Line& line);
// Rounded up. May be more than any lease.
[[nodiscard]] std::uint32_t payload_rate(std::uint32_t wire_rate, std::uint16_t packet,
                                         const Line& line);
// What a lease of so much carries, rounded down; never more than wire_rate.

}  // namespace covfefe::core
