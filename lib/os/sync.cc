// SPDX-License-Identifier: Apache-2.0
#include "os/sync.h"

#include <fcntl.h>
#include <unistd.h>

#include "os/fd.h"

namespace covfefe::os {
namespace {

SysResult<void> sync(const std::string& path, int flags) {
  const Fd fd(open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return last_error("open", path);
  if (fsync(fd.number()) != 0) return last_error("fsync", path);
  return {};
}

}  // namespace

SysResult<void> sync_file(const std::string& path) {
  return sync(path, O_RDONLY);
}

SysResult<void> sync_directory(const std::string& path) {
  return sync(path.empty() ? "." : path, O_RDONLY | O_DIRECTORY);
}

SysResult<void> make_mark(const std::string& path) {
  if (auto made = sync(path, O_RDWR | O_CREAT); !made) return made;
  return sync_directory(path.substr(0, path.rfind('/') + 1));
}

}  // namespace covfefe::os
