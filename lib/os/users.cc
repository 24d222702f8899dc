// SPDX-License-Identifier: Apache-2.0
#include "os/users.h"

#include <pwd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <vector>

namespace covfefe::os {
namespace {

constexpr std::size_t kEntryBytes = 16'384;  // _SC_GETPW_R_SIZE_MAX says 1,024 with glibc

struct Reserved {
  std::string_view service;
  uid_t id;
};
constexpr std::array<Reserved, 4> kReserved{
    {{"router", 63'631}, {"keystore", 63'632}, {"peerdb", 63'633}, {"shaper", 63'634}}};

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

SysResult<Owner> service_user(const std::string& service, RootTree tree) {
  if (service == "tun-helper") return Owner{0, 0};
  for (const Reserved& each : kReserved) {
    if (each.service != service) continue;
    const std::string name = "covfefe-" + service;
    return tree == RootTree::System ? user_by_name(name)
                                    : user_or_reserved(name, {each.id, each.id});
  }
  return SysError{"service user", service, EINVAL};
}

}  // namespace covfefe::os
