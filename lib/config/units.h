// SPDX-License-Identifier: Apache-2.0
// Quantities as people write them: "10 Mbit/s", "1 KiB/s", "64 MiB", "2h 30m". Decimal prefixes are
// powers of 1,000, Ki/Mi/Gi powers of 1,024; bit and B never mean one another; a missing unit is
// refused. Used for the configuration and the command line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/instant.h"
#include "base/result.h"

namespace covfefe::config {

struct Rate {
  std::uint64_t bytes_per_second = 0;  // on the wire; 0 is unlimited

  constexpr auto operator<=>(const Rate&) const = default;
  [[nodiscard]] constexpr bool unlimited() const { return bytes_per_second == 0; }
};

struct Amount {
  Rate rate;                    // of wire bytes
  std::uint32_t per_mille = 0;  // else a share of what there is, 1..1000; both 0: nothing

  constexpr auto operator<=>(const Amount&) const = default;
  [[nodiscard]] constexpr bool nothing() const { return rate.unlimited() && per_mille == 0; }
};

inline constexpr std::uint64_t kMinRate = 1'000;            // B/s: below it no cell in a second
inline constexpr std::uint64_t kMaxRate = 125'000'000'000;  // B/s: 1 Tbit/s
inline constexpr std::uint64_t kMaxSize = std::uint64_t{1} << 60;        // bytes
inline constexpr std::int64_t kMaxDurationSeconds = 366LL * 24 * 3'600;  // one year

struct UnitError {
  std::string message;  // "needs a unit, for example 10 Mbit/s"
};

template <typename T>
using UnitResult = Expected<T, UnitError>;

[[nodiscard]] UnitResult<Rate> parse_rate(std::string_view text);
// NUMBER [space] UNIT; the number may have a fraction of at most six digits; UNIT is one of bit/s
// kbit/s Mbit/s Gbit/s Tbit/s B/s kB/s MB/s GB/s KiB/s MiB/s GiB/s (K for k is read too; M and m
// differ). "0" alone, "unlimited" and "none" are unlimited; anything else lies in
// kMinRate..kMaxRate. Fractions of a byte are dropped.
[[nodiscard]] std::string format_rate(Rate rate);
// Text that parse_rate reads back as the same rate: the largest unit that leaves no fraction, in
// bits before bytes; "unlimited".

[[nodiscard]] UnitResult<Amount> parse_amount(std::string_view text);
// A rate, or NUMBER [space] % with at most one digit of fraction, up to 100 %. "none", "0" and 0 %
// are nothing; "unlimited" is refused.
[[nodiscard]] std::string format_amount(Amount amount);
// Reads back as the same: "12.5 %", a rate, or "none".

[[nodiscard]] UnitResult<std::uint64_t> parse_size(std::string_view text);
// NUMBER [space] UNIT, UNIT one of B kB MB GB TB KiB MiB GiB TiB; a bare number is bytes.
[[nodiscard]] std::string format_size(std::uint64_t bytes);
// Reads back as the same number: the largest binary, else decimal unit without a fraction.

[[nodiscard]] UnitResult<Duration> parse_duration(std::string_view text);
// One or more of NUMBER UNIT, UNIT one of ms s min m h d (also sec, hour, hours, day, days),
// largest first and each at most once: "90s", "2h 30m", "1.5 h". Longer than 0, at most
// kMaxDurationSeconds.
[[nodiscard]] std::string format_duration(Duration duration);
// "2h 30m", "250ms"; what is below a millisecond is dropped.

}  // namespace covfefe::config
