// SPDX-License-Identifier: Apache-2.0
// The schema as numbered steps. Step N turns user_version N into N + 1, in one transaction. A step
// that has shipped is never edited; a change is a new step at the end.
#pragma once

#include <span>

namespace covfefe::store {

[[nodiscard]] std::span<const char* const> all_migrations();

}  // namespace covfefe::store
