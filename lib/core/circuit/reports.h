// SPDX-License-Identifier: Apache-2.0
// Circuits and paths as the operator is told of them. Allocates: for questions only. Thread: data.
#pragma once

#include "core/circuit/reach.h"

namespace covfefe::core {

void report_circuits(const Peer& peer, const Reach& reach, std::vector<CircuitReport>& out);
// Those that stand and those that are being built.
void report_in_use(const Peer& peer, const Reach& reach, PathReport& out);
// Marks the options that the session's circuits go over, or adds the direct one.

}  // namespace covfefe::core
