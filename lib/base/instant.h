// SPDX-License-Identifier: Apache-2.0
// Time as plain integers. Nothing below lib/os can read a clock: time is a parameter.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace covfefe {

struct Duration {
  std::int64_t nanoseconds = 0;

  static constexpr Duration micros(std::int64_t n) { return {n * 1'000}; }
  static constexpr Duration millis(std::int64_t n) { return {n * 1'000'000}; }
  static constexpr Duration seconds(std::int64_t n) { return {n * 1'000'000'000}; }
  static constexpr Duration minutes(std::int64_t n) { return seconds(n * 60); }
  static constexpr Duration hours(std::int64_t n) { return seconds(n * 3'600); }

  constexpr auto operator<=>(const Duration&) const = default;
  constexpr Duration operator+(Duration o) const { return {nanoseconds + o.nanoseconds}; }
  constexpr Duration operator-(Duration o) const { return {nanoseconds - o.nanoseconds}; }
  constexpr Duration operator*(std::int64_t n) const { return {nanoseconds * n}; }
  constexpr Duration operator/(std::int64_t n) const { return {nanoseconds / n}; }
  [[nodiscard]] constexpr double as_millis() const {
    return static_cast<double>(nanoseconds) / 1e6;
  }
};

struct Instant {
  std::int64_t nanoseconds = 0;  // CLOCK_MONOTONIC or a simulation's own clock

  static constexpr Instant never() { return {std::numeric_limits<std::int64_t>::max()}; }
  [[nodiscard]] constexpr bool is_never() const { return *this == never(); }

  constexpr auto operator<=>(const Instant&) const = default;
  constexpr Instant operator+(Duration d) const { return {nanoseconds + d.nanoseconds}; }
  constexpr Instant operator-(Duration d) const { return {nanoseconds - d.nanoseconds}; }
  constexpr Duration operator-(Instant o) const { return {nanoseconds - o.nanoseconds}; }
};
// Never add to never(): compare first.

struct WallTime {
  std::int64_t unix_nanoseconds = 0;  // CLOCK_REALTIME, UTC; may jump
  constexpr auto operator<=>(const WallTime&) const = default;
  [[nodiscard]] constexpr std::int64_t unix_seconds() const {
    return unix_nanoseconds / 1'000'000'000;
  }
};

}  // namespace covfefe
