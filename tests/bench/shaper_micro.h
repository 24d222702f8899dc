// SPDX-License-Identifier: Apache-2.0
// Rows of tests/bench/shaper_micro: a key, a number, a unit and what it means, one line each.
#pragma once

#include <cstdio>

namespace covfefe::bench {

inline void row(const char* key, double value, const char* unit, const char* what) {
  std::printf("%-28s %14.4f %-8s %s\n", key, value, unit, what);
  std::fflush(stdout);
}

void promises();
// Rates, fairness, leases, delays and wakes of a scheduler whose time is the bench's own: what it
// decides, not how fast.

}  // namespace covfefe::bench
