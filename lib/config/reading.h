// SPDX-License-Identifier: Apache-2.0
// What the readers of single keys share. Internal to lib/config.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"

namespace covfefe::config {

struct Complaint {
  Complaint(std::string text) : message(std::move(text)) {}
  Complaint(const char* text) : message(text) {}
  std::string message;
  std::uint32_t line = 0;  // where it is not the line of the key
};
using Problem = std::optional<Complaint>;  // what is wrong with a value

struct Range {
  std::uint32_t least = 0;
  std::uint32_t most = 0;
};

[[nodiscard]] std::string shown(std::string_view text);
// Text of the file in a message: short, and on one line by the reader's own rules.
[[nodiscard]] Problem read_count(const Node& node, Range range, std::uint32_t& count);
[[nodiscard]] Problem read_rate(const Node& node, Rate& rate);
[[nodiscard]] Problem read_yes_or_no(const Node& node, bool& value);

template <typename Integer>
[[nodiscard]] std::optional<Integer> parse_integer(std::string_view text) {
  Integer value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

struct Key {
  std::string_view path;  // a segment '*' is any name: of a level or a friend
  Problem (*read)(const Node& node, std::string_view path, Config& config);
};

[[nodiscard]] std::span<const Key> all_keys();
[[nodiscard]] const Key* find_key(std::string_view path);
[[nodiscard]] bool is_section(std::string_view path);
[[nodiscard]] Problem wrong_name(std::string_view path);
// What is wrong with the name of a level or a friend in it, also in that of a section.
[[nodiscard]] std::string nearest_key(std::string_view path);

[[nodiscard]] Problem read_level(const Node& node, std::string_view path, Config& config);
[[nodiscard]] Problem read_friend(const Node& node, std::string_view path, Config& config);
[[nodiscard]] Problem read_control(const Node& node, std::string_view path, Config& config);
[[nodiscard]] Problem read_donate(const Node& node, std::string_view path, Config& config);
[[nodiscard]] Problem read_idle_lane(const Node& node, std::string_view path, Config& config);
[[nodiscard]] Problem read_lend(const Node& node, std::string_view path, Config& config);
[[nodiscard]] Problem read_please(const Node& node, std::string_view path, Config& config);

}  // namespace covfefe::config
