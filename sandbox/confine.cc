// SPDX-License-Identifier: Apache-2.0
#include "sandbox/confine.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>

#include "os/clock.h"
#include "os/fd.h"
#include "os/jail_state.h"
#include "os/log_sink.h"
#include "os/memory.h"
#include "os/users.h"
#include "sandbox/audit.h"
#include "sandbox/filter.h"
#include "sandbox/landlock.h"
#include "sandbox/privileges.h"

namespace covfefe::sandbox {
namespace {

void settle_library() {
  // What a service creates is for nobody else, whoever started it.
  ::umask(0077);
  // Times are UTC everywhere, and the C library must not look for a zone file later.
  ::setenv("TZ", "UTC0", 1);
  ::tzset();
}

SysResult<void> check_alone(const os::Fd& status) {
  // Filter and Landlock bind the calling thread and its children: an older one would stay outside.
  SysResult<ProcessStatus> now = read_status(status);
  if (!now.ok()) return now.error();
  if (now->threads != 1) return SysError{"confine", "a process that has threads already", EBUSY};
  return {};
}

// The kernel counts a thread that was joined until it is gone, and the unit allows no more of them
// than the service has: the trial's is awaited.
SysResult<void> await_alone(const os::Fd& status) {
  constexpr Duration kPatience = Duration::seconds(5);
  const Instant start = os::monotonic_now();
  SysResult<void> alone = check_alone(status);
  while (!alone.ok() && alone.error().number == EBUSY && os::monotonic_now() - start < kPatience) {
    alone = check_alone(status);
  }
  if (alone.ok() || alone.error().number != EBUSY) return alone;
  return SysError{"confine", "the trial's thread, which does not end", EBUSY};
}

SysResult<void> lower_limits(const Policy& policy) {
  for (const Limit& limit : policy.limits) {
    rlimit current{};
    if (::getrlimit(static_cast<__rlimit_resource_t>(limit.resource), &current) != 0) {
      return os::last_error("getrlimit", std::string(limit.name));
    }
    const rlim_t value = std::min<rlim_t>(limit.value, current.rlim_max);
    const rlimit lowered{value, value};
    if (::setrlimit(static_cast<__rlimit_resource_t>(limit.resource), &lowered) != 0) {
      return os::last_error("setrlimit", std::string(limit.name));
    }
  }
  return {};
}

// What a unit has settled already it has forbidden to change, too.
SysResult<void> close_doors(const os::Fd& status) {
  SysResult<ProcessStatus> now = read_status(status);
  if (!now.ok()) return now.error();
  if (now->no_new_privs != 1 && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return os::last_error("prctl", "no_new_privs");
  }
  // After the last change of credentials, which would make the process dumpable again.
  SysResult<bool> dumpable = os::is_dumpable(status, now->uid);
  if (!dumpable.ok()) return dumpable.error();
  if (!*dumpable) return {};
  SysResult<void> done = os::become_undumpable();
  if (done.ok() || done.error().number != EPERM) return done;
  return SysError{"be undumpable without prctl", "as a program of a mode other than 0711", EPERM};
}

SysResult<ProcessStatus> audit(const os::Fd& status, const Policy& policy, os::Owner owner) {
  SysResult<ProcessStatus> now = read_status(status);
  if (!now.ok()) return now;
  if (SysResult<void> held = check_identity(*now, policy, owner); !held.ok()) return held.error();
  if (SysResult<void> held = check_walls(*now, status); !held.ok()) return held.error();
  return now;
}

JailReport report_of(const ProcessStatus& now) {
  JailReport report;
  report.uid = now.uid;
  report.gid = now.gid;
  report.capabilities = now.effective;
  report.no_new_privs = now.no_new_privs == 1;
  report.dumpable = false;  // check_walls has asked
  report.seccomp = static_cast<int>(now.seccomp);
  return report;
}

}  // namespace

SysResult<os::Owner> ids_for(const Policy& policy, std::string_view root) {
  const os::Owner reserved{policy.user.reserved_id, policy.user.reserved_id};
  const std::string name(policy.user.name);
  return root == "/" ? os::user_by_name(name) : os::user_or_reserved(name, reserved);
}

SysResult<JailReport> apply(const Policy& policy, const Options& options) {
  settle_library();
  os::never_wait_for_log();
  SysResult<os::Owner> owner = ids_for(policy, options.root);
  if (!owner.ok()) return owner.error();
  SysResult<os::Fd> status = open_status();
  if (!status.ok()) return status.error();
  if (SysResult<void> alone = check_alone(*status); !alone.ok()) return alone.error();

  if (SysResult<void> done = drop_privileges(policy, *owner); !done.ok()) return done.error();
  if (SysResult<void> done = lower_limits(policy); !done.ok()) return done.error();
  if (SysResult<void> done = close_doors(*status); !done.ok()) return done.error();
  SysResult<int> landlock = restrict_files(policy, options.root);
  if (!landlock.ok()) return landlock.error();
  SysResult<std::uint32_t> syscalls = load_filter(policy, options.unknown);
  if (!syscalls.ok()) return syscalls.error();

  SysResult<ProcessStatus> now = audit(*status, policy, *owner);
  if (!now.ok()) return now.error();
  if (SysResult<void> works = exercise_library(policy.threads); !works.ok()) return works.error();
  if (SysResult<void> alone = await_alone(*status); !alone.ok()) return alone.error();
  JailReport report = report_of(*now);
  report.syscalls = *syscalls;
  report.landlock = *landlock;
  report.unknown = options.unknown;
  return report;
}

std::string summary(const JailReport& report) {
  std::string text = "uid " + std::to_string(report.uid);
  text += report.capabilities == 0 ? ", no capability" : ", capabilities kept";
  text += ", seccomp " + std::to_string(report.syscalls) + " calls (else ";
  text += std::string(name_of(report.unknown)) + ")";
  text += report.landlock == 0 ? std::string(", no Landlock")
                               : ", Landlock ABI " + std::to_string(report.landlock);
  constexpr int kKnowsTcp = 4;  // older ones know files only
  if (report.landlock > 0 && report.landlock < kKnowsTcp) text += " (files only)";
  return text;
}

Level level_of(const JailReport& report) {
  return report.landlock == 0 ? Level::Warning : Level::Info;
}

}  // namespace covfefe::sandbox
