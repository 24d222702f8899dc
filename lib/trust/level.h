// SPDX-License-Identifier: Apache-2.0
// Levels of trust by name. Scores, tickets and the choice of paths will stand on them; a level is
// what the operator says of a friend and never changes by measurement.
#pragma once

#include <optional>
#include <string_view>

#include "base/records.h"

namespace covfefe::trust {

[[nodiscard]] const char* name_of(TrustLevel level);
// "met" (in person), "known" (for long, never met), "introduced" (a friend vouches), "none".

[[nodiscard]] std::optional<TrustLevel> parse_level(std::string_view text);
// Exactly one of those four words.

}  // namespace covfefe::trust
