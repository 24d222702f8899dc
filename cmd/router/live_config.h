// SPDX-License-Identifier: Apache-2.0
// What the router runs with, and how the operator changes it. Thread: control.
#pragma once

#include <functional>

#include "config/config.h"
#include "control_operator.h"

namespace covfefe::router {

class LiveConfig {
 public:
  using Put = std::function<void(const config::Config& now)>;
  LiveConfig(config::Config at_start, Put put);
  // put is called for every change that holds from now on.

  [[nodiscard]] ConfigReply apply(const std::string& text);
  // Of covfefenet.yaml, checked here again: who sends it need not have.

 private:
  config::Config running_;
  Put put_;
};

}  // namespace covfefe::router
