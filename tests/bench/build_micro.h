// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace covfefe::bench {

void measure_builds();
// Prints what a circuit build costs each party, in microseconds, for paths of 1, 3 and 5 hops.

}  // namespace covfefe::bench
