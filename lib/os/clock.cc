// SPDX-License-Identifier: Apache-2.0
#include "os/clock.h"

#include <ctime>

namespace covfefe::os {
namespace {

std::int64_t nanoseconds_of(clockid_t clock) {
  timespec now{};
  // Both clocks exist on every Linux; the call has no other way to fail.
  ::clock_gettime(clock, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

Instant monotonic_now() {
  return {nanoseconds_of(CLOCK_MONOTONIC)};
}
WallTime wall_now() {
  return {nanoseconds_of(CLOCK_REALTIME)};
}

}  // namespace covfefe::os
