// SPDX-License-Identifier: Apache-2.0
// Amounts in words of few characters, for columns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace covfefe::cli {

[[nodiscard]] std::string bytes_text(std::uint64_t bytes);
// "0 B", "1.2 MiB": at most 10 characters.
[[nodiscard]] std::string bits_text(std::uint64_t bytes_per_second);
// "0", "8.20k", "205k", "9.20M" of bits: three digits, at most 5 characters.
[[nodiscard]] std::string rate_text(std::uint64_t bytes_per_second);
// "0 bit/s", "9.20 Mbit/s": at most 11 characters.
[[nodiscard]] std::string fitted(std::string_view text, std::size_t columns);
// Exactly so many columns of one character each: padded with spaces, or cut with "~" at the end.
[[nodiscard]] std::string seconds_text(double seconds);
// "12 s", "3 min", "26 h": whole, rounded down.
[[nodiscard]] std::string span_text(double seconds);
// "12 s", "3 min", "2 h 30 min": as it was promised, to the nearest second below two minutes.
[[nodiscard]] std::string count_text(std::uint64_t count, const char* noun);
// "1 circuit", "2 circuits": nouns whose plural is an s.
[[nodiscard]] std::string rtt_text(double milliseconds);
// "8.25 ms"; "-" for 0, which is not measured.
[[nodiscard]] constexpr unsigned long long wide(std::uint64_t value) {
  return value;
}
// For %llu.

}  // namespace covfefe::cli
