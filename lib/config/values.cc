// SPDX-License-Identifier: Apache-2.0
// Values that several keys and the command line share.
#include <algorithm>
#include <array>

#include "config/reading.h"

namespace covfefe::config {
namespace {

bool is_multicast(const Address& address) {
  const bool v4 = address.is_mapped_v4() && address.bytes[12] >= 224;
  return v4 || address.bytes[0] == 0xff;
}

ConfigError listen_error(std::string_view text, std::string_view what) {
  return {{}, 0, {}, shown(text) + " " + std::string(what)};
}

}  // namespace

std::string shown(std::string_view text) {
  constexpr std::size_t kShown = 48;
  if (text.size() <= kShown) return "'" + std::string(text) + "'";
  return "'" + std::string(text.substr(0, kShown)) + "…'";
}

Problem read_rate(const Node& node, Rate& rate) {
  UnitResult<Rate> read = parse_rate(node.text);
  if (!read.ok()) return shown(node.text) + " " + read.error().message;
  rate = *read;
  return {};
}

Problem read_count(const Node& node, Range range, std::uint32_t& count) {
  const auto value = parse_integer<std::uint32_t>(node.text);
  if (!value || *value < range.least || *value > range.most) {
    return shown(node.text) + " is not a whole number from " + std::to_string(range.least) +
           " to " + std::to_string(range.most);
  }
  count = *value;
  return {};
}

Problem read_yes_or_no(const Node& node, bool& value) {
  if (node.text == "yes" || node.text == "true") {
    value = true;
  } else if (node.text == "no" || node.text == "false") {
    value = false;
  } else {
    return shown(node.text) + " is neither yes nor no";
  }
  return {};
}

bool is_valid_name(std::string_view name) {
  constexpr std::size_t kMaxName = 63;  // one DNS label
  if (name.empty() || name.size() > kMaxName) return false;
  if (name.front() == '-' || name.back() == '-') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

bool is_valid_interface(std::string_view name) {
  constexpr std::size_t kMaxInterface = 15;  // IFNAMSIZ - 1, linux/if.h
  if (name.empty() || name.size() > kMaxInterface || name == "." || name == "..") return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

ConfigResult<Endpoint> parse_listen(std::string_view text) {
  std::string_view digits = text;
  if (digits.starts_with("*:")) digits.remove_prefix(2);
  if (!digits.empty() &&
      std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    const auto port = parse_integer<std::uint16_t>(digits);
    if (!port || *port == 0) return listen_error(text, "is not a port from 1 to 65535");
    return Endpoint{Address{}, *port, 0};
  }
  const auto endpoint = parse_endpoint(text);
  if (!endpoint) return listen_error(text, "is neither PORT nor ADDR:PORT, [ADDR6]:PORT or *:PORT");
  if (is_multicast(endpoint->ip)) return listen_error(text, "is a multicast address");
  return *endpoint;
}

}  // namespace covfefe::config
