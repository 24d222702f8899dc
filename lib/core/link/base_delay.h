// SPDX-License-Identifier: Apache-2.0
// The least one-way delay of late between two clocks that differ by an unknown amount and run at
// slightly different speeds (Step R11, covfefe-protocol(7)). No clock, no allocation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/instant.h"

namespace covfefe::core {

class BaseDelay {
 public:
  static constexpr Duration kWindow = Duration::seconds(5);
  static constexpr std::size_t kWindows = 12;
  static constexpr std::int64_t kSkewMost = 200'000;  // ns in a second: 200 ppm

  void add(Instant now, std::int64_t micros);
  // A delay as measured, in any origin that stays the same. Times do not go back.
  [[nodiscard]] std::int64_t least(Instant now) const;
  // What the delay would be now with nothing queued. After one add().
  void restart() { *this = {}; }

 private:
  struct Point {
    Instant at;
    std::int64_t micros = 0;
  };
  [[nodiscard]] std::int64_t moved(const Point& point, Instant to) const;
  void settle_skew();

  std::array<Point, kWindows> points_{};  // the least of each window, oldest first
  std::size_t used_ = 0;
  Instant window_start_{};
  std::int64_t skew_ = 0;  // ns by which a delay seems to grow in a second
};

}  // namespace covfefe::core
