// SPDX-License-Identifier: Apache-2.0
#include "config/units.h"

#include <doctest/doctest.h>

#include <array>
#include <string>

namespace covfefe::config {
namespace {

struct RateRow {
  const char* text;
  std::uint64_t bytes_per_second;
};

constexpr std::array<RateRow, 17> kRates{{
    {"10 Mbit/s", 1'250'000},
    {"10Mbit/s", 1'250'000},
    {"1 KiB/s", 1'024},
    {"10 KiB/s", 10'240},
    {"1.5 Mbit/s", 187'500},
    {"8 kbit/s", 1'000},
    {"8 Kbit/s", 1'000},
    {"1 Gbit/s", 125'000'000},
    {"1 Tbit/s", kMaxRate},
    {"2 MB/s", 2'000'000},
    {"3 MiB/s", 3 * 1'048'576},
    {"12345 B/s", 12'345},
    {"8001 bit/s", 1'000},
    {"0", 0},
    {"0 Mbit/s", 0},
    {"unlimited", 0},
    {"none", 0},
}};

constexpr std::array<const char*, 23> kBadRates{{
    "",
    "10",
    "Mbit/s",
    "-1 Mbit/s",
    "1 Mbit",
    "1 mbit/s",
    "1 Mbps",
    "1e3 kbit/s",
    "0x10 kB/s",
    "1..5 MB/s",
    "1. MB/s",
    ".5 MB/s",
    "1.1234567 MB/s",
    "7 kbit/s",
    "0.000001 bit/s",
    "1.000001 Tbit/s",
    "999999999999999 Tbit/s",
    "99999999999999999999 B/s",
    "18446744073709551616 B/s",
    "1 MB/s extra",
    " 1 MB/s",
    "+1 MB/s",
    "nan MB/s",
}};

TEST_CASE("a rate is read exactly, with every unit") {
  for (const RateRow& row : kRates) {
    CAPTURE(row.text);
    const auto rate = parse_rate(row.text);
    REQUIRE(rate.ok());
    CHECK(rate->bytes_per_second == row.bytes_per_second);
  }
}

TEST_CASE("a rate without unit, out of range or with anything else around it is refused") {
  for (const char* text : kBadRates) {
    CAPTURE(text);
    const auto rate = parse_rate(text);
    REQUIRE_FALSE(rate.ok());
    CHECK_FALSE(rate.error().message.empty());
  }
}

TEST_CASE("a unit that is only wrong by its case is suggested") {
  CHECK(parse_rate("1 mbit/s").error().message.find("did you mean Mbit/s") != std::string::npos);
}

TEST_CASE("a printed rate is read back as the same rate") {
  for (std::uint64_t value : {1'000ULL, 1'001ULL, 1'024ULL, 1'250'000ULL, 10'240ULL, 12'345ULL,
                              125'000'000'000ULL, 1'048'576ULL, 999'999'999ULL}) {
    CAPTURE(value);
    const auto back = parse_rate(format_rate(Rate{value}));
    REQUIRE(back.ok());
    CHECK(back->bytes_per_second == value);
  }
  CHECK(format_rate(Rate{1'250'000}) == "10 Mbit/s");
  CHECK(format_rate(Rate{1'024}) == "1 KiB/s");
  CHECK(format_rate(Rate{}) == "unlimited");
}

TEST_CASE("sizes are read and printed exactly") {
  CHECK(*parse_size("64 MiB") == 64ULL << 20);
  CHECK(*parse_size("1 TiB") == 1ULL << 40);
  CHECK(*parse_size("0.5 KiB") == 512);
  CHECK(*parse_size("17") == 17);
  const std::uint64_t odd = *parse_size("9999999.99999 GiB");
  CHECK(*parse_size(format_size(odd)) == odd);
  CHECK(*parse_size(format_size(kMaxSize)) == kMaxSize);
  CHECK(*parse_size("0") == 0);
  CHECK(format_size(64ULL << 20) == "64 MiB");
  CHECK(format_size(1'500'000) == "1500 kB");
  CHECK(format_size(17) == "17 B");
  CHECK(format_size(0) == "0 B");
}

TEST_CASE("absurd sizes are refused") {
  for (const char* text :
       {"", "-1", "1.5", "16777216 TiB", "1 KiB/s", "999999999999999 TiB", "one"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_size(text).ok());
  }
}

TEST_CASE("durations add up their parts") {
  CHECK(*parse_duration("90s") == Duration::seconds(90));
  CHECK(*parse_duration("2h 30m") == Duration::minutes(150));
  CHECK(*parse_duration("2h30m") == Duration::minutes(150));
  CHECK(*parse_duration("2.5 h") == Duration::minutes(150));
  CHECK(*parse_duration("250 ms") == Duration::millis(250));
  CHECK(*parse_duration("366 d") == Duration::hours(366 * 24));
  CHECK(format_duration(Duration::minutes(150)) == "2h 30m");
  CHECK(format_duration(Duration::millis(1'250)) == "1s 250ms");
}

TEST_CASE("durations that are nothing, too long or out of order are refused") {
  for (const char* text : {"", "0s", "10", "h", "-1h", "30m 2h", "1h 1h", "367 d", "1 fortnight",
                           "999999999999999 d", "0.0000001 s"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text).ok());
  }
}

}  // namespace
}  // namespace covfefe::config
