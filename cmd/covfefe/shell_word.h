// SPDX-License-Identifier: Apache-2.0
// File names in commands that an operator is to copy: whoever chose the name must not have chosen
// the command.
#pragma once

#include <string>
#include <string_view>

namespace covfefe::cli {

[[nodiscard]] std::string shell_word(std::string_view text);
// One word of sh(1) that means the text, whatever it holds; itself where nothing in it is special.

[[nodiscard]] bool can_be_copied(std::string_view text);
// Shown on a terminal it is still the same: no control characters, nothing that is no UTF-8.

}  // namespace covfefe::cli
