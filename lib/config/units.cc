// SPDX-License-Identifier: Apache-2.0
#include "config/units.h"

#include <algorithm>
#include <array>
#include <span>

namespace covfefe::config {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::uint64_t kKilo = 1'000;
constexpr std::uint64_t kKibi = 1'024;

// Factors in bit/s.
constexpr std::array<Unit, 14> kRateUnits{{
    {"bit/s", 1},
    {"kbit/s", kKilo},
    {"Kbit/s", kKilo},
    {"Mbit/s", kKilo* kKilo},
    {"Gbit/s", kKilo* kKilo* kKilo},
    {"Tbit/s", kKilo* kKilo* kKilo* kKilo},
    {"B/s", 8},
    {"kB/s", 8 * kKilo},
    {"KB/s", 8 * kKilo},
    {"MB/s", 8 * kKilo* kKilo},
    {"GB/s", 8 * kKilo* kKilo* kKilo},
    {"KiB/s", 8 * kKibi},
    {"MiB/s", 8 * kKibi* kKibi},
    {"GiB/s", 8 * kKibi* kKibi* kKibi},
}};

// Factors in bytes.
constexpr std::array<Unit, 10> kSizeUnits{{
    {"B", 1},
    {"kB", kKilo},
    {"KB", kKilo},
    {"MB", kKilo* kKilo},
    {"GB", kKilo* kKilo* kKilo},
    {"TB", kKilo* kKilo* kKilo* kKilo},
    {"KiB", kKibi},
    {"MiB", kKibi* kKibi},
    {"GiB", kKibi* kKibi* kKibi},
    {"TiB", kKibi* kKibi* kKibi* kKibi},
}};

// Factors in microseconds, so that six digits of fraction of a day stay within 64 bits.
constexpr std::uint64_t kSecond = 1'000'000;
constexpr std::array<Unit, 12> kDurationUnits{{
    {"ms", 1'000},
    {"s", kSecond},
    {"sec", kSecond},
    {"m", 60 * kSecond},
    {"min", 60 * kSecond},
    {"minutes", 60 * kSecond},
    {"h", 3'600 * kSecond},
    {"hour", 3'600 * kSecond},
    {"hours", 3'600 * kSecond},
    {"d", 86'400 * kSecond},
    {"day", 86'400 * kSecond},
    {"days", 86'400 * kSecond},
}};

constexpr std::size_t kMaxDigits = 19;  // of kMaxSize; all of them fit 64 bits
constexpr std::size_t kMaxFraction = 6;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

struct Number {
  std::uint64_t whole = 0;
  std::uint64_t millionths = 0;
};

UnitError no_number() {
  return {"must start with a number of at most 19 digits"};
}

// Takes the number and the spaces after it off the front of text.
UnitResult<Number> take_number(std::string_view& text) {
  if (!text.empty() && text.front() == '-') return UnitError{"must not be negative"};
  Number out;
  std::size_t digits = 0;
  for (; digits < text.size() && is_digit(text[digits]); ++digits) {
    if (digits == kMaxDigits) return no_number();
    out.whole = out.whole * 10 + static_cast<std::uint64_t>(text[digits] - '0');
  }
  if (digits == 0) return no_number();
  text.remove_prefix(digits);
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    std::size_t places = 0;
    for (; places < text.size() && is_digit(text[places]); ++places) {
      if (places == kMaxFraction) return UnitError{"has more than six digits after the point"};
      out.millionths = out.millionths * 10 + static_cast<std::uint64_t>(text[places] - '0');
    }
    if (places == 0) return UnitError{"has no digit after the point"};
    text.remove_prefix(places);
    for (; places < kMaxFraction; ++places) out.millionths *= 10;
  }
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return out;
}

UnitResult<std::uint64_t> multiply(Number number, std::uint64_t factor) {
  std::uint64_t whole = 0;
  std::uint64_t sum = 0;
  const std::uint64_t part = number.millionths * factor / 1'000'000;
  if (__builtin_mul_overflow(number.whole, factor, &whole) ||
      __builtin_add_overflow(whole, part, &sum)) {
    return UnitError{"is too large"};
  }
  return sum;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equal_but_for_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

UnitResult<std::uint64_t> factor_of(std::string_view unit, std::span<const Unit> units) {
  for (const Unit& known : units) {
    if (known.name == unit) return known.factor;
  }
  for (const Unit& known : units) {
    if (equal_but_for_case(known.name, unit)) {
      return UnitError{"has an unknown unit; did you mean " + std::string(known.name) + "?"};
    }
  }
  std::string all;
  for (const Unit& known : units) all += (all.empty() ? "" : " ") + std::string(known.name);
  return UnitError{"has an unknown unit; known are " + all};
}

std::string with_unit(std::uint64_t number, std::string_view unit) {
  return std::to_string(number) + " " + std::string(unit);
}

// The unit that leaves the smallest whole number. Factors are divided by `scale` first.
std::string shortest(std::uint64_t value, std::span<const Unit> units, std::uint64_t scale) {
  const Unit* best = &units.front();
  for (const Unit& unit : units) {
    const std::uint64_t factor = unit.factor / scale;
    if (factor > best->factor / scale && value % factor == 0 && value >= factor) best = &unit;
  }
  return with_unit(value / (best->factor / scale), best->name);
}

struct Part {
  std::uint64_t factor = 0;  // microseconds of its unit
  std::uint64_t micros = 0;
};

// Takes one NUMBER UNIT and the spaces after it off the front of a duration.
UnitResult<Part> take_part(std::string_view& text) {
  UnitResult<Number> number = take_number(text);
  if (!number.ok()) return number.error();
  std::size_t letters = 0;
  while (letters < text.size() && text[letters] != ' ' && !is_digit(text[letters])) ++letters;
  if (letters == 0) return UnitError{"needs a unit, for example 90s or 2h 30m"};
  UnitResult<std::uint64_t> factor = factor_of(text.substr(0, letters), kDurationUnits);
  if (!factor.ok()) return factor.error();
  text.remove_prefix(letters);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  UnitResult<std::uint64_t> micros = multiply(*number, *factor);
  if (!micros.ok()) return micros.error();
  return Part{*factor, *micros};
}

}  // namespace

UnitResult<Rate> parse_rate(std::string_view text) {
  if (text == "0" || text == "unlimited" || text == "none") return Rate{};
  UnitResult<Number> number = take_number(text);
  if (!number.ok()) return number.error();
  if (text.empty()) return UnitError{"needs a unit, for example 10 Mbit/s or 512 KiB/s"};
  UnitResult<std::uint64_t> factor = factor_of(text, kRateUnits);
  if (!factor.ok()) return factor.error();
  UnitResult<std::uint64_t> bits = multiply(*number, *factor);
  if (!bits.ok()) return bits.error();
  if (number->whole == 0 && number->millionths == 0) return Rate{};
  if (*bits / 8 < kMinRate) return UnitError{"is below the least rate, 8 kbit/s"};
  if (*bits / 8 > kMaxRate) return UnitError{"is above the greatest rate, 1 Tbit/s"};
  return Rate{*bits / 8};
}

std::string format_rate(Rate rate) {
  if (rate.unlimited()) return "unlimited";
  const std::span<const Unit> units(kRateUnits);
  // 1 kbit/s is 125 B/s: links are sold in bits, so bits come first wherever they come out even.
  if (rate.bytes_per_second % 125 == 0)
    return shortest(rate.bytes_per_second / 125, units.subspan(1, 5), kKilo);
  return shortest(rate.bytes_per_second, units.subspan(6), 8);
}

UnitResult<Amount> parse_amount(std::string_view text) {
  if (text == "unlimited") return UnitError{"is no amount; write a rate, a share or none"};
  if (!text.ends_with('%')) {
    UnitResult<Rate> rate = parse_rate(text);
    if (!rate.ok()) return rate.error();
    return Amount{*rate, 0};
  }
  UnitResult<Number> number = take_number(text);
  if (!number.ok()) return number.error();
  if (text != "%") return UnitError{"is neither a rate nor NUMBER %"};
  constexpr std::uint64_t kTenth = 100'000;  // millionths
  if (number->millionths % kTenth != 0) return UnitError{"has more than one digit after the point"};
  if (number->whole > 100) return UnitError{"is more than 100 %"};
  const std::uint64_t per_mille = number->whole * 10 + number->millionths / kTenth;
  if (per_mille > 1'000) return UnitError{"is more than 100 %"};
  return Amount{{}, static_cast<std::uint32_t>(per_mille)};
}

std::string format_amount(Amount amount) {
  if (amount.nothing()) return "none";
  if (amount.per_mille == 0) return format_rate(amount.rate);
  const std::string whole = std::to_string(amount.per_mille / 10);
  const std::uint32_t tenth = amount.per_mille % 10;
  return whole + (tenth == 0 ? "" : "." + std::to_string(tenth)) + " %";
}

UnitResult<std::uint64_t> parse_size(std::string_view text) {
  UnitResult<Number> number = take_number(text);
  if (!number.ok()) return number.error();
  std::uint64_t factor = 1;
  if (!text.empty()) {
    UnitResult<std::uint64_t> unit = factor_of(text, kSizeUnits);
    if (!unit.ok()) return unit;
    factor = *unit;
  } else if (number->millionths != 0) {
    return UnitError{"is not a whole number of bytes"};
  }
  UnitResult<std::uint64_t> bytes = multiply(*number, factor);
  if (bytes.ok() && *bytes > kMaxSize) return UnitError{"is too large"};
  return bytes;
}

std::string format_size(std::uint64_t bytes) {
  const std::span<const Unit> units(kSizeUnits);
  if (bytes >= kKibi && bytes % kKibi == 0) return shortest(bytes, units.subspan(6), 1);
  return shortest(bytes, units.first(6), 1);
}

UnitResult<Duration> parse_duration(std::string_view text) {
  if (text.empty()) return UnitError{"needs a number and a unit, for example 90s or 2h 30m"};
  std::uint64_t micros = 0;
  std::uint64_t previous = ~std::uint64_t{0};
  while (!text.empty()) {
    UnitResult<Part> part = take_part(text);
    if (!part.ok()) return part.error();
    if (part->factor >= previous) return UnitError{"must name each unit once, the largest first"};
    previous = part->factor;
    if (__builtin_add_overflow(micros, part->micros, &micros)) return UnitError{"is too large"};
  }
  if (micros == 0) return UnitError{"must be longer than nothing"};
  if (micros > static_cast<std::uint64_t>(kMaxDurationSeconds) * kSecond)
    return UnitError{"is longer than a year"};
  return Duration::micros(static_cast<std::int64_t>(micros));
}

std::string format_duration(Duration duration) {
  struct Step {
    const char* name;
    std::int64_t millis;
  };
  constexpr std::array<Step, 5> kSteps{
      {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
  std::int64_t rest = duration.nanoseconds / 1'000'000;
  if (rest <= 0) return "0s";
  std::string out;
  for (const Step& step : kSteps) {
    if (rest < step.millis) continue;
    out += (out.empty() ? "" : " ") + std::to_string(rest / step.millis) + step.name;
    rest %= step.millis;
  }
  return out;
}

}  // namespace covfefe::config
