// SPDX-License-Identifier: Apache-2.0
// Where a packet from the TUN goes (Step E8, covfefe-protocol(7)): which packets may enter the
// overlay at all, on which lane, and which friend has the address. Thread: data.
#pragma once

#include <optional>
#include <unordered_map>

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
  Lane lane = Lane::Bulk;  // Realtime for DSCP EF and class selectors 5 and up
  Address destination;
};

[[nodiscard]] Outgoing classify(ByteView packet, const Address& own, std::size_t mtu);
// Any bytes. Only Route may leave this node, and only inside a session.

class Routes {
 public:
  void set(const Address& address, LinkSlot link) { table_[address] = link; }
  void remove(const Address& address, LinkSlot link);
  // Nothing when the address is another link's by now.
  [[nodiscard]] std::optional<LinkSlot> find(const Address& address) const;

 private:
  std::unordered_map<Address, LinkSlot> table_;
};

}  // namespace covfefe::core
