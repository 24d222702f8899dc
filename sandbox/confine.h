// SPDX-License-Identifier: Apache-2.0
// The wall between «acquire» and «serve». Call confine() once, in the only thread, after everything
// is open and before the first byte from outside is read.
//
// Order: user and capabilities, no_new_privs, limits, not dumpable, Landlock, seccomp; then the
// kernel is asked whether all of it holds, and the C library is exercised once under the filter.
// When confine() fails the process is half confined: say why and exit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "base/result.h"
#include "os/files.h"
#include "sandbox/policy.h"

namespace covfefe::sandbox {

[[nodiscard]] SysResult<os::Owner> ids_for(const Policy& policy, std::string_view root);
// The policy's user from the system's user list, or its reserved numbers when there is no such user
// and root is not "/". For `covfefe up`, which gives sockets and directories to their owners.

struct Options {
  UnknownCall unknown = UnknownCall::Enosys;
  std::string root = "/";  // --root
};

struct JailReport {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t capabilities = 0;  // effective set as a bit mask
  bool no_new_privs = false;
  bool dumpable = true;
  int seccomp = 0;             // mode of /proc/self/status; 2 = filter
  std::uint32_t syscalls = 0;  // entries of the policy that allow
  int landlock = 0;            // ABI in force, 0 = the kernel has none
  UnknownCall unknown = UnknownCall::Enosys;
};
// As read back from the kernel, except syscalls and unknown.

[[nodiscard]] std::string summary(const JailReport& report);
// One line for the log and for `covfefe status`: "uid 63631, no capability, seccomp 43 calls …".
[[nodiscard]] Level level_of(const JailReport& report);
// Of that line: a warning where the kernel has no Landlock, so that paths are left to file modes.

[[nodiscard]] SysResult<JailReport> apply(const Policy& policy, const Options& options);
// What confine() does, without resources to carry over. Started as root it becomes the policy's
// user; started as anyone else it must already be that user.

template <typename R>
class Confined;

template <typename R>
[[nodiscard]] SysResult<Confined<R>> confine(R resources, const Policy& policy,
                                             const Options& options);
// Takes what was acquired and gives it back behind the wall.

template <typename R>
class Confined {
 public:
  Confined(Confined&&) = default;
  Confined& operator=(Confined&&) = default;

  [[nodiscard]] R& resources() { return resources_; }
  [[nodiscard]] const R& resources() const { return resources_; }
  [[nodiscard]] const JailReport& report() const { return report_; }

 private:
  friend SysResult<Confined> confine<R>(R resources, const Policy& policy, const Options& options);
  Confined(R resources, const JailReport& report)
      : resources_(std::move(resources)), report_(report) {}

  R resources_;
  JailReport report_;
};
// Proof that its holder is confined: only confine() makes one, and serve() accepts nothing else.

template <typename R>
SysResult<Confined<R>> confine(R resources, const Policy& policy, const Options& options) {
  SysResult<JailReport> report = apply(policy, options);
  if (!report.ok()) return report.error();
  return Confined<R>(std::move(resources), report.value());
}

}  // namespace covfefe::sandbox
