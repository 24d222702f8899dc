// SPDX-License-Identifier: Apache-2.0
// How a friend is shown to other friends, by name.
#pragma once

#include <optional>
#include <string_view>

#include "base/records.h"

namespace covfefe::cli {

[[nodiscard]] const char* name_of(Visibility visibility);
// "hidden", "relay-only", "reachable".
[[nodiscard]] const char* meaning_of(Visibility visibility);
// Half a sentence for whoever does not know the word.
[[nodiscard]] std::optional<Visibility> parse_visibility(std::string_view text);
// Exactly one of the three names.

}  // namespace covfefe::cli
