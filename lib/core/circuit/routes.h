// SPDX-License-Identifier: Apache-2.0
// Which packets from the TUN may enter the overlay at all, and on which lane (Step E8,
// covfefe-protocol(7)).
#pragma once

#include "base/address.h"
#include "base/bytes.h"
#include "core/cell_io.h"

namespace covfefe::core {

enum class Verdict : std::uint8_t {
  Route,
  Malformed,      // not exactly one IPv6 packet
  ForeignSource,  // its source is not this node
  Multicast,      // or link-local, loopback, unspecified
  Own,            // to this node itself
  NotOverlay,     // outside fd00::/8
  TooBig,
};

struct Outgoing {
  Verdict verdict = Verdict::Malformed;
  Lane lane = Lane::Bulk;  // Realtime for DSCP EF and class selectors 5 and up, Spare for LE and
                           // class selector 1
  Address destination;
};

[[nodiscard]] Outgoing classify(ByteView packet, const Address& own, std::size_t mtu);
// Any bytes. Only Route may leave this node, and only inside a session.

}  // namespace covfefe::core
