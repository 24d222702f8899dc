// SPDX-License-Identifier: Apache-2.0
// Smoothed round-trip time and the retransmission timeout made of it (RFC 6298, with the bounds of
// Step K3, covfefe-protocol(7): 50 ms to 2 s, 250 ms before the first sample).
#pragma once

#include <algorithm>

#include "base/instant.h"

namespace covfefe::core {

inline constexpr Duration kRtoLeast = Duration::millis(50);
inline constexpr Duration kRtoMost = Duration::seconds(2);
inline constexpr Duration kRtoFirst = Duration::millis(250);

class Rtt {
 public:
  void sample(Duration d) {
    d = std::max(d, Duration{1});
    if (smoothed_.nanoseconds == 0) {
      smoothed_ = d;
      deviation_ = d / 2;
      return;
    }
    const Duration off = d > smoothed_ ? d - smoothed_ : smoothed_ - d;
    deviation_ = (deviation_ * 3 + off) / 4;
    smoothed_ = (smoothed_ * 7 + d) / 8;
  }

  [[nodiscard]] Duration smoothed() const { return smoothed_; }  // 0 = not measured

  [[nodiscard]] Duration timeout() const {
    if (smoothed_.nanoseconds == 0) return kRtoFirst;
    return std::clamp(smoothed_ + deviation_ * 4, kRtoLeast, kRtoMost);
  }

 private:
  Duration smoothed_{};
  Duration deviation_{};
};

}  // namespace covfefe::core
