// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "services.h"

namespace covfefe::cli {

[[nodiscard]] std::string jail_in_words(const JailView& jail, std::string_view service);
// "closed: uid 63631, no capability, 58 calls, landlock 4", or "OPEN: " and what is missing of what
// every jail has: its own user, no more capabilities than its policy, no_new_privs, a filter, no
// dumps.

}  // namespace covfefe::cli
