// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace covfefe::cli {

[[nodiscard]] std::string wrapped(std::string_view text, std::size_t column);
// The text broken at spaces so that it fits 80 columns when it begins at `column`, and every
// further line is indented to there. A word that is longer than a line stays whole.

}  // namespace covfefe::cli
