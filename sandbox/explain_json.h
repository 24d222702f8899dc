// SPDX-License-Identifier: Apache-2.0
// A policy as JSON, for the programs that compare it with what processes do.
#pragma once

#include <string>

#include "sandbox/policy.h"

namespace covfefe::sandbox {

[[nodiscard]] std::string name_of_call(int number);
// "openat"; the number in digits where this machine has no such call.

[[nodiscard]] std::string explain_json(const Policy& policy);
// One object and a line break: service, user, capabilities, limits, paths, calls. Calls that this
// machine lacks are left out.

}  // namespace covfefe::sandbox
