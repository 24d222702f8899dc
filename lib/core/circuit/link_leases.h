// SPDX-License-Identifier: Apache-2.0
// What is promised for a link to a friend as a whole, beside what is kept for single circuits.
// Thread: data.
#pragma once

#include "core/cell_io.h"

namespace covfefe::core {

class LinkLeases {
 public:
  virtual ~LinkLeases() = default;
  virtual bool leased(LinkSlot link, std::uint32_t wire_bytes, Instant now) = 0;
  // A realtime cell of this node's own to this friend, UDP and IPv6 headers included, is within the
  // realtime leases over the link, and is charged to them. Asked once for each such cell.
};

}  // namespace covfefe::core
