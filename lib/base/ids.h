// SPDX-License-Identifier: Apache-2.0
// Integers that cannot be mixed up.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace covfefe {

template <typename Tag, typename Integer>
struct StrongId {
  Integer value = 0;
  constexpr auto operator<=>(const StrongId&) const = default;
};

using FriendId = StrongId<struct FriendIdTag, std::uint32_t>;
// Row number of a friend in the peer database; 0 is nobody. Stable over restarts, never reused.
using ReceiverIndex = StrongId<struct ReceiverIndexTag, std::uint32_t>;
// Names a link session at its receiver; values below 256 are never issued (A22).
using CircuitId = StrongId<struct CircuitIdTag, std::uint32_t>;
// Index 20 bits, generation 12 (A27); 0 is the link circuit.
using FlowId = StrongId<struct FlowIdTag, std::uint32_t>;
// A queue in the shaper: dense, link slot * kFlowsPerLink + class (base/flow_class.h).
using RequestId = StrongId<struct RequestIdTag, std::uint64_t>;
// Pairs a question to another thread or process with its answer; never 0, never reused in a run.

}  // namespace covfefe

template <typename Tag, typename Integer>
struct std::hash<covfefe::StrongId<Tag, Integer>> {
  std::size_t operator()(const covfefe::StrongId<Tag, Integer>& id) const noexcept {
    return std::hash<Integer>{}(id.value);
  }
};
