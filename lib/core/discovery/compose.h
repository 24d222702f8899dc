// SPDX-License-Identifier: Apache-2.0
// The list that a friend is served, out of one's friends and what they served (Step D8,
// covfefe-protocol(7)). Pure.
#pragma once

#include <span>
#include <vector>

#include "core/discovery/path.h"
#include "wire/descriptor.h"

namespace covfefe::core {

struct Branch {
  wire::Descriptor root;                    // the friend itself, depth 1
  std::span<const wire::Descriptor> below;  // its list of the same epoch, well formed; borrowed
};

[[nodiscard]] std::vector<wire::Descriptor> compose(std::span<const Branch> branches,
                                                    std::span<const DisjointnessTag> never);
// At most kDescriptorsMost: the roots in their order, then what is behind them, depth by depth, one
// of each branch in turn. Without loops and without the tags of `never`.

}  // namespace covfefe::core
