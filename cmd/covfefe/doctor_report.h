// SPDX-License-Identifier: Apache-2.0
// What an audit of a node finds, in plain values. The rules (doctor_*.cc) are functions from texts
// and facts to findings: they read nothing and know no clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace covfefe::cli::doctor {

enum class Level : std::uint8_t {
  Unseen,   // could not be looked at, and why
  Note,     // worth knowing, nothing wrong
  Warning,  // weaker than it should be, or half of the node is down
  Failing,  // a promise of SECURITY.md does not hold, or the node is down
};
[[nodiscard]] const char* name_of(Level level);
// "unseen", "note", "warning" or "failing".

struct Finding {
  Level level = Level::Warning;
  std::string area;  // a service, or "storage", "swap", "clock", "network", "files" …
  std::string what;  // one sentence, what was seen
  std::string why;   // why it matters
  std::string fix;   // a command where there is one; empty: nothing is to be done
};

class Report {
 public:
  void fine() { ++fine_; }
  // One rule was looked at and holds.
  void add(Finding finding) { findings_.push_back(std::move(finding)); }
  void judge(std::optional<Finding> finding);
  // fine() or add().

  [[nodiscard]] const std::vector<Finding>& findings() const { return findings_; }
  [[nodiscard]] std::uint32_t held() const { return fine_; }
  [[nodiscard]] Level worst() const;
  // Note when nothing is wrong: what could not be seen is not wrong.

 private:
  std::vector<Finding> findings_;
  std::uint32_t fine_ = 0;
};

// Words of /proc texts.
[[nodiscard]] std::vector<std::string_view> lines_of(std::string_view text);
[[nodiscard]] std::vector<std::string_view> words_of(std::string_view line);
// Separated by any number of blanks and tabs.
[[nodiscard]] std::optional<std::uint64_t> number_in(std::string_view text, int base = 10);
// The whole text is a number.
[[nodiscard]] std::string_view field_in(std::string_view text, std::string_view key);
// What stands behind "key:" at the start of a line, without blanks around it; empty: no such line.

}  // namespace covfefe::cli::doctor
