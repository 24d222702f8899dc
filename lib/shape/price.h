// SPDX-License-Identifier: Apache-2.0
// What a byte costs at a rate: nanoseconds as a binary fraction. Thread: any.
#pragma once

#include <cstdint>

namespace covfefe::shape {

inline constexpr std::uint64_t kNanosPerSecond = 1'000'000'000;
inline constexpr std::uint64_t kMostRate = std::uint64_t{1} << 34;  // B/s; higher ones count as it

struct Price {
  std::uint32_t mantissa = 0;  // 0: there is no rate
  std::uint8_t shift = 0;

  [[nodiscard]] bool none() const { return mantissa == 0; }
  [[nodiscard]] std::int64_t of(std::uint32_t bytes) const {  // bytes < 2^24; rounded down
    return static_cast<std::int64_t>(std::uint64_t{bytes} * mantissa >> shift);
  }
};
// Between 1 B/s and kMostRate the mantissa has at least 28 bits: no rate is off by more than 2^-27.

[[nodiscard]] constexpr Price price_of(std::uint64_t bytes_per_second) {
  if (bytes_per_second == 0) return {};
  const std::uint64_t rate = bytes_per_second < kMostRate ? bytes_per_second : kMostRate;
  std::uint64_t mantissa = (kNanosPerSecond << 32) / rate;
  std::uint8_t shift = 32;
  for (; mantissa >> 32 != 0; --shift) mantissa >>= 1;
  return {static_cast<std::uint32_t>(mantissa), shift};
}

}  // namespace covfefe::shape
