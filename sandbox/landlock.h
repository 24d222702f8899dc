// SPDX-License-Identifier: Apache-2.0
// Landlock, the part of the jail that knows paths. Every access right that the running kernel knows
// is denied, except the policy's paths; TCP, abstract Unix sockets made outside and signals to
// processes outside are denied where the kernel can. Unix sockets with a path are not affected.
#pragma once

#include <string_view>

#include "base/result.h"
#include "sandbox/policy.h"

namespace covfefe::sandbox {

[[nodiscard]] int landlock_abi();
// Of the running kernel; 0 if it has no Landlock or it is switched off.

[[nodiscard]] SysResult<int> restrict_files(const Policy& policy, std::string_view root);
// Needs no_new_privs. Returns the ABI in force, 0 where the kernel has none (then file modes and
// seccomp are all there is: the report says so). Checks afterwards that a denied path is denied.

}  // namespace covfefe::sandbox
