// SPDX-License-Identifier: Apache-2.0
// How long to wait after failures in a row (Steps E2, E12, E15, covfefe-protocol(7)).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/instant.h"

namespace covfefe::core {

[[nodiscard]] inline Duration back_off(std::uint8_t failures) {
  constexpr std::array<int, 5> kMillis = {250, 500, 1000, 2000, 5000};
  return Duration::millis(kMillis[std::min<std::size_t>(failures, kMillis.size() - 1)]);
}

}  // namespace covfefe::core
