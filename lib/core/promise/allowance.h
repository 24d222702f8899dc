// SPDX-License-Identifier: Apache-2.0
// What a realtime lease lets pass: a token bucket over wire bytes, kept as the moment at which it
// would be full again (GCRA). What conforms may go in the class Leased; the rest has no claim to
// it. The burst is 50 ms of the rate, at least two L cells: what jitter and a lost scheduling turn
// heap up, within the delay target of the class. Thread: data.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/instant.h"

namespace covfefe::core {

class Allowance {
 public:
  void set(std::uint64_t rate) {
    rate_ = rate;
    price_ = rate == 0 ? 0 : (std::uint64_t{1'000'000'000} << kFraction) / rate;
    const std::uint64_t burst = std::max(kBurstLeast, rate / kBurstsPerSecond);
    depth_ = {static_cast<std::int64_t>(burst * price_ >> kFraction)};
  }
  // Wire bytes a second, at most 2^40; 0: nothing conforms. What was taken stays taken.

  [[nodiscard]] std::uint64_t rate() const { return rate_; }

  [[nodiscard]] bool take(std::uint32_t wire_bytes, Instant now) {
    if (rate_ == 0) return false;
    if (full_at_ < now) {
      full_at_ = now;
      fraction_ = 0;
    }
    const std::uint64_t cost = fraction_ + wire_bytes * price_;
    const Duration whole{static_cast<std::int64_t>(cost >> kFraction)};
    if (full_at_ + whole - now > depth_) return false;
    full_at_ = full_at_ + whole;
    fraction_ = cost & ((std::uint64_t{1} << kFraction) - 1);
    return true;
  }
  // False, and nothing is taken: it does not conform. wire_bytes as the shaper counts them, at most
  // 2^16.

 private:
  static constexpr int kFraction = 16;                     // bits below one nanosecond
  static constexpr std::uint64_t kBurstLeast = 2 * 1'704;  // L cell, IPv6, UDP, overhead of 256
  static constexpr std::uint64_t kBurstsPerSecond = 20;

  std::uint64_t rate_ = 0;
  std::uint64_t price_ = 0;     // nanoseconds per byte, times 2^kFraction
  std::uint64_t fraction_ = 0;  // of full_at_, below 2^kFraction
  Duration depth_;
  Instant full_at_{};
};

}  // namespace covfefe::core
