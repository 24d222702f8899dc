// SPDX-License-Identifier: Apache-2.0
// Cells of circuits that pass through this node (Steps C11 and C12, covfefe-protocol(7)). No
// allocation, no state of its own. Thread: data.
#pragma once

#include "core/build/roster.h"

namespace covfefe::core {

class Relay {
 public:
  Relay(Shared& shared, Roster& roster) : shared_(shared), roster_(roster) {}

  [[nodiscard]] bool pass(Circuit& circuit, const CellHeader& header, ByteView onion);
  // Either entry of a relayed circuit; the cell is sent on, or dropped and counted. False: its hop
  // tag did not verify, which is the caller's to count (A10).

 private:
  [[nodiscard]] FlowClass class_for(Circuit& to, Lane came, std::size_t onion);
  [[nodiscard]] MutableBytes room(const Circuit& to, FlowClass as, std::size_t onion);
  [[nodiscard]] bool forward(Circuit& circuit, const CellHeader& header, ByteView onion);
  void backward(Circuit& circuit, const CellHeader& header, ByteView onion);
  void send(const Circuit& to, const CellHeader& header, LinkSlot origin_side);

  Shared& shared_;
  Roster& roster_;
};

}  // namespace covfefe::core
