// SPDX-License-Identifier: Apache-2.0
// What the tests of doctor's rules share.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "doctor_report.h"

namespace covfefe::cli::doctor {

// One finding and no other, of this level, that has these words.
inline bool only(const Report& report, Level level, std::string_view words) {
  for (const Finding& one : report.findings()) INFO(one.what);
  if (report.findings().size() != 1) return false;
  const Finding& one = report.findings().front();
  return one.level == level && one.what.find(words) != std::string::npos && !one.why.empty();
}

inline bool says(const Report& report, Level level, std::string_view words) {
  for (const Finding& one : report.findings()) {
    if (one.level == level && one.what.find(words) != std::string::npos) return true;
  }
  return false;
}

inline void replace(std::string& text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  text.replace(at, from.size(), to);
}

}  // namespace covfefe::cli::doctor
