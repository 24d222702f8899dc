// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/reach.h"

namespace covfefe::core {

void Uses::add(const CircuitPath& path) {
  if (path.hops.empty()) return;  // a circuit that the far end built
  entries_.push_back(path.entry);
  for (std::size_t i = 0; i + 1 < path.hops.size(); ++i) relays_.push_back(path.hops[i].tag);
}

}  // namespace covfefe::core
