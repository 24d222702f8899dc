// SPDX-License-Identifier: Apache-2.0
// Sockets of the wire that the kernel refuses or cuts short: each for a cause of its own.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <fstream>
#include <optional>
#include <string_view>
#include <thread>

#include "os/udp.h"

using namespace covfefe;

namespace {

os::Fd unix_datagrams() {
  return os::Fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

Endpoint any_port_of(const char* address) {
  return {*parse_address(address), 0, 0};
}

int error_of(const SysResult<os::Fd>& opened) {
  return opened.ok() ? 0 : opened.error().number;
}

// No new descriptor for as long as it lives.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit none{0, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

// Both bind the calling thread alone, and end with it.
bool drop_capabilities() {
  __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[2]{};
  return ::syscall(SYS_capset, &head, none) == 0;
}

// As RestrictAddressFamilies= of systemd does it.
bool forbid_ipv6() {
  sock_filter rules[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ, SYS_socket, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
      BPF_JUMP(BPF_JMP | BPF_JEQ, AF_INET6, 0, 1),
      BPF_STMT(BPF_RET, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
      BPF_STMT(BPF_RET, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{std::size(rules), rules};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

int receive_buffer(const os::Fd& socket) {
  int bytes = 0;
  socklen_t length = sizeof bytes;
  ::getsockopt(socket.number(), SOL_SOCKET, SO_RCVBUF, &bytes, &length);
  return bytes;
}

}  // namespace

TEST_CASE("what cannot have the wire options is refused by the option's name") {
  const os::Fd other = unix_datagrams();
  const auto set = os::set_wire_options(other);
  REQUIRE_FALSE(set.ok());
  CHECK(set.error().number == EOPNOTSUPP);
  CHECK(set.error().object == "IP_PKTINFO");
}

TEST_CASE("a file and a closed descriptor are no sockets of the wire") {
  const os::Fd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  CHECK(os::set_wire_options(file).error().number == ENOTSOCK);
  CHECK(os::local_udp(file).error().number == ENOTSOCK);
  CHECK(os::set_wire_options(os::Fd()).error().number == EBADF);
  CHECK(os::local_udp(os::Fd()).error().number == EBADF);
}

TEST_CASE("without a descriptor left there is no socket, and the error names the address") {
  std::optional<SysResult<os::Fd>> six;
  std::optional<SysResult<os::Fd>> four;
  {
    const NoDescriptors here;
    six.emplace(os::open_udp(any_port_of("::1")));
    four.emplace(os::open_udp(any_port_of("127.0.0.1")));
  }
  CHECK(error_of(*six) == EMFILE);
  CHECK(six->error().object == "[::1]:0");
  CHECK(error_of(*four) == EMFILE);
  CHECK(four->error().object == "127.0.0.1:0");
  CHECK(os::open_udp(any_port_of("127.0.0.1")).ok());
}

TEST_CASE("an address that is not this machine's cannot be bound") {
  CHECK(error_of(os::open_udp(any_port_of("2001:db8::7"))) == EADDRNOTAVAIL);
  CHECK(error_of(os::open_udp(any_port_of("192.0.2.7"))) == EADDRNOTAVAIL);
}

TEST_CASE("whoever may not force buffers gets the largest that everybody may have") {
  int most = 0;
  std::ifstream("/proc/sys/net/core/rmem_max") >> most;
  REQUIRE(most > 0);
  bool dropped = false;
  int bytes = 0;
  std::thread([&] {
    dropped = drop_capabilities();
    const auto socket = os::open_udp(any_port_of("127.0.0.1"));
    if (socket.ok()) bytes = receive_buffer(*socket);
  }).join();
  REQUIRE(dropped);
  CHECK(bytes == 2 * std::min(most, os::kUdpBufferBytes));  // socket(7): it is doubled
}

TEST_CASE(
    "where IPv6 is not to be had, the wildcard is that of IPv4, and an IPv6 address an error") {
  bool forbidden = false;
  os::LocalUdp any;
  int six = 0;
  std::thread([&] {
    forbidden = forbid_ipv6();
    const auto socket = os::open_udp({});
    if (socket.ok()) any = os::local_udp(*socket).value();
    six = error_of(os::open_udp(any_port_of("::1")));
  }).join();
  REQUIRE(forbidden);
  CHECK(any.family == AF_INET);
  CHECK(any.endpoint.port != 0);
  CHECK(six == EAFNOSUPPORT);
}
