// SPDX-License-Identifier: Apache-2.0
// How circuits are told to the operator: the petname of the friend that one enters by, then the
// handles of the hops. Allocates: for questions only. Thread: data.
#pragma once

#include <string>
#include <vector>

#include "core/circuit/peers.h"

namespace covfefe::core {

[[nodiscard]] std::vector<std::string> hops_of(const CircuitPath& path, const Peers& peers);
// The far end last; handles in hex.
[[nodiscard]] std::string short_path(const Leg& leg, const Peers& peers);
// "via bob, 3f2a91…, 77e01c…": without the far end.

}  // namespace covfefe::core
