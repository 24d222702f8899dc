// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "base/records.h"

namespace covfefe::cli {

[[nodiscard]] const char* trust_name(TrustLevel trust);
[[nodiscard]] std::optional<TrustLevel> parse_trust(std::string_view text);
// "met", "known", "introduced", "none".

}  // namespace covfefe::cli
