// SPDX-License-Identifier: Apache-2.0
// The shaper's state as a person and as a program read it: a page of 80 columns while names are
// short. The page has bits a second, as lines are sold; the program gets bytes a second.
#pragma once

#include <string>

#include "json.h"
#include "shaper_views.h"

namespace covfefe::cli {

[[nodiscard]] std::string capacity_text(const CapacityState& capacity);
// One line, at most 60 columns: "9.20 Mbit/s of 10.0 Mbit/s, steady for 3 min".
[[nodiscard]] std::string shaper_text(const ShaperState& state);
[[nodiscard]] Json shaper_json(const ShaperState& state);

}  // namespace covfefe::cli
