// SPDX-License-Identifier: Apache-2.0
// A rate limit in one time value: the moment at which the bucket would be full again (GCRA).
#pragma once

#include <algorithm>

#include "base/instant.h"

namespace covfefe::core {

class Bucket {
 public:
  struct Rate {
    std::int64_t per_second;
    std::int64_t burst;
  };

  explicit constexpr Bucket(Rate rate)
      : Bucket(Duration{1'000'000'000 / rate.per_second}, rate.burst) {}
  [[nodiscard]] static constexpr Bucket every(Duration interval, std::int64_t burst) {
    return {interval, burst};
  }
  // For less than one a second.

  bool take(Instant now) {
    const Instant from = std::max(full_at_, now);
    if (from + interval_ - now > depth_) return false;
    full_at_ = from + interval_;
    return true;
  }
  // One token, or false.

  [[nodiscard]] Instant ready_at() const { return full_at_ + interval_ - depth_; }
  // From when on take() succeeds; may be past.

  [[nodiscard]] Instant full_at() const { return full_at_; }

 private:
  constexpr Bucket(Duration interval, std::int64_t burst)
      : interval_(interval), depth_(interval * burst) {}

  Duration interval_;
  Duration depth_;
  Instant full_at_{};
};

}  // namespace covfefe::core
