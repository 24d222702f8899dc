// SPDX-License-Identifier: Apache-2.0
// Services run as users of their own and must be able to walk to their files. A node may be rooted
// below a directory that is closed to others (mktemp -d, /root): then its launcher shows the root
// to the services, and to nobody else, at a path that they can walk.
#pragma once

#include <string>

#include "base/result.h"

namespace covfefe::os {

[[nodiscard]] SysResult<bool> walkable_by_others(const std::string& directory);
// Every component of the absolute path has search permission for others.

[[nodiscard]] SysResult<void> show_privately(const std::string& directory, const std::string& at);
// Gives this process, and those it starts from now on, a mount namespace of their own in which
// `directory` also appears at `at`. Needs CAP_SYS_ADMIN; nothing outside changes.

}  // namespace covfefe::os
