// SPDX-License-Identifier: Apache-2.0
// Epochs, from a wall clock that is heard of now and then and a monotonic one in between (Steps D1
// and D11, covfefe-protocol(7)). Values, no clock of its own.
#pragma once

#include <cstdint>
#include <optional>

#include "base/instant.h"
#include "wire/descriptor.h"

namespace covfefe::core {

inline constexpr std::int64_t kSettling = 360;
// Seconds into an epoch before its lists are used: by then every friend's has been fetched.
inline constexpr std::int64_t kFetchSpread = 300;  // seconds over which those fetches are spread

class Calendar {
 public:
  void heard(WallTime wall, Instant now) { base_ = Base{wall, now}; }
  [[nodiscard]] bool known() const { return base_.has_value(); }

  [[nodiscard]] std::int64_t unix_seconds(Instant now) const {
    return WallTime{base_->wall.unix_nanoseconds + (now - base_->at).nanoseconds}.unix_seconds();
  }
  // This and all below: only when known().
  [[nodiscard]] std::uint32_t epoch(Instant now) const { return at(unix_seconds(now)); }
  [[nodiscard]] std::uint32_t settled_epoch(Instant now) const {
    return at(unix_seconds(now) - kSettling);
  }
  [[nodiscard]] bool good(std::uint32_t epoch_of_list, Instant now) const {
    const std::uint32_t current = epoch(now);
    if (epoch_of_list > current) return epoch_of_list == current + 1;
    return unix_seconds(now) < wire::expiry_of(epoch_of_list);
  }
  // Current, not longer over than the grace, or to come by one (a friend's clock runs ahead).
  [[nodiscard]] Instant next_change(Instant now) const {
    const std::int64_t within = unix_seconds(now) % wire::kEpochSeconds;
    const std::int64_t grace = wire::kEpochGrace;
    const std::int64_t whole = wire::kEpochSeconds;
    const std::int64_t until = within < kSettling ? kSettling : within < grace ? grace : whole;
    return now + Duration::seconds(until - within);
  }
  // When one of the answers above will be another: a new epoch, a settled one, the end of a grace.

 private:
  struct Base {
    WallTime wall;
    Instant at;
  };
  static std::uint32_t at(std::int64_t seconds) {
    return static_cast<std::uint32_t>(seconds / wire::kEpochSeconds);
  }
  std::optional<Base> base_;
};

}  // namespace covfefe::core
