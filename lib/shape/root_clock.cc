// SPDX-License-Identifier: Apache-2.0
#include "shape/root_clock.h"

#include <algorithm>

namespace covfefe::shape {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kBurstsPerSecond = 2'000;  // 0.5 ms

}  // namespace

void RootClock::set_rate(std::uint64_t bytes_per_second) {
  rate_ = bytes_per_second;
  if (rate_ == 0) {
    price_ = 0;
    credit_ = {};
    return;
  }
  // At 1 B/s a price is 2^50; times the longest datagram (2^12) it stays below 2^63.
  price_ = (kSecond << kFraction) / rate_;
  const std::uint64_t ahead = burst_bytes() - kLargeCellWire;
  // The datagram that is sent at credit zero completes the burst.
  credit_ = {static_cast<std::int64_t>(ahead * price_ >> kFraction)};
}

std::uint64_t RootClock::burst_bytes() const {
  if (rate_ == 0) return 0;
  return std::max<std::uint64_t>(2 * kLargeCellWire, rate_ / kBurstsPerSecond);
}

void RootClock::settle(Instant now) {
  const Instant earliest = now - credit_;
  if (next_ >= earliest) return;
  next_ = earliest;
  fraction_ = 0;
}

void RootClock::charge(std::uint32_t wire_bytes) {
  fraction_ += wire_bytes * price_;
  next_ = next_ + Duration{static_cast<std::int64_t>(fraction_ >> kFraction)};
  fraction_ &= (std::uint64_t{1} << kFraction) - 1;
}

}  // namespace covfefe::shape
