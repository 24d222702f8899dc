// SPDX-License-Identifier: Apache-2.0
// Every key and the readers of the plain ones.
#include <algorithm>
#include <array>

#include "config/reading.h"

namespace covfefe::config {
namespace {

Problem at_line(std::uint32_t line, Complaint complaint) {
  complaint.line = line;
  return complaint;
}

Problem read_name(const Node& node, std::string_view, Config& config) {
  if (!is_valid_name(node.text))
    return shown(node.text) + " is not 1..63 of a-z, 0-9 and inner '-'";
  config.name = node.text;
  return {};
}

Problem read_endpoint(const Node& node, Endpoint& endpoint) {
  if (node.kind != Node::Kind::Scalar) return "must be one PORT or ADDR:PORT";
  ConfigResult<Endpoint> read = parse_listen(node.text);
  if (!read.ok()) return read.error().message;
  endpoint = *read;
  return {};
}

Problem read_listen_control(const Node& node, std::string_view, Config& config) {
  return read_endpoint(node, config.listen.control);
}

Problem read_listen_data(const Node& node, std::string_view, Config& config) {
  if (node.kind != Node::Kind::List || node.items.size() != kDataSockets)
    return "must be a list of two: the bulk and the realtime socket, for example [6364, 6365]";
  for (std::size_t i = 0; i < kDataSockets; ++i) {
    Problem problem = read_endpoint(node.items[i], config.listen.data[i]);
    if (problem) return at_line(node.items[i].line, *std::move(problem));
  }
  return {};
}

Problem read_tun_name(const Node& node, std::string_view, Config& config) {
  if (!is_valid_interface(node.text))
    return shown(node.text) + " is not an interface name: 1..15 letters, digits, '_', '.', '-'";
  config.tun.name = node.text;
  return {};
}

bool has_host_bits(const Prefix& prefix) {
  for (std::size_t bit = prefix.length; bit < 128; ++bit) {
    if ((prefix.address.bytes[bit / 8] & (0x80U >> (bit % 8))) != 0) return true;
  }
  return false;
}

Problem read_prefix(const Node& node, Prefix& prefix) {
  const std::size_t slash = node.text.find('/');
  if (node.kind != Node::Kind::Scalar || slash == std::string::npos)
    return "each entry must be PREFIX/LENGTH, for example fd12:3456:789a::/48";
  const auto address = parse_address(std::string_view(node.text).substr(0, slash));
  const auto length = parse_integer<std::uint8_t>(std::string_view(node.text).substr(slash + 1));
  if (!address || !length || *length > 128) return shown(node.text) + " is not a prefix";
  prefix = {*address, *length};
  if (!address->is_overlay() || *length < 8) return shown(node.text) + " is not within fd00::/8";
  if (has_host_bits(prefix))
    return shown(node.text) + " has bits set behind its length; write the network's own address";
  return {};
}

Problem read_tun_exclude(const Node& node, std::string_view, Config& config) {
  if (node.kind != Node::Kind::List) return "must be a list, for example [fd12:3456:789a::/48]";
  if (node.items.size() > kMaxExcludes) return "has more than 64 entries";
  for (const Node& item : node.items) {
    Prefix prefix;
    Problem problem = read_prefix(item, prefix);
    if (problem) return at_line(item.line, *std::move(problem));
    config.tun.exclude.push_back(prefix);
  }
  return {};
}

Problem read_capacity_up(const Node& node, std::string_view, Config& config) {
  config.capacity.automatic = node.text == "auto";
  config.capacity.up = {};
  return config.capacity.automatic ? Problem{} : read_rate(node, config.capacity.up);
}

Problem read_capacity_down(const Node& node, std::string_view, Config& config) {
  return read_rate(node, config.capacity.down);
}

Problem read_capacity_learn(const Node& node, std::string_view, Config& config) {
  return read_yes_or_no(node, config.capacity.learn);
}

Problem read_link_overhead(const Node& node, std::string_view, Config& config) {
  return read_count(node, {0, kMaxLinkOverhead}, config.link_overhead);
}

Problem read_min_trusted_entries(const Node& node, std::string_view, Config& config) {
  return read_count(node, {0, kMaxTrustedEntries}, config.min_trusted_entries);
}

Problem read_per_destination(const Node& node, std::string_view, Config& config) {
  return read_count(node, {1, kMaxPerDestination}, config.circuits.per_destination);
}

Problem read_strangers(const Node& node, std::string_view, Config& config) {
  if (node.text != "accept" && node.text != "refuse")
    return shown(node.text) + " is neither accept nor refuse";
  config.circuits.accept_strangers = node.text == "accept";
  return {};
}

Problem read_relay(const Node& node, std::string_view, Config& config) {
  return read_yes_or_no(node, config.circuits.relay);
}

Problem read_require_luks(const Node& node, std::string_view, Config& config) {
  return read_yes_or_no(node, config.require_luks);
}

constexpr std::array<Key, 28> kKeys{{
    {"name", read_name},
    {"listen.control", read_listen_control},
    {"listen.data", read_listen_data},
    {"tun.name", read_tun_name},
    {"tun.exclude", read_tun_exclude},
    {"capacity.up", read_capacity_up},
    {"capacity.down", read_capacity_down},
    {"capacity.learn", read_capacity_learn},
    {"link.overhead", read_link_overhead},
    {"idle_lane", read_idle_lane},
    {"shaping.control", read_control},
    {"shaping.donate", read_donate},
    {"shaping.levels.*.reserve", read_level},
    {"shaping.levels.*.cap", read_level},
    {"shaping.levels.*.weight", read_level},
    {"shaping.levels.*.quota", read_level},
    {"shaping.friends.*.reserve", read_friend},
    {"shaping.friends.*.cap", read_friend},
    {"shaping.friends.*.weight", read_friend},
    {"shaping.friends.*.quota", read_friend},
    {"shaping.friends.*.idle", read_friend},
    {"promises.lend", read_lend},
    {"promises.please", read_please},
    {"min_trusted_entries", read_min_trusted_entries},
    {"circuits.per_destination", read_per_destination},
    {"circuits.strangers", read_strangers},
    {"circuits.relay", read_relay},
    {"storage.require_luks", read_require_luks},
}};

}  // namespace

std::span<const Key> all_keys() {
  return kKeys;
}

}  // namespace covfefe::config
