// SPDX-License-Identifier: Apache-2.0
#include "os/memory.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "os/fd.h"

namespace covfefe::os {
namespace {

SysResult<void> set_limit(__rlimit_resource resource, rlim_t value, const char* name) {
  const rlimit limit{value, value};
  if (::setrlimit(resource, &limit) != 0) return last_error("setrlimit", name);
  return {};
}

}  // namespace

SysResult<void> forbid_core_dumps() {
  return set_limit(RLIMIT_CORE, 0, "RLIMIT_CORE");
}

SysResult<void> become_undumpable() {
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return last_error("prctl", "PR_SET_DUMPABLE");
  return {};
}

SysResult<void> lower_open_files(std::uint32_t limit) {
  return set_limit(RLIMIT_NOFILE, limit, "RLIMIT_NOFILE");
}

SysResult<void> lock_memory(MutableBytes range) {
  if (::mlock(range.data(), range.size()) != 0) {
    return last_error("mlock", std::to_string(range.size()) + " bytes");
  }
  return {};
}

}  // namespace covfefe::os
