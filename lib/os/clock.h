// SPDX-License-Identifier: Apache-2.0
// The only clock. Everything below lib/os is told the time. Thread: any; no system call (vDSO).
#pragma once

#include "base/instant.h"

namespace covfefe::os {

[[nodiscard]] Instant monotonic_now();
// CLOCK_MONOTONIC.
[[nodiscard]] WallTime wall_now();
// CLOCK_REALTIME; may jump in both directions.

}  // namespace covfefe::os
