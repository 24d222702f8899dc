// SPDX-License-Identifier: Apache-2.0
// Who the hostile friend of tests/bench/dos is and what it says.
#pragma once

#include <cstdint>
#include <string>

#include "wire/control.h"

namespace covfefe::bench {

inline constexpr std::uint8_t kHostileSeed = 66;  // of its keys

[[nodiscard]] std::string hostile_card(const std::string& name, const std::string& endpoint);

[[nodiscard]] wire::Control hostile_message(std::uint32_t turn);
// Sound messages that each make the victim do something, by turns; each fits a small cell.

}  // namespace covfefe::bench
