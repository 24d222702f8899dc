// SPDX-License-Identifier: Apache-2.0
// What a process does to keep its memory to itself, and resource limits, which it can only lower.
// Thread: main, before confine.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace covfefe::os {

[[nodiscard]] SysResult<void> forbid_core_dumps();
// RLIMIT_CORE 0, soft and hard.

[[nodiscard]] SysResult<void> become_undumpable();
// PR_SET_DUMPABLE 0: no core, no ptrace or /proc/PID/mem by the same user. Call after the last
// change of user or capability, which would reset it; afterwards /proc/self belongs to root.

[[nodiscard]] SysResult<void> lower_open_files(std::uint32_t limit);
// RLIMIT_NOFILE, soft and hard: no new descriptor gets a number >= limit; open ones stay (A5).

[[nodiscard]] SysResult<void> lock_memory(MutableBytes range);
// mlock: never swapped. ENOMEM or EPERM past RLIMIT_MEMLOCK.

}  // namespace covfefe::os
