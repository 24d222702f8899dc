// SPDX-License-Identifier: Apache-2.0
// Text that a service or a caller chose, made fit for a terminal and for JSON.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace covfefe::cli {

[[nodiscard]] std::size_t utf8_length(std::string_view text);
// Bytes of the UTF-8 character (RFC 3629) with which the text begins, 1 to 4; 0: it begins with
// none.

[[nodiscard]] std::string printable(std::string_view text);
// The same with "?" for every byte that is no UTF-8 and every control character (C0, DEL, C1):
// a hijacked service must not steer the operator's terminal.

}  // namespace covfefe::cli
