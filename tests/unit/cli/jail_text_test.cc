// SPDX-License-Identifier: Apache-2.0
#include "jail_text.h"

#include <doctest/doctest.h>

namespace covfefe::cli {
namespace {

constexpr std::uint64_t kNetAdminBit = 0x1000;  // CAP_NET_ADMIN is capability 12

JailView closed_jail() {
  JailView out;
  out.uid = 63631;
  out.gid = 63631;
  out.no_new_privs = true;
  out.dumpable = false;
  out.seccomp = 2;
  out.syscalls = 58;
  out.landlock = 4;
  out.unknown = "enosys";
  return out;
}

}  // namespace

TEST_CASE("a closed jail says what closes it") {
  CHECK(jail_in_words(closed_jail(), "router") ==
        "closed: uid 63631, no capability, 58 calls, landlock 4");
}

TEST_CASE("a kernel without landlock is told, not hidden") {
  JailView jail = closed_jail();
  jail.landlock = 0;
  CHECK(jail_in_words(jail, "router").ends_with("58 calls, no landlock"));
  jail.landlock = -1;
  CHECK(jail_in_words(jail, "router").ends_with("no landlock"));
}

TEST_CASE("each property that a jail lacks is named") {
  const auto without = [](auto change) {
    JailView jail = closed_jail();
    change(jail);
    return jail_in_words(jail, "router");
  };
  CHECK(without([](JailView& jail) { jail.uid = 0; }) == "OPEN: runs as root");
  CHECK(without([](JailView& jail) { jail.capabilities = 1; }) == "OPEN: has capabilities");
  CHECK(without([](JailView& jail) { jail.no_new_privs = false; }) == "OPEN: may gain privileges");
  CHECK(without([](JailView& jail) { jail.dumpable = true; }) == "OPEN: is dumpable");
  CHECK(without([](JailView& jail) { jail.seccomp = 0; }) == "OPEN: has no system call filter");
  // Strict mode is not the filter that the policy describes.
  CHECK(without([](JailView& jail) { jail.seccomp = 1; }) == "OPEN: has no system call filter");
}

TEST_CASE("a service that says nothing of itself is open in every respect") {
  CHECK(jail_in_words(JailView{}, "peerdb") ==
        "OPEN: runs as root, may gain privileges, is dumpable, has no system call filter");
}

TEST_CASE("only tun-helper may be root and hold CAP_NET_ADMIN, and nothing beyond") {
  JailView jail = closed_jail();
  jail.uid = 0;
  jail.capabilities = kNetAdminBit;
  CHECK(jail_in_words(jail, "tun-helper") == "closed: uid 0, CAP_NET_ADMIN, 58 calls, landlock 4");
  CHECK(jail_in_words(jail, "router") == "OPEN: runs as root, has capabilities");
  jail.capabilities |= 1U << 21;  // CAP_SYS_ADMIN
  CHECK(jail_in_words(jail, "tun-helper") == "OPEN: has capabilities");
}

}  // namespace covfefe::cli
