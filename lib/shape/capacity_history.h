// SPDX-License-Identifier: Apache-2.0
// What the uplink carried at least over ten minutes, and one sample a minute to be remembered.
// Seconds in which nobody called are filled in later: no timer is needed. Thread: data.
#pragma once

#include <array>
#include <cstdint>

#include "base/instant.h"
#include "shape/capacity_types.h"

namespace covfefe::shape {

class CapacityHistory {
 public:
  explicit CapacityHistory(Instant now) : next_(now + Duration::seconds(1)), begun_(now) {}

  void recall(std::uint64_t low_water);
  // 0: nothing is remembered.

  struct Second {
    std::uint64_t capacity = 0;  // now, 0 = unlimited
    std::uint64_t sent = 0;      // in all
    std::uint64_t cuts = 0;      // in all
  };
  void step(const Second& second, Instant now);

  [[nodiscard]] std::uint64_t low_water() const { return low_water_; }  // 0 = unlimited
  [[nodiscard]] bool take_minute(MinuteSample& out);

 private:
  static constexpr std::uint32_t kSeconds = 600;
  static constexpr std::uint32_t kMinutes = 600;
  static constexpr std::uint64_t kUnlimited = ~std::uint64_t{0};

  void add_second(const Second& second);
  void end_minute(const Second& second);
  void find_low_water();

  std::array<std::uint64_t, kSeconds> seconds_{};
  std::uint32_t filled_ = 0;
  std::uint32_t at_ = 0;
  std::uint64_t remembered_ = kUnlimited;
  std::uint64_t low_water_ = 0;
  Instant next_;   // when the present second ends
  Instant begun_;  // the present minute
  std::uint64_t lowest_ = kUnlimited;
  std::uint64_t sent_before_ = 0;
  std::uint64_t cuts_before_ = 0;
  std::array<MinuteSample, kMinutes> minutes_{};
  std::uint32_t first_minute_ = 0;
  std::uint32_t minute_count_ = 0;
};

}  // namespace covfefe::shape
