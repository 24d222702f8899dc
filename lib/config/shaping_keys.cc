// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "config/reading.h"

namespace covfefe::config {
namespace {

std::string_view last_segment(std::string_view path) {
  return path.substr(path.rfind('.') + 1);
}

// "bob" of "shaping.friends.bob.cap".
std::string_view name_in(std::string_view path) {
  path.remove_suffix(last_segment(path).size() + 1);
  return last_segment(path);
}

Problem read_amount(const Node& node, Amount& amount) {
  UnitResult<Amount> read = parse_amount(node.text);
  if (!read.ok()) return shown(node.text) + " " + read.error().message;
  amount = *read;
  return {};
}

// A cap of nothing would read as "send nothing": only words stand for "no cap".
Problem read_cap(const Node& node, Amount& cap) {
  cap = {};
  if (node.text == "none" || node.text == "unlimited") return {};
  Problem problem = read_amount(node, cap);
  if (!problem && cap.nothing()) return shown(node.text) + " lets nothing pass; no cap is 'none'";
  return problem;
}

Problem read_weight(const Node& node, std::uint32_t& weight) {
  return read_count(node, {1, kMaxWeight}, weight);
}

// Amounts of one kind can be compared before the capacity is known.
Problem reserve_above_cap(const Amount& reserve, const Amount& cap) {
  if (reserve.nothing() || cap.nothing()) return {};
  const bool shares = reserve.per_mille > cap.per_mille && cap.per_mille != 0;
  const bool rates = reserve.rate > cap.rate && !cap.rate.unlimited();
  if (!shares && !rates) return {};
  return "the reserve (" + format_amount(reserve) + ") is above the cap (" + format_amount(cap) +
         ")";
}

Problem read_idle(const Node& node, IdleLane& lane) {
  for (const IdleLane known : {IdleLane::AlwaysOn, IdleLane::Metered, IdleLane::Off}) {
    if (node.text != idle_name(known)) continue;
    lane = known;
    return {};
  }
  return shown(node.text) + " is none of always-on, metered and off";
}

auto place_of(auto& friends, std::string_view petname) {
  return std::lower_bound(
      friends.begin(), friends.end(), petname,
      [](const FriendShaping& a, std::string_view b) { return a.petname.compare(b) < 0; });
}

FriendShaping& friend_entry(Shaping& shaping, std::string_view petname) {
  const auto at = place_of(shaping.friends, petname);
  if (at != shaping.friends.end() && at->petname == petname) return *at;
  FriendShaping fresh;
  fresh.petname = petname;
  return *shaping.friends.insert(at, std::move(fresh));
}

Problem read_friend_quota(const Node& node, FriendShaping& entry) {
  Amount quota;
  if (Problem problem = read_amount(node, quota)) return problem;
  entry.quota = quota;
  return {};
}

Problem read_friend_idle(const Node& node, FriendShaping& entry) {
  IdleLane lane{};
  if (Problem problem = read_idle(node, lane)) return problem;
  entry.idle = lane;
  return {};
}

}  // namespace

Problem read_level(const Node& node, std::string_view path, Config& config) {
  const auto* name = std::find(kLevelNames.begin(), kLevelNames.end(), name_in(path));
  LevelShaping& level =
      config.shaping.levels.at(static_cast<std::size_t>(name - kLevelNames.begin()));
  const std::string_view key = last_segment(path);
  if (key == "weight") return read_weight(node, level.weight);
  if (key == "quota") return read_amount(node, level.quota);
  Problem problem = key == "cap" ? read_cap(node, level.cap) : read_amount(node, level.reserve);
  return problem ? problem : reserve_above_cap(level.reserve, level.cap);
}

Problem read_friend(const Node& node, std::string_view path, Config& config) {
  FriendShaping& entry = friend_entry(config.shaping, name_in(path));
  if (config.shaping.friends.size() > kMaxShapedFriends) return "more than 2048 friends are named";
  const std::string_view key = last_segment(path);
  if (key == "weight") return read_weight(node, entry.weight);
  if (key == "quota") return read_friend_quota(node, entry);
  if (key == "idle") return read_friend_idle(node, entry);
  Problem problem = key == "cap" ? read_cap(node, entry.cap) : read_amount(node, entry.reserve);
  return problem ? problem : reserve_above_cap(entry.reserve, entry.cap);
}

Problem read_control(const Node& node, std::string_view, Config& config) {
  Amount amount;
  if (Problem problem = read_amount(node, amount)) return problem;
  const bool share = amount.per_mille >= 10 && amount.per_mille <= kMaxControlShare;
  const bool rate = amount.rate.bytes_per_second >= kMinControl;
  if (!share && !rate) return shown(node.text) + " is neither 1 % to 25 % nor at least 8 KiB/s";
  config.shaping.control = amount;
  return {};
}

Problem read_donate(const Node& node, std::string_view, Config& config) {
  if (Problem problem = read_amount(node, config.shaping.donate)) return problem;
  if (!config.shaping.donate.nothing()) return {};
  return "to relay nothing, write circuits.relay: no";
}

Problem read_idle_lane(const Node& node, std::string_view, Config& config) {
  return read_idle(node, config.idle_lane);
}

Problem read_lend(const Node& node, std::string_view, Config& config) {
  return read_yes_or_no(node, config.promises.lend);
}

Problem read_please(const Node& node, std::string_view, Config& config) {
  config.promises.please = {};
  if (node.text == "ask") return {};
  UnitResult<Duration> read = parse_duration(node.text);
  if (!read.ok()) return shown(node.text) + " " + read.error().message + "; or ask";
  if (*read < Duration::seconds(1) || *read > kMaxPlease)
    return shown(node.text) + " is not between 1 s and 24 h; or ask";
  config.promises.please = *read;
  return {};
}

const FriendShaping* find_friend(const Shaping& shaping, std::string_view petname) {
  const auto at = place_of(shaping.friends, petname);
  return at != shaping.friends.end() && at->petname == petname ? &*at : nullptr;
}

IdleLane idle_of(const FriendShaping* entry, IdleLane otherwise) {
  return entry != nullptr && entry->idle ? *entry->idle : otherwise;
}

std::string_view idle_name(IdleLane lane) {
  switch (lane) {
    case IdleLane::AlwaysOn:
      return "always-on";
    case IdleLane::Metered:
      return "metered";
    case IdleLane::Off:
      return "off";
  }
  return "off";
}

}  // namespace covfefe::config
