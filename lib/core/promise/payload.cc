// SPDX-License-Identifier: Apache-2.0
#include "core/promise/payload.h"

#include "wire/limits.h"

namespace covfefe::core {

namespace {

constexpr std::uint32_t kUdp = 8;
constexpr std::uint32_t kHeaders = 40 + kUdp;  // IPv6: what IPv4 does not use is slack

static_assert(kPacketInSmall + kUdp + wire::kInnerHead + wire::kPackedHeader == wire::kSmallPlain);

}  // namespace

std::uint32_t packet_cost(std::uint16_t packet, const Line& line) {
  constexpr auto kSmall = static_cast<std::uint32_t>(wire::kSmallDatagram);
  constexpr auto kLarge = static_cast<std::uint32_t>(wire::kLargeDatagram);
  constexpr auto kPieces = static_cast<std::uint32_t>(wire::kFragCount);
  const std::uint32_t beside = kHeaders + line.overhead;
  if (packet <= kPacketInSmall) return kSmall + beside;
  if (line.cells == Line::Cells::SmallOnly) return kPieces * (kSmall + beside);
  return kLarge + beside;
}

std::uint64_t wire_rate(std::uint32_t payload_rate, std::uint16_t packet, const Line& line) {
  const std::uint64_t bytes = std::uint64_t{payload_rate} * packet_cost(packet, line);
  return (bytes + packet - 1) / packet;
}

std::uint32_t payload_rate(std::uint32_t wire_rate, std::uint16_t packet, const Line& line) {
  return static_cast<std::uint32_t>(std::uint64_t{wire_rate} * packet / packet_cost(packet, line));
}

}  // namespace covfefe::core
