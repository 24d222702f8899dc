// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "layout.h"
#include "outcome.h"

namespace covfefe::cli {

[[nodiscard]] Outcome<std::string> root_for_services(const Layout& layout);
// The --root that services are given: the node's own, or kShownAt when users other than root
// cannot walk there. Call at most once, before any service is started.

inline constexpr const char* kShownAt = "/mnt";  // exists on every system (FHS 3.12)

}  // namespace covfefe::cli
