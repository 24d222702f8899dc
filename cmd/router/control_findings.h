// SPDX-License-Identifier: Apache-2.0
// What `covfefe why` says of this node itself, before it asks the packet thread about the peer.
// Thread: control.
#pragma once

#include <vector>

#include "control_operator.h"

namespace covfefe::router {

[[nodiscard]] std::vector<core::Finding> own_findings(const OperatorView& view);
void write_findings(const std::vector<core::Finding>& from,
                    schema::RouterOperator::WhyResults::Builder to);

}  // namespace covfefe::router
