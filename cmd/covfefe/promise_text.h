// SPDX-License-Identifier: Apache-2.0
// Promises as a person and as a program read them. Texts end with a newline and keep to 80 columns
// while names are short.
#pragma once

#include <string>

#include "json.h"
#include "promise_views.h"

namespace covfefe::cli {

[[nodiscard]] std::string reserve_text(const ReserveView& view);
[[nodiscard]] std::string promise_text(const PromiseView& promise);
// One line without its end: "bob goes in 10 min".
[[nodiscard]] std::string promises_text(const PromisesView& view);
[[nodiscard]] Json reserve_json(const char* verb, const ReserveView& view);
[[nodiscard]] Json promise_json(const PromiseView& promise);
[[nodiscard]] Json promises_json(const PromisesView& view);

}  // namespace covfefe::cli
