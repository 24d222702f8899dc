// SPDX-License-Identifier: Apache-2.0
// Users by name. The lookup opens files and loads modules of the C library, so it happens before
// confine. Which user a service runs as is said by its policy in sandbox/. Thread: main.
#pragma once

#include <string>

#include "base/result.h"
#include "os/files.h"

namespace covfefe::os {

[[nodiscard]] SysResult<Owner> user_by_name(const std::string& name);
// uid and primary gid; ENOENT if there is no such user.

[[nodiscard]] SysResult<Owner> user_or_reserved(const std::string& name, const Owner& reserved);
// The same, or `reserved` if there is no such user (nodes that do not live in "/").

}  // namespace covfefe::os
