// SPDX-License-Identifier: Apache-2.0
// One service's /proc, good and then with one thing wrong at a time.
#include <doctest/doctest.h>

#include "doctor_process.h"
#include "doctor_samples.h"

using namespace covfefe;
using namespace covfefe::cli::doctor;

namespace {

constexpr const char* kStatus =
    "Name:\tcovfefe-keystor\nPid:\t700\nTracerPid:\t0\nUid:\t63632\t63632\t63632\t63632\n"
    "Gid:\t63632\t63632\t63632\t63632\nGroups:\t\nThreads:\t1\nCapInh:\t0000000000000000\n"
    "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n"
    "CapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n";
constexpr const char* kLimits =
    "Limit                     Soft Limit           Hard Limit           Units     \n"
    "Max core file size        0                    0                    bytes     \n"
    "Max open files            128                  128                  files     \n"
    "Max processes             0                    0                    processes \n"
    "Max locked memory         8388608              8388608              bytes     \n"
    "Max file size             1                    1                    bytes     \n";
constexpr const char* kMaps =
    "55b0-55b1 r-xp 00000000 fe:00 11 /usr/libexec/covfefe/covfefe-keystore\n"
    "55b2-55b3 rw-p 00000000 00:00 0 [heap]\n"
    "7f00-7f01 r-xp 00000000 fe:00 12 /usr/lib/x86_64-linux-gnu/libc.so.6\n"
    "7f02-7f03 rw-s 00000000 00:01 13 /memfd:covfefe-frames (deleted)\n"
    "7ff0-7ff1 r-xp 00000000 00:00 0 [vdso]\n"
    "ffff-fff1 --xp 00000000 00:00 0 [vsyscall]\n";

struct Keystore {
  SocketTable sockets;
  ProcessFacts seen;
  Expectation expected;

  Keystore() {
    sockets[31] = {SocketKind::Unix, "/run/covfefe/keystore.operator.sock", true, 0, 0};
    sockets[32] = {SocketKind::Unix, "", false, 0, 0};
    seen.pid = 700;
    seen.status = kStatus;
    seen.limits = kLimits;
    seen.maps = kMaps;
    seen.fds = {{{0, "/dev/null"},
                 {1, "socket:[32]"},
                 {2, "pipe:[9]"},
                 {3, "socket:[31]"},
                 {4, "anon_inode:[eventpoll]"},
                 {5, "/proc/700/status"},
                 {6, "/var/lib/covfefe/keystore"}}};
    seen.exe = "/usr/libexec/covfefe/covfefe-keystore";
    seen.executables = {{seen.exe, {os::FileKind::Regular, 0755, {0, 0}, {}}}};
    seen.proc_owner = 0;
    expected.policy = &sandbox::kKeystore;
    expected.owner = {63632, 63632};
    expected.binary = seen.exe;
  }

  Report examine() {
    expected.place = {&sockets, "/var/lib/covfefe/keystore"};
    Report report;
    check_process(seen, expected, report);
    return report;
  }
  void set(const std::string& from, const std::string& to) { replace(seen.status, from, to); }
};

}  // namespace

TEST_CASE("a keystore as its policy wants it has no finding") {
  Keystore keystore;
  const Report report = keystore.examine();
  for (const Finding& one : report.findings()) MESSAGE(one.what);
  CHECK(report.findings().empty());
  CHECK(report.held() > 15);
}

TEST_CASE("each line of /proc/PID/status that is wrong is a failing finding of its own") {
  struct Case {
    const char* from;
    const char* to;
    const char* says;
  };
  const Case cases[] = {
      {"Uid:\t63632\t63632", "Uid:\t0\t0", "runs as uid 0"},
      {"Gid:\t63632", "Gid:\t6", "other groups"},
      {"Groups:\t", "Groups:\t27 ", "other groups"},
      {"CapInh:\t0000000000000000", "CapInh:\t0000000000001000", "inheritable capabilities 0x1000"},
      {"CapPrm:\t0000000000000000", "CapPrm:\t0000000000001000", "permitted capabilities 0x1000"},
      {"CapEff:\t0000000000000000", "CapEff:\t0000000000200000", "effective capabilities 0x200000"},
      {"CapBnd:\t0000000000000000", "CapBnd:\t000001ffffffffff", "bounding capabilities"},
      {"CapAmb:\t0000000000000000", "CapAmb:\t0000000000000001", "ambient capabilities 0x1"},
      {"NoNewPrivs:\t1", "NoNewPrivs:\t0", "may gain privileges"},
      {"Seccomp:\t2", "Seccomp:\t0", "no system call filter"},
      {"TracerPid:\t0", "TracerPid:\t99", "traced by process 99"}};
  for (const Case& one : cases) {
    CAPTURE(one.says);
    Keystore keystore;
    keystore.set(one.from, one.to);
    CHECK(only(keystore.examine(), Level::Failing, one.says));
  }
}

TEST_CASE("limits are the policy's; the keystore may lock enough") {
  Keystore keystore;
  replace(keystore.seen.limits, "size        0                    0 ",
          "size        0                    unlimited ");
  CHECK(only(keystore.examine(), Level::Failing, "RLIMIT_CORE is unlimited, not 0"));
  Keystore poor;
  replace(poor.seen.limits, "memory         8388608", "memory         65536  ");
  CHECK(only(poor.examine(), Level::Warning, "may lock only 65536 bytes"));
}

TEST_CASE("who owns /proc/PID tells whether it is dumpable") {
  Keystore keystore;
  keystore.seen.proc_owner = 63632;
  CHECK(only(keystore.examine(), Level::Failing, "is dumpable"));
}

TEST_CASE("under systemd there are two filters, and the promised namespaces") {
  Keystore keystore;
  keystore.expected.launcher = Launcher::Systemd;
  CHECK(only(keystore.examine(), Level::Failing, "has 1 system call filter, not 2"));
  keystore.set("Seccomp_filters:\t1", "Seccomp_filters:\t8");
  keystore.expected.apart = {"net"};
  keystore.expected.namespaces_of_init = {{"net", "net:[1]"}};
  keystore.seen.namespaces = {{"net", "net:[2]"}};
  CHECK(keystore.examine().findings().empty());
  keystore.seen.namespaces = {{"net", "net:[1]"}};
  CHECK(only(keystore.examine(), Level::Failing, "shares the net namespace"));
  keystore.seen.namespaces.clear();
  CHECK(only(keystore.examine(), Level::Unseen, "net namespace is not shown"));
}

TEST_CASE("a unit's group in /proc/PID/cgroup means systemd") {
  CHECK(launcher_of("0::/covfefe.slice/covfefe-router.service\n", "router") == Launcher::Systemd);
  CHECK(launcher_of("0::/covfefe.slice/covfefe-router.service\n", "shaper") == Launcher::Up);
  CHECK(launcher_of("0::/user.slice/session-1.scope\n", "router") == Launcher::Up);
}

TEST_CASE("a descriptor that is not on the list is named") {
  const std::string foreign[] = {
      "/etc/shadow",  "socket:[77]",        "anon_inode:[io_uring]",      "anon_inode:bpf-map",
      "/dev/net/tun", "/memfd:x (deleted)", "/var/lib/covfefe/keystore2", "/proc/1/status"};
  for (const std::string& target : foreign) {
    CAPTURE(target);
    Keystore keystore;
    keystore.seen.fds->push_back({9, target});
    CHECK(only(keystore.examine(), Level::Failing, "holds descriptor 9"));
  }
}

TEST_CASE("sockets are told by their family, even as standard output") {
  Keystore keystore;
  keystore.sockets[40] = {SocketKind::Udp, "", false, 53, 0};
  keystore.seen.fds->push_back({9, "socket:[40]"});
  CHECK(only(keystore.examine(), Level::Failing, "a UDP socket"));
  Keystore other;
  other.sockets[41] = {SocketKind::Tcp, "", false, 80, 0};
  (*other.seen.fds)[1].target = "socket:[41]";
  CHECK(only(other.examine(), Level::Failing, "descriptor 1, a TCP socket"));
}

TEST_CASE("a socket that a service must not hold is named by its kind") {
  const std::pair<SocketKind, const char*> kinds[] = {
      {SocketKind::Raw, "descriptor 9, a raw socket"},
      {SocketKind::Packet, "descriptor 9, a packet socket"},
      {SocketKind::Netlink, "descriptor 9, a netlink socket"}};
  for (const auto& [kind, says] : kinds) {
    Keystore keystore;
    keystore.sockets[40] = {kind, "", false, 0, 0};
    keystore.seen.fds->push_back({9, "socket:[40]"});
    CHECK(only(keystore.examine(), Level::Failing, says));
  }
  SocketTable sockets;
  sockets[50] = {SocketKind::Unix, "", false, 0, 0};
  Report report;
  check_fds({"shaper", 8, {{600, "socket:[50]"}}, {&sockets, ""}}, report);
  CHECK(only(report, Level::Failing, "descriptor 600, a Unix socket on the wrong side of 512"));
}

TEST_CASE("too many of one kind is a finding, once") {
  Keystore keystore;
  for (int i = 10; i < 60; ++i) keystore.seen.fds->push_back({i, "anon_inode:[eventfd]"});
  CHECK(only(keystore.examine(), Level::Failing, "more descriptors of one kind"));
}

TEST_CASE("UDP sockets of the router lie above the wall, and nothing else does") {
  SocketTable sockets;
  sockets[50] = {SocketKind::Udp, "", false, 6363, 0};
  const FdPlace place{&sockets, ""};
  const auto judge = [&](std::vector<FdFact> fds) {
    Report report;
    check_fds({"router", 8, fds, place}, report);
    return report;
  };
  CHECK(judge({{512, "socket:[50]"}, {3, "anon_inode:[eventfd]"}}).findings().empty());
  CHECK(only(judge({{9, "socket:[50]"}}), Level::Failing, "wrong side of 512"));
  CHECK(only(judge({{600, "anon_inode:[eventfd]"}}), Level::Failing, "wrong side of 512"));
}

TEST_CASE("memory that is wrong is named by what is wrong") {
  struct Case {
    const char* line;
    Level level;
    const char* says;
  };
  const Case cases[] = {
      {"7f10-7f11 rwxp 00000000 00:00 0 \n", Level::Failing, "writable and executable"},
      {"7f10-7f11 r-xp 00000000 00:00 0 \n", Level::Failing, "runs code from no file"},
      {"7f10-7f11 r-xp 00000000 fe:00 9 /tmp/evil.so\n", Level::Failing, "code from /tmp/evil.so"},
      {"7f10-7f11 r-xp 00000000 00:01 9 /memfd:x (deleted)\n", Level::Failing,
       "code from /memfd:x"},
      {"7f10-7f11 r-xp 00000000 fe:00 9 /usr/lib/libold.so (deleted)\n", Level::Warning,
       "a file that was replaced"}};
  for (const Case& one : cases) {
    CAPTURE(one.says);
    Keystore keystore;
    keystore.seen.maps += one.line;
    const Report report = keystore.examine();
    CHECK(says(report, one.level, one.says));
  }
}

TEST_CASE("the binary is the one beside this program, and only root may change it") {
  Keystore other;
  other.expected.binary = "/usr/local/libexec/covfefe/covfefe-keystore";
  CHECK(only(other.examine(), Level::Warning, "not /usr/local/libexec"));
  Keystore open;
  open.seen.executables[0].facts.mode = 0775;
  CHECK(only(open.examine(), Level::Failing, "others than root may change"));
  Keystore owned;
  owned.seen.executables[0].facts.owner = {1000, 1000};
  CHECK(only(owned.examine(), Level::Failing, "others than root may change"));
  Keystore upgraded;
  upgraded.seen.exe += " (deleted)";
  replace(upgraded.seen.maps, "covfefe-keystore", "covfefe-keystore (deleted)");
  CHECK(only(upgraded.examine(), Level::Warning, "before an upgrade"));
}

TEST_CASE("what this user is not shown is said, and nothing else is made of it") {
  Keystore blind;
  blind.seen.fds.reset();
  blind.seen.maps.clear();
  CHECK(only(blind.examine(), Level::Unseen, "shown to root only"));
  blind.seen.status.clear();
  CHECK(only(blind.examine(), Level::Unseen, "status is not shown"));
}

TEST_CASE("socket tables are read as the kernel writes them") {
  SocketTable table;
  add_sockets("unix",
              "Num       RefCount Protocol Flags    Type St Inode Path\n"
              "ffff8880: 00000002 00000000 00010000 0001 01 4852 /run/covfefe/router.tun.sock\n"
              "ffff8881: 00000003 00000000 00000000 0001 03 4853\n",
              table);
  add_sockets(
      "udp6",
      "  sl  local_address rem_address st tx_queue rx_queue tr tm->when retrnsmt uid timeout "
      "inode ref pointer drops\n"
      " 1234: 00000000000000000000000000000000:18DB 00000000000000000000000000000000:0000 07 "
      "00000000:00000000 00:00000000 00000000     0        0 4854 2 ffff 17\n",
      table);
  add_sockets("packet", "sk RefCnt Type Proto Iface R Rmem User Inode\nff 3 3 0003 2 1 0 0 4855\n",
              table);
  add_sockets("netlink",
              "sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode\nff 0 9 0 0 0 0 2 0 4856\n",
              table);
  add_sockets("unknown", "1 2 3 4 5 6 7 8 9 10\n", table);
  CHECK(table.size() == 5);
  CHECK(table[4852].listens);
  CHECK(table[4852].path == "/run/covfefe/router.tun.sock");
  CHECK(!table[4853].listens);
  CHECK(table[4854].kind == SocketKind::Udp);
  CHECK(table[4854].port == 6363);
  CHECK(table[4854].drops == 17);
  CHECK(table[4855].kind == SocketKind::Packet);
  CHECK(table[4856].kind == SocketKind::Netlink);
  CHECK(socket_inode("socket:[4852]") == 4852);
  CHECK(socket_inode("socket:[x]") == 0);
  CHECK(socket_inode("pipe:[4852]") == 0);
}
