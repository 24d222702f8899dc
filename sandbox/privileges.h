// SPDX-License-Identifier: Apache-2.0
// Identity and capabilities: the first step of confine(). Thread: the only one.
#pragma once

#include "base/result.h"
#include "os/files.h"
#include "sandbox/policy.h"

namespace covfefe::sandbox {

[[nodiscard]] SysResult<void> drop_privileges(const Policy& policy, os::Owner owner);
// Started as root: becomes `owner`, without supplementary groups, with the policy's capabilities
// only and an empty bounding set. Started as `owner`: gives up what is too much. EPERM as anyone
// else. A process that was to end with its launcher (os::spawn) still is; ESRCH if that is gone.

}  // namespace covfefe::sandbox
