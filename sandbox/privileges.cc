// SPDX-License-Identifier: Apache-2.0
#include "sandbox/privileges.h"

#include <cap-ng.h>
#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "os/fd.h"
#include "sandbox/audit.h"

namespace covfefe::sandbox {
namespace {

SysResult<void> select(const Policy& policy) {
  // capng_clear wipes the library's picture of what we want, not what we have.
  capng_clear(CAPNG_SELECT_ALL);
  for (const Capability& capability : policy.capabilities) {
    const auto type = static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED);
    if (capng_update(CAPNG_ADD, type, static_cast<unsigned>(capability.number)) != 0) {
      return SysError{"select capability", std::string(capability.name), EINVAL};
    }
  }
  return {};
}

SysResult<void> become(const Policy& policy, os::Owner owner) {
  // libcap-ng 0.8.3 leaves KEEPCAPS set when it fails: every failure ends the process.
  const auto flags =
      static_cast<capng_flags_t>(CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING | CAPNG_CLEAR_AMBIENT);
  const int code = capng_change_id(static_cast<int>(owner.uid), static_cast<int>(owner.gid), flags);
  if (code == 0) return {};
  return SysError{"become user",
                  std::string(policy.user.name) + " (capng_change_id " + std::to_string(code) + ")",
                  EPERM};
}

bool wants(const Policy& policy, unsigned number) {
  return std::any_of(policy.capabilities.begin(), policy.capabilities.end(), [&](const auto& each) {
    return static_cast<unsigned>(each.number) == number;
  });
}

// Of the capabilities that this build knows by name; the audit later looks at all of them.
bool holds_only(const Policy& policy) {
  for (unsigned number = 0; number <= CAP_LAST_CAP; ++number) {
    const int wanted = wants(policy, number) ? 1 : 0;
    if (capng_have_capability(CAPNG_EFFECTIVE, number) != wanted ||
        capng_have_capability(CAPNG_PERMITTED, number) != wanted ||
        capng_have_capability(CAPNG_INHERITABLE, number) != 0) {
      return false;
    }
  }
  return true;
}

SysResult<void> keep_user(const Policy& policy) {
  // A service manager may have left nothing to drop, and forbidden capset(2) as well.
  if (holds_only(policy)) return {};
  // A supervisor may have taken SETGID and SETPCAP already; what that leaves is audited later.
  if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETGID) != 0 && ::setgroups(0, nullptr) != 0) {
    return os::last_error("drop groups of", std::string(policy.user.name));
  }
  if (SysResult<void> selected = select(policy); !selected.ok()) return selected;
  if (const int code = capng_apply(CAPNG_SELECT_ALL); code != 0) {
    return SysError{
        "drop capabilities of",
        "covfefe-" + std::string(policy.service) + " (capng_apply " + std::to_string(code) + ")",
        EPERM};
  }
  return {};
}

// A unit that has dropped everything has forbidden the calls to drop it as well.
SysResult<bool> nothing_to_drop(const Policy& policy, os::Owner owner) {
  SysResult<os::Fd> status = open_status();
  if (!status.ok()) return status.error();
  SysResult<ProcessStatus> now = read_status(*status);
  if (!now.ok()) return now.error();
  return check_identity(*now, policy, owner).ok();
}

SysResult<void> change_identity(const Policy& policy, os::Owner owner) {
  if (capng_get_caps_process() != 0) return SysError{"read capabilities of", "self", EPERM};
  if (::geteuid() == owner.uid && ::getuid() == owner.uid) return keep_user(policy);
  if (::geteuid() != 0) {
    return SysError{"run as", std::string(policy.user.name) + " (started as another user)", EPERM};
  }
  if (SysResult<void> selected = select(policy); !selected.ok()) return selected;
  return become(policy, owner);
}

}  // namespace

SysResult<void> drop_privileges(const Policy& policy, os::Owner owner) {
  SysResult<bool> done = nothing_to_drop(policy, owner);
  if (!done.ok()) return done.error();
  if (*done) return {};
  int signal = 0;
  if (::prctl(PR_GET_PDEATHSIG, &signal, 0, 0, 0) != 0) return os::last_error("prctl", "launcher");
  const pid_t launcher = ::getppid();
  if (SysResult<void> changed = change_identity(policy, owner); !changed.ok()) return changed;
  if (signal == 0) return {};
  // The kernel forgets it with the user.
  if (::prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0) != 0) return os::last_error("prctl", "launcher");
  if (::getppid() != launcher) return SysError{"stay with", "the launcher, which ended", ESRCH};
  return {};
}

}  // namespace covfefe::sandbox
