// SPDX-License-Identifier: Apache-2.0
#include "quantity.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "printable.h"

namespace covfefe::cli {
namespace {

struct Scaled {
  double value = 0;
  const char* prefix = "";
  int digits = 0;  // after the point
};

// Three digits in all; 999.6 k is 1.00 M.
Scaled in_bits(std::uint64_t bytes_per_second) {
  constexpr const char* kPrefixes[] = {"", "k", "M", "G", "T", "P", "E"};
  Scaled out{static_cast<double>(bytes_per_second) * 8, "", 0};
  for (std::size_t i = 0; i < 7; ++i) {
    out.prefix = kPrefixes[i];
    out.digits = i == 0 || out.value >= 99.95 ? 0 : (out.value >= 9.995 ? 1 : 2);
    if (out.value < 999.5) break;
    if (i != 6) out.value /= 1'000;
  }
  return out;
}

}  // namespace

std::string bytes_text(std::uint64_t bytes) {
  const char* const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit < 6; ++unit) value /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
  return text;
}

std::string bits_text(std::uint64_t bytes_per_second) {
  const Scaled bits = in_bits(bytes_per_second);
  char text[32];
  std::snprintf(text, sizeof text, "%.*f%s", bits.digits, bits.value, bits.prefix);
  return text;
}

std::string rate_text(std::uint64_t bytes_per_second) {
  const Scaled bits = in_bits(bytes_per_second);
  char text[48];
  std::snprintf(text, sizeof text, "%.*f %sbit/s", bits.digits, bits.value, bits.prefix);
  return text;
}

std::string fitted(std::string_view text, std::size_t columns) {
  std::string out;
  std::size_t used = 0;
  while (!text.empty() && used < columns) {
    const std::size_t length = std::max<std::size_t>(utf8_length(text), 1);
    const bool last = used + 1 == columns && text.size() > length;
    out += last ? std::string_view("~") : text.substr(0, length);
    text.remove_prefix(length);
    ++used;
  }
  return out + std::string(columns - used, ' ');
}

std::string seconds_text(double seconds) {
  constexpr double kMinute = 60;
  constexpr double kHour = 3'600;
  const double length = std::clamp(std::isfinite(seconds) ? seconds : 0, 0.0, 1e12);
  double unit = 1;
  const char* name = "s";
  if (length >= 2 * kHour) {
    unit = kHour;
    name = "h";
  } else if (length >= 2 * kMinute) {
    unit = kMinute;
    name = "min";
  }
  char text[48];
  std::snprintf(text, sizeof text, "%.0f %s", std::floor(length / unit), name);
  return text;
}

std::string span_text(double seconds) {
  const double length = std::clamp(std::isfinite(seconds) ? seconds : 0, 0.0, 1e12);
  const auto whole = static_cast<unsigned long long>(std::llround(length));
  const unsigned long long minutes = whole / 60;
  if (minutes < 2) return std::to_string(whole) + " s";
  if (minutes < 120) return std::to_string(minutes) + " min";
  const std::string hours = std::to_string(minutes / 60) + " h";
  return minutes % 60 == 0 ? hours : hours + " " + std::to_string(minutes % 60) + " min";
}

std::string count_text(std::uint64_t count, const char* noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string rtt_text(double milliseconds) {
  if (!(milliseconds > 0)) return "-";
  char text[48];
  std::snprintf(text, sizeof text, "%.2f ms", std::min(milliseconds, 1e12));
  return text;
}

}  // namespace covfefe::cli
