// SPDX-License-Identifier: Apache-2.0
// What the parts of circuits work on together. Thread: data.
#pragma once

#include "core/circuit/circuit.h"
#include "core/circuit/delivery.h"
#include "core/circuit/identity.h"
#include "core/circuit/link_leases.h"
#include "core/circuit/tally.h"
#include "core/stream/reorder.h"

namespace covfefe::core {

struct Shared {
  const Address own;
  const std::size_t mtu;
  CellSink& sink;
  crypto::Drbg& random;
  Instant now{};  // of this step
  CircuitTable table;
  Identity identity;
  Tally tally;
  Delivery delivery;
  ReorderPool reorder_pool{};
  LinkLeases* link_leases = nullptr;  // null: friends keep nothing for this node
};
// Owned by Circuits.

}  // namespace covfefe::core
