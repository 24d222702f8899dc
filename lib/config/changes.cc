// SPDX-License-Identifier: Apache-2.0
// What differs between two configurations: their effective texts are compared key by key.
#include <algorithm>
#include <array>
#include <map>

#include "base/bug.h"
#include "config/config.h"

namespace covfefe::config {
namespace {

struct Flat {
  std::vector<std::string> order;             // of the text
  std::map<std::string, std::string> values;  // by dotted key
};

std::string joined(const Node& node) {
  std::string out = node.text;
  for (const Node& item : node.items) out += "\n" + item.text;
  return out;
}

void flatten(const Node& node, const std::string& path, Flat& out) {
  if (node.kind != Node::Kind::Map) {
    out.order.push_back(path);
    out.values[path] = joined(node);
    return;
  }
  for (const Member& member : node.members)
    flatten(member.value, path.empty() ? member.name : path + "." + member.name, out);
}

Flat flat(const Config& config) {
  const ConfigResult<Node> root = parse_yaml(emit_config(config), "effective");
  if (!root.ok()) bug("an effective configuration that is not read back");
  Flat out;
  flatten(*root, "", out);
  return out;
}

constexpr std::string_view kFriends = "shaping.friends.";

// The entry of a friend that only one side has is named as a whole.
std::string shown_key(const std::string& key, const Shaping& other) {
  if (!key.starts_with(kFriends)) return key;
  const std::size_t end = key.find('.', kFriends.size());
  const std::string petname = key.substr(kFriends.size(), end - kFriends.size());
  return find_friend(other, petname) == nullptr ? key.substr(0, end) : key;
}

struct Side {
  const Config& config;
  Flat flat;
};

void add_missing(const Side& from, const Side& in, std::vector<std::string>& out) {
  for (const std::string& key : from.flat.order) {
    const auto there = in.flat.values.find(key);
    if (there != in.flat.values.end() && there->second == from.flat.values.at(key)) continue;
    std::string shown = shown_key(key, in.config.shaping);
    if (std::find(out.begin(), out.end(), shown) == out.end()) out.push_back(std::move(shown));
  }
}

}  // namespace

std::vector<std::string> changed_keys(const Config& before, const Config& after) {
  const Side old{before, flat(before)};
  const Side fresh{after, flat(after)};
  std::vector<std::string> out;
  add_missing(fresh, old, out);
  add_missing(old, fresh, out);
  return out;
}

bool needs_restart(std::string_view key) {
  constexpr std::array<std::string_view, 8> kAtStart = {"name",          "listen.",
                                                        "tun.",          "link.overhead",
                                                        "capacity.down", "min_trusted_entries",
                                                        "circuits.",     "storage.require_luks"};
  return std::any_of(kAtStart.begin(), kAtStart.end(), [key](std::string_view one) {
    return one.ends_with('.') ? key.starts_with(one) : key == one;
  });
}

Applied apply_live(const Config& running, const Config& wanted) {
  Applied out{wanted, changed_keys(running, wanted)};
  out.now.name = running.name;
  out.now.listen = running.listen;
  out.now.tun = running.tun;
  out.now.link_overhead = running.link_overhead;
  out.now.capacity.down = running.capacity.down;
  out.now.min_trusted_entries = running.min_trusted_entries;
  out.now.circuits = running.circuits;
  out.now.require_luks = running.require_luks;
  return out;
}

}  // namespace covfefe::config
