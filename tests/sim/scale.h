// SPDX-License-Identifier: Apache-2.0
// How much the large simulations do. Sanitizers cost a factor of ten or more: there they are the
// same in kind and smaller in number, and say so.
#pragma once

#include <cstddef>

#include "tests/support/sanitized.h"

namespace covfefe::sim {

#ifdef COVFEFE_SANITIZED
inline constexpr const char* kScaledDown = " (scaled down: sanitizers)";
inline constexpr std::size_t kManyNodes = 48;
inline constexpr std::size_t kPairs = 150;
inline constexpr std::size_t kPairsPerLoss = 60;
inline constexpr std::size_t kRefusedPairs = 40;
inline constexpr std::size_t kKills = 200;
inline constexpr std::size_t kKillSessions = 6;
inline constexpr std::size_t kVictimsPerRound = 20;
#else
inline constexpr const char* kScaledDown = "";
inline constexpr std::size_t kManyNodes = 200;
inline constexpr std::size_t kPairs = 2'000;
inline constexpr std::size_t kPairsPerLoss = 500;
inline constexpr std::size_t kRefusedPairs = 200;
inline constexpr std::size_t kKills = 10'000;
inline constexpr std::size_t kKillSessions = 30;
inline constexpr std::size_t kVictimsPerRound = 300;
#endif

}  // namespace covfefe::sim
