// SPDX-License-Identifier: Apache-2.0
#include "jail_text.h"

namespace covfefe::cli {
namespace {

constexpr std::uint64_t kNetAdmin = std::uint64_t{1} << 12;  // CAP_NET_ADMIN of capabilities(7)
constexpr std::uint32_t kFilterMode = 2;                     // SECCOMP_MODE_FILTER

void name(std::string& out, const char* what) {
  out += (out.empty() ? "" : ", ") + std::string(what);
}

}  // namespace

std::string jail_in_words(const JailView& jail, std::string_view service) {
  const bool helper = service == "tun-helper";
  std::string open;
  if (!helper && jail.uid == 0) name(open, "runs as root");
  if ((jail.capabilities & ~(helper ? kNetAdmin : 0)) != 0) name(open, "has capabilities");
  if (!jail.no_new_privs) name(open, "may gain privileges");
  if (jail.dumpable) name(open, "is dumpable");
  if (jail.seccomp != kFilterMode) name(open, "has no system call filter");
  if (!open.empty()) return "OPEN: " + open;
  return "closed: uid " + std::to_string(jail.uid) +
         (helper ? ", CAP_NET_ADMIN" : ", no capability") + ", " + std::to_string(jail.syscalls) +
         " calls, " +
         (jail.landlock > 0 ? "landlock " + std::to_string(jail.landlock) : "no landlock");
}

}  // namespace covfefe::cli
