// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace covfefe {

[[nodiscard]] std::string to_hex(ByteView bytes);
// Lower case, no separators.

[[nodiscard]] bool from_hex(std::string_view text, MutableBytes out);
// Exactly 2 * out.size() hexadecimal digits of either case; otherwise false and out is undefined.

[[nodiscard]] std::optional<std::vector<std::uint8_t>> from_hex(std::string_view text);

}  // namespace covfefe
