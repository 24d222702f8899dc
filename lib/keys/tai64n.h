// SPDX-License-Identifier: Apache-2.0
// Timestamps of first handshake messages (Step N6, covfefe-protocol(7)): TAI64N, 12 bytes, always
// greater than any that this node sent before, whatever the clock does.
#pragma once

#include <compare>
#include <optional>

#include "base/bytes.h"
#include "base/instant.h"

namespace covfefe::keys {

inline constexpr std::size_t kTai64nSize = 12;
inline constexpr std::uint32_t kTick = 1U << 24;  // nanoseconds, 16.8 ms
// Our own timestamps are multiples of kTick: a finer clock would let observers of a friend's disk
// or of several links tell machines apart by their drift.

struct Tai64n {
  std::uint64_t seconds = 0;  // 2^62 + 10 + Unix seconds
  std::uint32_t nanoseconds = 0;
  constexpr auto operator<=>(const Tai64n&) const = default;

  [[nodiscard]] ByteArray<kTai64nSize> bytes() const;  // big-endian, so that bytes order likewise
};

[[nodiscard]] std::optional<Tai64n> parse_tai64n(ByteView bytes);
// Nothing unless 12 bytes with less than 10^9 nanoseconds.

[[nodiscard]] Tai64n tai64n_of(WallTime time);
// Rounded down to kTick; times before 1970 give 1970.
[[nodiscard]] Tai64n later_by(Tai64n from, Duration duration);
// duration ≥ 0; rounded down to kTick, at least one tick for anything above 0.

class Timestamps {
 public:
  explicit Timestamps(Tai64n ceiling) : last_(ceiling), ceiling_(ceiling) {}
  // ceiling: from the sealed file; nothing above it was ever sent.

  [[nodiscard]] Tai64n peek(WallTime now) const;
  // max(clock, last + 1 tick).
  [[nodiscard]] Tai64n wanted_ceiling(WallTime now) const;
  // What to store before peek() is sent: an hour ahead of the clock (A29).
  [[nodiscard]] bool may_send(Tai64n timestamp) const { return timestamp <= ceiling_; }
  [[nodiscard]] bool should_raise(WallTime now) const;
  // Less than half an hour left: raise in time, so that a full disk does not stop handshakes.

  void raised(Tai64n ceiling) { ceiling_ = ceiling; }
  // It is durable.
  void sent(Tai64n timestamp) { last_ = timestamp; }
  [[nodiscard]] Tai64n ceiling() const { return ceiling_; }

 private:
  Tai64n last_;
  Tai64n ceiling_;
};

}  // namespace covfefe::keys
