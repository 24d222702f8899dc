// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/config.h"
#include "json.h"

namespace covfefe::cli {

[[nodiscard]] Json config_json(const config::Config& config);
// Every key with its effective value, as covfefenet.yaml would say it.

}  // namespace covfefe::cli
