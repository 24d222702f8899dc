// SPDX-License-Identifier: Apache-2.0
#include "wire/ip.h"

namespace covfefe::wire {
namespace {

constexpr std::size_t kSourceAt = 8;
constexpr std::size_t kDestinationAt = 24;

Address address_at(ByteView packet, std::size_t at) {
  Address out;
  copy(packet.subspan(at, 16), out.bytes);
  return out;
}

}  // namespace

Result<Ipv6Packet> parse_ipv6(ByteView packet) {
  if (packet.size() < kIpv6Header || packet.size() > kTunMtu) return Reject::WrongLength;
  const auto word = load_be<std::uint32_t>(packet.data());
  if (word >> 28 != 6) return Reject::WrongType;
  if (load_be<std::uint16_t>(packet.data() + 4) != packet.size() - kIpv6Header) {
    return Reject::WrongLength;
  }
  Ipv6Packet out;
  out.traffic_class = static_cast<std::uint8_t>(word >> 20);
  out.flow_label = word & 0xf'ffff;
  out.next_header = packet[6];
  out.hop_limit = packet[7];
  out.source = address_at(packet, kSourceAt);
  out.destination = address_at(packet, kDestinationAt);
  out.payload = packet.subspan(kIpv6Header);
  return out;
}

std::size_t write_ipv6(const Ipv6Packet& packet, MutableBytes out) {
  const std::size_t size = kIpv6Header + packet.payload.size();
  if (size > kTunMtu || size > out.size()) return 0;
  // The payload first: it may already stand in its place in out.
  copy(packet.payload, out.subspan(kIpv6Header));
  const std::uint32_t word =
      (6U << 28) | (std::uint32_t{packet.traffic_class} << 20) | (packet.flow_label & 0xf'ffff);
  store_be<std::uint32_t>(out.data(), word);
  store_be<std::uint16_t>(out.data() + 4, static_cast<std::uint16_t>(packet.payload.size()));
  out[6] = packet.next_header;
  out[7] = packet.hop_limit;
  copy(packet.source.bytes, out.subspan(kSourceAt, 16));
  copy(packet.destination.bytes, out.subspan(kDestinationAt, 16));
  return size;
}

std::size_t pack_ipv6(ByteView packet, MutableBytes out) {
  const std::size_t size = packed_size(packet);
  if (size > out.size()) return 0;
  copy(packet.first(4), out);
  out[0] &= 0x0f;
  out[4] = packet[6];
  out[5] = packet[7];
  copy(packet.subspan(kIpv6Header), out.subspan(kPackedHeader));
  return size;
}

Result<std::size_t> unpack_ipv6(ByteView packed, const AddressPair& addresses, MutableBytes out) {
  if (packed.size() < kPackedHeader) return Reject::WrongLength;
  const std::size_t payload = packed.size() - kPackedHeader;
  if (payload > kIpPayloadMost || out.size() < kIpv6Header + payload) return Reject::WrongLength;
  if ((packed[0] & 0xf0) != 0) return Reject::WrongValue;
  copy(packed.first(4), out);
  out[0] |= 0x60;
  store_be<std::uint16_t>(out.data() + 4, static_cast<std::uint16_t>(payload));
  out[6] = packed[4];
  out[7] = packed[5];
  copy(addresses.source.bytes, out.subspan(kSourceAt, 16));
  copy(addresses.destination.bytes, out.subspan(kDestinationAt, 16));
  copy(packed.subspan(kPackedHeader), out.subspan(kIpv6Header));
  return kIpv6Header + payload;
}

std::uint16_t transport_checksum(const Ipv6Packet& packet) {
  std::uint64_t sum = packet.payload.size() + packet.next_header;
  const auto add = [&sum](ByteView bytes) {
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
      sum += load_be<std::uint16_t>(bytes.data() + i);
    }
    if (bytes.size() % 2 != 0) sum += std::uint64_t{bytes.back()} << 8;
  };
  add(packet.source.bytes);
  add(packet.destination.bytes);
  add(packet.payload);
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace covfefe::wire
