// SPDX-License-Identifier: Apache-2.0
// When the uplink is free again. Every sent byte moves one instant forward; nothing ticks, and a
// change of capacity is one store. Time is a parameter. Thread: data.
#pragma once

#include <cstdint>

#include "base/instant.h"

namespace covfefe::shape {

inline constexpr std::uint32_t kLargeCellWire = 1'448;  // L cell, UDP and IPv6 header

class RootClock {
 public:
  void set_rate(std::uint64_t bytes_per_second);
  // Wire bytes a second; 0 = unlimited. What was sent already keeps its old price.

  [[nodiscard]] std::uint64_t rate() const { return rate_; }
  [[nodiscard]] std::uint64_t burst_bytes() const;
  // Most that may leave at one instant after a pause: max(2 L cells, 0.5 ms of the rate). 0 when
  // unlimited.

  void settle(Instant now);
  // Call before free(): forgets what the line could have sent in the past beyond one burst.
  [[nodiscard]] bool free(Instant now) const { return next_ <= now; }
  [[nodiscard]] Instant next() const { return next_; }
  // The instant from which on free() holds.
  [[nodiscard]] Duration credit() const { return credit_; }
  // Looking so much later than next() loses nothing.
  void charge(std::uint32_t wire_bytes);

 private:
  static constexpr int kFraction = 20;  // bits below one nanosecond

  std::uint64_t rate_ = 0;
  std::uint64_t price_ = 0;     // nanoseconds per byte, times 2^kFraction
  std::uint64_t fraction_ = 0;  // of next_, below 2^kFraction
  Duration credit_;             // how far next_ may lie in the past
  Instant next_;
};

}  // namespace covfefe::shape
