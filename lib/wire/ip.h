// SPDX-License-Identifier: Apache-2.0
// IPv6 packets of the TUN device: checked parsing, the header without what a session implies (A34),
// and ICMPv6 answers. Every packet handled here is whole: version 6, no more and no fewer bytes
// than its payload length says, at most kTunMtu.
#pragma once

#include "base/address.h"
#include "base/bytes.h"
#include "base/result.h"
#include "wire/limits.h"

namespace covfefe::wire {

inline constexpr std::uint8_t kNextTcp = 6;
inline constexpr std::uint8_t kNextUdp = 17;
inline constexpr std::uint8_t kNextIcmp6 = 58;

struct Ipv6Packet {
  std::uint8_t traffic_class = 0;
  std::uint32_t flow_label = 0;  // 20 bits
  std::uint8_t next_header = 0;
  std::uint8_t hop_limit = 0;
  Address source;
  Address destination;
  ByteView payload;  // borrowed
};

[[nodiscard]] Result<Ipv6Packet> parse_ipv6(ByteView packet);
// WrongLength: shorter than a header, longer than kTunMtu, or not as long as it says. WrongType:
// not version 6.

[[nodiscard]] std::size_t write_ipv6(const Ipv6Packet& packet, MutableBytes out);
// Header and payload; bytes written, 0 when out or kTunMtu is too small.

// ---- the packed form: 6-byte header (first word with a zero version, next header, hop limit) and
// payload. Addresses come from the session, the length from the frame; no state between packets.

struct AddressPair {
  Address source;
  Address destination;
};

[[nodiscard]] constexpr std::size_t packed_size(ByteView packet) {
  return packet.size() - kIpv6Header + kPackedHeader;
}
// Of a packet that parse_ipv6 accepted.

[[nodiscard]] std::size_t pack_ipv6(ByteView packet, MutableBytes out);
// packet was accepted by parse_ipv6. Bytes written, 0 when out is too small.

[[nodiscard]] Result<std::size_t> unpack_ipv6(ByteView packed, const AddressPair& addresses,
                                              MutableBytes out);
// Length of the whole packet written to out. WrongLength: shorter than kPackedHeader, payload over
// kIpPayloadMost, or out too small. WrongValue: version bits not zero.

// ---- ICMPv6 ------------------------------------------------------------------------------------

enum class Unreachable : std::uint8_t { NoRoute = 0, Prohibited = 1, Address = 3 };

[[nodiscard]] bool may_answer_with_error(ByteView packet);
// RFC 4443 2.4(e): false for malformed packets, ICMPv6 errors, and multicast or unspecified
// addresses. Rate limiting is the caller's.

[[nodiscard]] std::size_t write_unreachable(ByteView offending, const Address& from,
                                            Unreachable code, MutableBytes out);
[[nodiscard]] std::size_t write_too_big(ByteView offending, const Address& from, std::uint32_t mtu,
                                        MutableBytes out);
// A whole packet to the source of `offending` (a whole, whatever long, IPv6 packet), quoting as
// much of it as kTunMtu allows. 0 when may_answer_with_error is false or out is too small.

struct Echo {
  AddressPair addresses;
  bool reply = false;
  std::uint16_t id = 0;
  std::uint16_t sequence = 0;
  ByteView data;
};

[[nodiscard]] std::size_t write_echo(const Echo& echo, MutableBytes out);
[[nodiscard]] Result<Echo> parse_echo(ByteView packet);
// WrongType: another protocol or type; Forged: bad checksum.

[[nodiscard]] std::uint16_t transport_checksum(const Ipv6Packet& packet);
// RFC 8200 8.1 over the pseudo-header and the payload, host order. Over a payload whose checksum
// field is right the result is 0; to make one, leave its field zero.

}  // namespace covfefe::wire
