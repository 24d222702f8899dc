// SPDX-License-Identifier: Apache-2.0
#include "quantity.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace covfefe::cli {

std::string bytes_text(std::uint64_t bytes) {
  const char* const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit < 6; ++unit) value /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
  return text;
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
