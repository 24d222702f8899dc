// SPDX-License-Identifier: Apache-2.0
#include "os/users.h"

#include <pwd.h>

#include <cerrno>
#include <vector>

namespace covfefe::os {
namespace {

constexpr std::size_t kEntryBytes = 16'384;  // _SC_GETPW_R_SIZE_MAX says 1,024 with glibc

}  // namespace

SysResult<Owner> user_by_name(const std::string& name) {
  std::vector<char> text(kEntryBytes);
  passwd entry{};
  passwd* found = nullptr;
  const int error = ::getpwnam_r(name.c_str(), &entry, text.data(), text.size(), &found);
  if (found != nullptr) return Owner{entry.pw_uid, entry.pw_gid};
  // "Not found" is 0 or one of several numbers, by getpwnam(3); the rest is a real failure.
  const bool absent = error == 0 || error == ENOENT || error == ESRCH;
  return SysError{"getpwnam", name, absent ? ENOENT : error};
}

SysResult<Owner> user_or_reserved(const std::string& name, const Owner& reserved) {
  SysResult<Owner> found = user_by_name(name);
  if (!found && found.error().number == ENOENT) return reserved;
  return found;
}

}  // namespace covfefe::os
