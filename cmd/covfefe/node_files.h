// SPDX-License-Identifier: Apache-2.0
// Reads what a node has on disk and says, when it is missing, which command makes it.
#pragma once

#include "config/card.h"
#include "config/config.h"
#include "layout.h"
#include "outcome.h"

namespace covfefe::cli {

[[nodiscard]] Outcome<config::Config> load_config(const Layout& layout);
[[nodiscard]] Outcome<config::Card> load_identity(const Layout& layout);
// This node's own card without endpoints.

}  // namespace covfefe::cli
