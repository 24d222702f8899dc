// SPDX-License-Identifier: Apache-2.0
// A way to a far node as discovery finds it and builds walk it. Values.
#pragma once

#include "base/inline_vec.h"
#include "core/cell_io.h"
#include "wire/build.h"

namespace covfefe::core {

using DisjointnessTag = ByteArray<16>;
// The same relay has the same tag at all its friends during an epoch; across epochs tags cannot be
// linked without the relay's link key (Step D4, covfefe-protocol(7)).

struct PathHop {
  ByteArray<32> onion_key{};
  wire::Handle handle{};  // what the hop before calls it; zero for the entry friend
  DisjointnessTag tag{};
  bool operator==(const PathHop&) const = default;
};

struct CircuitPath {
  LinkSlot entry;                         // the friend that the circuit enters by, hops[0]
  InlineVec<PathHop, wire::kSlots> hops;  // the far end last; 2 and up
  std::uint32_t epoch = 0;                // of the tags: those of two epochs cannot be compared
};

}  // namespace covfefe::core
