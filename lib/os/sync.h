// SPDX-License-Identifier: Apache-2.0
// fsync by path, for files that another library wrote. Thread: any; blocks on the disk.
#pragma once

#include <string>

#include "base/result.h"

namespace covfefe::os {

[[nodiscard]] SysResult<void> sync_file(const std::string& path);
[[nodiscard]] SysResult<void> sync_directory(const std::string& path);
// After a create, rename or remove in it. An empty path is the working directory.

[[nodiscard]] SysResult<void> make_mark(const std::string& path);
// An empty file, durable on success; fine if it is there. Needs no call that a database does not.

}  // namespace covfefe::os
