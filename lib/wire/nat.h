// SPDX-License-Identifier: Apache-2.0
// Another address for this node in whole IPv6 packets (Step S10, covfefe-protocol(7); A15): the
// address is replaced, and the checksums that cover it are mended without reading the payload
// (RFC 1624). No state, no allocation.
#pragma once

#include "base/address.h"
#include "base/bytes.h"
#include "base/result.h"

namespace covfefe::wire {

enum class Side : std::uint8_t { Source, Destination };

struct Readdress {
  Side side = Side::Source;
  Address from;
  Address to;
};

[[nodiscard]] Result<void> readdress(MutableBytes packet, const Readdress& change);
// packet was accepted by parse_ipv6. WrongType: neither TCP, UDP nor ICMPv6 directly behind the
// header, or an ICMPv6 error about an ICMPv6 error. WrongLength: too short for its protocol.
// WrongValue: the address on that side, or on the other side of a packet quoted in an ICMPv6 error,
// is not `from`. After a failure the packet is void.

}  // namespace covfefe::wire
