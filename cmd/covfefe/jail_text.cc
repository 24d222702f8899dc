// SPDX-License-Identifier: Apache-2.0
#include "jail_text.h"

namespace covfefe::cli {
namespace {

constexpr std::uint64_t kNetAdmin = std::uint64_t{1} << 12;  // CAP_NET_ADMIN of capabilities(7)
constexpr std::uint32_t kFilterMode = 2;                     // SECCOMP_MODE_FILTER

void lacks(std::string& out, bool missing, const char* what) {
  if (missing) out += (out.empty() ? "" : ", ") + std::string(what);
}

}  // namespace

std::string jail_in_words(const JailView& jail, std::string_view service) {
  const bool helper = service == "tun-helper";
  std::string open;
  lacks(open, !helper && jail.uid == 0, "runs as root");
  lacks(open, (jail.capabilities & ~(helper ? kNetAdmin : 0)) != 0, "has capabilities");
  lacks(open, !jail.no_new_privs, "may gain privileges");
  lacks(open, jail.dumpable, "is dumpable");
  lacks(open, jail.seccomp != kFilterMode, "has no system call filter");
  if (!open.empty()) return "OPEN: " + open;
  return "closed: uid " + std::to_string(jail.uid) +
         (helper ? ", CAP_NET_ADMIN" : ", no capability") + ", " + std::to_string(jail.syscalls) +
         " calls, " +
         (jail.landlock > 0 ? "landlock " + std::to_string(jail.landlock) : "no landlock");
}

}  // namespace covfefe::cli
