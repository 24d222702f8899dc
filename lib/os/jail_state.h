// SPDX-License-Identifier: Apache-2.0
// What the kernel says of this process's own jail, for the inspection of a running service. The
// descriptor of /proc/self/status is opened before confine; reading later needs pread(2), and
// prctl(PR_GET_DUMPABLE) or fstat(2). Thread: one at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "os/fd.h"

namespace covfefe::os {

[[nodiscard]] std::int32_t own_pid();
// This process's number, as its own name space counts.

[[nodiscard]] SysResult<bool> is_dumpable(const Fd& status, std::uint32_t uid);
// Of this process; `status` is its /proc/self/status, `uid` its effective user. Where a unit
// refuses prctl(2) the owner of that file tells: the user if the process is dumpable, else root.
// EPERM where the user is root.

struct JailState {
  std::int32_t pid = 0;            // this process, as its own /proc numbers it
  std::uint32_t uid = 0;           // effective
  std::uint32_t gid = 0;           // effective
  std::uint64_t capabilities = 0;  // effective set, bit n = capability n
  bool no_new_privs = false;
  bool dumpable = true;
  std::uint8_t seccomp = 0;  // 0 none, 1 strict, 2 filter
};

class JailProbe {
 public:
  static SysResult<JailProbe> open();
  [[nodiscard]] SysResult<JailState> read() const;
  // As of now, of the main thread.

 private:
  explicit JailProbe(Fd status) : status_(std::move(status)) {}
  Fd status_;
};

[[nodiscard]] std::optional<JailState> parse_process_status(std::string_view text);
// The fields above from the text of /proc/PID/status (all but dumpable); nothing if one is missing.

}  // namespace covfefe::os
