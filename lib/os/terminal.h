// SPDX-License-Identifier: Apache-2.0
// Asking a person for a secret.
#pragma once

#include <string>

#include "base/result.h"

namespace covfefe::os {

[[nodiscard]] SysResult<std::string> ask_secret(const char* prompt);
// One line from the controlling terminal without echo; ENOTTY when there is none.

void forget(std::string& secret);
// Overwrites the characters, then clears.

}  // namespace covfefe::os
