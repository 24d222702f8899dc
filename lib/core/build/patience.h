// SPDX-License-Identifier: Apache-2.0
// How long an origin waits for the answer to a build (Step B10, covfefe-protocol(7)): a multiple of
// what builds of as many hops took, and longer after each that got none, so that a network that
// grew slow is not given up for ever. Thread: data.
#pragma once

#include <algorithm>
#include <array>

#include "base/instant.h"
#include "wire/limits.h"

namespace covfefe::core {

class Patience {
 public:
  static constexpr Duration kMost = Duration::seconds(5);
  static constexpr Duration kLeast = Duration::seconds(1);
  static constexpr std::int64_t kRoundTrips = 8;

  [[nodiscard]] Duration with(std::size_t hops) const {
    const Duration smoothed = smoothed_[hops - 1];
    if (smoothed == Duration{}) return kMost;
    const Duration usual = std::clamp(smoothed * kRoundTrips, kLeast, kMost);
    return std::min(usual * (std::int64_t{1} << missed_), kMost);
  }
  // hops: 1..kSlots, as below.
  void answered(std::size_t hops, Duration rtt) {
    Duration& smoothed = smoothed_[hops - 1];
    const bool first = smoothed == Duration{};
    smoothed = first ? rtt : smoothed + (rtt - smoothed) / 8;
    missed_ = 0;
  }
  void missed() { missed_ = std::min(missed_ + 1, 3); }

 private:
  std::array<Duration, wire::kSlots> smoothed_{};  // 0: not measured
  int missed_ = 0;                                 // in a row
};

}  // namespace covfefe::core
