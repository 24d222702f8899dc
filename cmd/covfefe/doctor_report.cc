// SPDX-License-Identifier: Apache-2.0
#include "doctor_report.h"

#include <algorithm>
#include <charconv>

namespace covfefe::cli::doctor {

const char* name_of(Level level) {
  switch (level) {
    case Level::Unseen:
      return "unseen";
    case Level::Note:
      return "note";
    case Level::Warning:
      return "warning";
    case Level::Failing:
      return "failing";
  }
  return "failing";
}

void Report::judge(std::optional<Finding> finding) {
  if (finding) {
    add(std::move(*finding));
  } else {
    fine();
  }
}

Level Report::worst() const {
  Level worst = Level::Note;
  for (const Finding& one : findings_) worst = std::max(worst, one.level);
  return worst;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> out;
  constexpr std::string_view kBlanks = " \t";
  while (true) {
    const std::size_t begin = line.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return out;
    line.remove_prefix(begin);
    const std::size_t end = std::min(line.find_first_of(kBlanks), line.size());
    out.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

std::optional<std::uint64_t> number_in(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string_view field_in(std::string_view text, std::string_view key) {
  for (std::string_view line : lines_of(text)) {
    if (!line.starts_with(key) || !line.substr(key.size()).starts_with(':')) continue;
    line.remove_prefix(key.size() + 1);
    const std::size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return line.substr(begin, line.find_last_not_of(" \t") + 1 - begin);
  }
  return {};
}

}  // namespace covfefe::cli::doctor
