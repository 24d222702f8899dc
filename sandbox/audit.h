// SPDX-License-Identifier: Apache-2.0
// The jail as the kernel tells it afterwards, and a trial of the C library behind the filter.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "os/fd.h"
#include "os/files.h"
#include "sandbox/policy.h"

namespace covfefe::sandbox {

struct ProcessStatus {
  std::uint64_t inheritable = 0;
  std::uint64_t permitted = 0;
  std::uint64_t effective = 0;
  std::uint64_t bounding = 0;
  std::uint64_t ambient = 0;
  std::uint32_t threads = 0;
  std::uint32_t seccomp = 0;
  std::uint32_t no_new_privs = 0;
  bool one_uid = false;  // real, effective, saved and file system uid are all `uid`
  bool one_gid = false;
  bool no_groups = false;  // supplementary ones
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};

[[nodiscard]] std::optional<ProcessStatus> parse_status(std::string_view text);
// From the text of /proc/PID/status; nothing if a field is missing or not a number.

[[nodiscard]] SysResult<os::Fd> open_status();
[[nodiscard]] SysResult<ProcessStatus> read_status(const os::Fd& status);
// pread(2) on what open_status() opened before the walls went up.

[[nodiscard]] SysResult<void> check_identity(const ProcessStatus& status, const Policy& policy,
                                             os::Owner owner);
// User, groups and capabilities are the policy's and no more; EPERM names what is too much.

[[nodiscard]] SysResult<void> check_walls(const ProcessStatus& now, const os::Fd& status);
// no_new_privs and the filter are in force and the process, whose open_status() is `status`, is not
// dumpable.

[[nodiscard]] SysResult<void> exercise_library(Threads threads);
// Memory, time, printing, an exception and (if the policy has them) a thread: a C library that
// needs a call which the policy does not know fails here, before READY, not in the night.

}  // namespace covfefe::sandbox
