// SPDX-License-Identifier: Apache-2.0
#include "live_config.h"

namespace covfefe::router {

LiveConfig::LiveConfig(config::Config at_start, Put put)
    : running_(std::move(at_start)), put_(std::move(put)) {}

ConfigReply LiveConfig::apply(const std::string& text) {
  const auto wanted = config::parse_config(text, config::kPath);
  if (!wanted.ok()) return {false, {}, wanted.error().text()};
  config::Applied applied = config::apply_live(running_, *wanted);
  running_ = std::move(applied.now);
  put_(running_);
  return {true, std::move(applied.changed), {}};
}

}  // namespace covfefe::router
