// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/routes.h"

#include "wire/limits.h"

namespace covfefe::core {

namespace {

constexpr std::size_t kLengthAt = 4;
constexpr std::size_t kSourceAt = 8;
constexpr std::size_t kDestinationAt = 24;
constexpr std::uint8_t kLowerEffort = 1;      // RFC 8622
constexpr std::uint8_t kClassSelector1 = 8;   // RFC 3662: what came before it
constexpr std::uint8_t kClassSelector5 = 40;  // RFC 2474; EF is 46 (RFC 3246)

Address address_at(ByteView packet, std::size_t at) {
  Address out;
  copy(packet.subspan(at, out.bytes.size()), out.bytes);
  return out;
}

bool whole_ipv6(ByteView packet) {
  if (packet.size() < wire::kIpv6Header || packet[0] >> 4 != 6) return false;
  return load_be<std::uint16_t>(packet.data() + kLengthAt) + wire::kIpv6Header == packet.size();
}

bool unroutable(const Address& to) {
  if (to.bytes[0] == 0xff) return true;
  if (to.bytes[0] == 0xfe && (to.bytes[1] & 0xc0) == 0x80) return true;
  return all_zero(ByteView(to.bytes).first(15)) && to.bytes[15] <= 1;
}

Lane lane_of(ByteView packet) {
  const unsigned traffic_class = (packet[0] & 0x0fu) << 4 | packet[1] >> 4;
  const unsigned point = traffic_class >> 2;
  if (point == kLowerEffort || point == kClassSelector1) return Lane::Spare;
  return point >= kClassSelector5 ? Lane::Realtime : Lane::Bulk;
}

}  // namespace

Outgoing classify(ByteView packet, const Address& own, std::size_t mtu) {
  Outgoing out;
  if (!whole_ipv6(packet)) return out;
  out.destination = address_at(packet, kDestinationAt);
  out.lane = lane_of(packet);
  if (unroutable(out.destination)) {
    out.verdict = Verdict::Multicast;
  } else if (address_at(packet, kSourceAt) != own) {
    out.verdict = Verdict::ForeignSource;
  } else if (out.destination == own) {
    out.verdict = Verdict::Own;
  } else if (!out.destination.is_overlay()) {
    out.verdict = Verdict::NotOverlay;
  } else {
    out.verdict = packet.size() > mtu ? Verdict::TooBig : Verdict::Route;
  }
  return out;
}

}  // namespace covfefe::core
