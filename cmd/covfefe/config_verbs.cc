// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>

#include "commands.h"
#include "config_json.h"
#include "layout.h"
#include "node_files.h"
#include "os/files.h"
#include "services.h"
#include "shaper_views.h"

namespace covfefe::cli {

int config_check(const Common& common) {
  const Layout layout(common.root);
  const auto config = load_config(layout);
  if (!config) return report(config.error(), common);
  if (common.json) {
    const Json json = Json::document("config-check").set("ok", true).set("file", layout.config());
    std::fputs(json.text().c_str(), stdout);
  } else {
    std::printf("%s is valid\n", layout.config().c_str());
  }
  return kDone;
}

namespace {

constexpr const char* kRestart = "systemctl restart covfefe.target, or covfefe up anew";

struct Sorted {
  std::vector<std::string> now;
  std::vector<std::string> at_restart;
};

using Apply = Outcome<AppliedView> (*)(Connection& service, const std::string& text);

// One connection at a time: a thread has one event loop.
Outcome<AppliedView> apply_to(const Layout& layout, const char* service, Apply apply,
                              const std::string& text) {
  auto connection = Connection::open(layout, service);
  if (!connection) return connection.error();
  return apply(*connection, text);
}

// The router is looked for before the shaper is changed: what is down is found out first.
Outcome<Sorted> apply_to_both(const Layout& layout, const std::string& text) {
  if (const auto there = Connection::open(layout, "router"); !there) return there.error();
  const auto first = apply_to(layout, "shaper", apply_to_shaper, text);
  if (!first) return first.error();
  const auto second = apply_to(layout, "router", apply_to_router, text);
  if (!second) return second.error();
  std::vector<std::string> all = second->changed;
  for (const std::string& key : first->changed) {
    if (std::find(all.begin(), all.end(), key) == all.end()) all.push_back(key);
  }
  Sorted out;
  for (std::string& key : all)
    (config::needs_restart(key) ? out.at_restart : out.now).push_back(std::move(key));
  return out;
}

Json keys_json(const std::vector<std::string>& keys) {
  Json out = Json::array();
  for (const std::string& key : keys) out.add(key);
  return out;
}

void print(const Sorted& changed) {
  for (const std::string& key : changed.now) std::printf("changed  %s\n", key.c_str());
  for (const std::string& key : changed.at_restart)
    std::printf("waits    %s (for a restart)\n", key.c_str());
  if (!changed.at_restart.empty()) std::printf("  next: %s\n", kRestart);
  if (changed.now.empty() && changed.at_restart.empty())
    std::printf("nothing changed: the node runs with this file\n");
}

}  // namespace

int config_apply(const Common& common) {
  const Layout layout(common.root);
  const auto config = load_config(layout);
  if (!config) return report(config.error(), common);
  const auto text = os::read_text(layout.config(), config::kMaxText);
  if (!text) return report({text.error().text(), ""}, common);
  const auto changed = apply_to_both(layout, *text);
  if (!changed) return report(changed.error(), common);
  if (!common.json) {
    print(*changed);
    return kDone;
  }
  const Json json = Json::document("config-apply")
                        .set("changed", keys_json(changed->now))
                        .set("restart", keys_json(changed->at_restart));
  std::fputs(json.text().c_str(), stdout);
  return kDone;
}

int config_show(const Common& common) {
  const auto config = load_config(Layout(common.root));
  if (!config) return report(config.error(), common);
  if (!common.json) {
    std::fputs(config::emit_config(*config).c_str(), stdout);
    return kDone;
  }
  std::fputs(config_json(*config).text().c_str(), stdout);
  return kDone;
}

}  // namespace covfefe::cli
