// SPDX-License-Identifier: Apache-2.0
// A strict subset of YAML, read over libyaml's event stream: one document of maps, lists and plain
// text, no anchors, tags or aliases, no duplicate keys, no more than eight levels. The text is
// hostile: cards come from other people. Pure: no file is opened here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace covfefe::config {

inline constexpr std::size_t kMaxText = 1 << 20;   // bytes of one document
inline constexpr std::size_t kMaxDepth = 8;        // maps and lists inside one another
inline constexpr std::size_t kMaxNodes = 1 << 14;  // values in one document
inline constexpr std::size_t kMaxScalar = 1024;    // bytes of one value

struct ConfigError {
  std::string file;
  std::uint32_t line = 0;  // from 1; 0 when the fault has no line (a key that is missing)
  std::string key;         // "listen.control", empty when no key was reached
  std::string message;     // what is wrong and what would be right

  [[nodiscard]] std::string text() const;
  // "etc/covfefenet.yaml:12: listen.control: …"
};

template <typename T>
using ConfigResult = Expected<T, ConfigError>;

struct Member;

struct Node {
  enum class Kind : std::uint8_t { Scalar, Map, List };

  Kind kind = Kind::Scalar;
  std::uint32_t line = 1;
  std::string text;             // Scalar: the value, UTF-8, no control bytes
  bool quoted = false;          // Scalar: written in quotes
  std::vector<Node> items;      // List
  std::vector<Member> members;  // Map, in the order of the text

  [[nodiscard]] const Node* find(std::string_view key) const;
  // The member of a map, or null; borrowed from this node.
  [[nodiscard]] bool is_null() const;
  // An unquoted empty value, "~" or "null".
};

struct Member {
  std::string name;
  Node value;
};

[[nodiscard]] ConfigResult<Node> parse_yaml(std::string_view text, std::string_view file_name);
// The root, which is always a map (an empty document is an empty map). file_name is only for
// errors.

[[nodiscard]] std::string quote(std::string_view text);
// A scalar that parse_yaml reads back as exactly this text: plain where that is safe, else in
// double quotes.

}  // namespace covfefe::config
