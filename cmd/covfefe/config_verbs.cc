// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "commands.h"
#include "json.h"
#include "layout.h"
#include "node_files.h"

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

int config_show(const Common& common) {
  const auto config = load_config(Layout(common.root));
  if (!config) return report(config.error(), common);
  if (!common.json) {
    std::fputs(config::emit_config(*config).c_str(), stdout);
    return kDone;
  }
  Json data = Json::array();
  for (const Endpoint& endpoint : config->listen.data) data.add(config::format_listen(endpoint));
  Json exclude = Json::array();
  for (const config::Prefix& prefix : config->tun.exclude) {
    exclude.add(config::format_prefix(prefix));
  }
  const Json json =
      Json::document("config-show")
          .set("name", config->name)
          .set("listen", Json::object()
                             .set("control", config::format_listen(config->listen.control))
                             .set("data", std::move(data)))
          .set("tun",
               Json::object().set("name", config->tun.name).set("exclude", std::move(exclude)))
          .set("capacity", Json::object()
                               .set("up", config::format_rate(config->capacity.up))
                               .set("down", config::format_rate(config->capacity.down)))
          .set("link", Json::object().set("overhead", config->link_overhead))
          .set("min_trusted_entries", config->min_trusted_entries)
          .set("circuits",
               Json::object()
                   .set("per_destination", config->circuits.per_destination)
                   .set("strangers", config->circuits.accept_strangers ? "accept" : "refuse")
                   .set("relay", config->circuits.relay))
          .set("storage", Json::object().set("require_luks", config->require_luks));
  std::fputs(json.text().c_str(), stdout);
  return kDone;
}

}  // namespace covfefe::cli
