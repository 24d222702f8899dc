// SPDX-License-Identifier: Apache-2.0
#include "os/private_mount.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "os/fd.h"

namespace covfefe::os {

SysResult<bool> walkable_by_others(const std::string& directory) {
  for (std::size_t end = directory.find('/', 1);; end = directory.find('/', end + 1)) {
    struct stat status {};
    const std::string part = directory.substr(0, end);
    if (stat(part.c_str(), &status) != 0) return last_error("stat", part);
    if ((status.st_mode & S_IXOTH) == 0) return false;
    if (end == std::string::npos) return true;
  }
}

SysResult<void> show_privately(const std::string& directory, const std::string& at) {
  if (unshare(CLONE_NEWNS) != 0) return last_error("unshare", "mounts");
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return last_error("mount private", "/");
  }
  if (mount(directory.c_str(), at.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0) {
    return last_error("bind", directory);
  }
  return {};
}

}  // namespace covfefe::os
