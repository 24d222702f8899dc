// SPDX-License-Identifier: Apache-2.0
// Which key a dotted path means, or might have meant.
#include <algorithm>
#include <array>
#include <utility>

#include "config/reading.h"

namespace covfefe::config {
namespace {

// Takes the text up to the first '.' off the front of path, the '.' too.
std::string_view take_segment(std::string_view& path) {
  const std::string_view segment = path.substr(0, path.find('.'));
  path.remove_prefix(std::min(path.size(), segment.size() + 1));
  return segment;
}

enum class Match : std::uint8_t { No, Section, Whole };

Match match(std::string_view pattern, std::string_view path) {
  while (!path.empty()) {
    if (pattern.empty()) return Match::No;
    const std::string_view wanted = take_segment(pattern);
    const std::string_view had = take_segment(path);
    if (wanted != had && (wanted != "*" || had.empty())) return Match::No;
  }
  return pattern.empty() ? Match::Whole : Match::Section;
}

// The pattern with the name that stands in the path at the place of '*'.
std::string filled(std::string_view pattern, std::string_view path) {
  std::string out;
  while (!pattern.empty()) {
    const std::string_view wanted = take_segment(pattern);
    const std::string_view had = take_segment(path);
    out += (out.empty() ? "" : ".");
    out += wanted == "*" ? (had.empty() ? "NAME" : had) : wanted;
  }
  return out;
}

// Levenshtein distance; both texts are short keys.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row[b.size()];
}

// "bob" of "shaping.friends.bob" and of what stands below it; empty: there is none.
std::string_view name_below(std::string_view section, std::string_view path) {
  if (!path.starts_with(section)) return {};
  path.remove_prefix(section.size());
  return take_segment(path);
}

}  // namespace

const Key* find_key(std::string_view path) {
  const std::span<const Key> keys = all_keys();
  const auto found = std::find_if(keys.begin(), keys.end(), [path](const Key& key) {
    return match(key.path, path) == Match::Whole;
  });
  return found == keys.end() ? nullptr : &*found;
}

bool is_section(std::string_view path) {
  const std::span<const Key> keys = all_keys();
  return std::any_of(keys.begin(), keys.end(),
                     [path](const Key& key) { return match(key.path, path) == Match::Section; });
}

Problem wrong_name(std::string_view path) {
  const std::string_view level = name_below("shaping.levels.", path);
  if (!level.empty() &&
      std::find(kLevelNames.begin(), kLevelNames.end(), level) == kLevelNames.end())
    return shown(level) + " is no level of trust: none, introduced, known, met";
  const std::string_view petname = name_below("shaping.friends.", path);
  if (!petname.empty() && !is_valid_name(petname))
    return shown(petname) + " is no petname: 1..63 of a-z, 0-9 and inner '-'";
  return {};
}

std::string nearest_key(std::string_view path) {
  std::string best;
  for (const Key& key : all_keys()) {
    std::string candidate = filled(key.path, path);
    if (best.empty() || distance(path, candidate) < distance(path, best))
      best = std::move(candidate);
  }
  return best;
}

}  // namespace covfefe::config
