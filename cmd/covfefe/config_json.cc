// SPDX-License-Identifier: Apache-2.0
#include "config_json.h"

namespace covfefe::cli {
namespace {

std::string cap_text(const config::Amount& cap) {
  return cap.nothing() ? "unlimited" : config::format_amount(cap);
}

Json listen_json(const config::Listen& listen) {
  Json data = Json::array();
  for (const Endpoint& endpoint : listen.data) data.add(config::format_listen(endpoint));
  return Json::object()
      .set("control", config::format_listen(listen.control))
      .set("data", std::move(data));
}

Json tun_json(const config::Tun& tun) {
  Json exclude = Json::array();
  for (const config::Prefix& prefix : tun.exclude) exclude.add(config::format_prefix(prefix));
  return Json::object().set("name", tun.name).set("exclude", std::move(exclude));
}

Json capacity_json(const config::Capacity& capacity) {
  return Json::object()
      .set("up", capacity.automatic ? "auto" : config::format_rate(capacity.up))
      .set("down", config::format_rate(capacity.down))
      .set("learn", capacity.learn);
}

Json level_json(const config::LevelShaping& level) {
  return Json::object()
      .set("reserve", config::format_amount(level.reserve))
      .set("cap", cap_text(level.cap))
      .set("weight", level.weight)
      .set("quota", config::format_amount(level.quota));
}

Json friend_json(const config::FriendShaping& entry) {
  return Json::object()
      .set("reserve", config::format_amount(entry.reserve))
      .set("cap", cap_text(entry.cap))
      .set("weight", entry.weight)
      .set("quota", entry.quota ? Json(config::format_amount(*entry.quota)) : Json())
      .set("idle", entry.idle ? Json(config::idle_name(*entry.idle)) : Json());
}

Json shaping_json(const config::Shaping& shaping) {
  Json levels = Json::object();
  for (std::size_t i = shaping.levels.size(); i-- > 0;)
    levels.set(config::kLevelNames[i], level_json(shaping.levels[i]));
  Json friends = Json::object();
  for (const config::FriendShaping& entry : shaping.friends)
    friends.set(entry.petname, friend_json(entry));
  return Json::object()
      .set("control", config::format_amount(shaping.control))
      .set("donate", config::format_amount(shaping.donate))
      .set("levels", std::move(levels))
      .set("friends", std::move(friends));
}

Json promises_json(const config::Promises& promises) {
  const bool asks = promises.please.nanoseconds == 0;
  return Json::object()
      .set("lend", promises.lend)
      .set("please", asks ? "ask" : config::format_duration(promises.please));
}

}  // namespace

Json config_json(const config::Config& config) {
  return Json::document("config-show")
      .set("name", config.name)
      .set("listen", listen_json(config.listen))
      .set("tun", tun_json(config.tun))
      .set("capacity", capacity_json(config.capacity))
      .set("link", Json::object().set("overhead", config.link_overhead))
      .set("idle_lane", config::idle_name(config.idle_lane))
      .set("shaping", shaping_json(config.shaping))
      .set("promises", promises_json(config.promises))
      .set("min_trusted_entries", config.min_trusted_entries)
      .set("circuits", Json::object()
                           .set("per_destination", config.circuits.per_destination)
                           .set("strangers", config.circuits.accept_strangers ? "accept" : "refuse")
                           .set("relay", config.circuits.relay))
      .set("storage", Json::object().set("require_luks", config.require_luks));
}

}  // namespace covfefe::cli
