// SPDX-License-Identifier: Apache-2.0
// Sockets of the wire that the kernel refuses or cuts short: each for a cause of its own.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <optional>
#include <string_view>
#include <thread>

#include "os/udp.h"
#include "tests/unit/os/narrowed.h"

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
    const test::NoDescriptors here;
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
    dropped = test::drop_capabilities();
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
    // As RestrictAddressFamilies= of systemd does it.
    forbidden = test::refuse_call({SYS_socket, AF_INET6, EAFNOSUPPORT});
    const auto socket = os::open_udp({});
    if (socket.ok()) any = os::local_udp(*socket).value();
    six = error_of(os::open_udp(any_port_of("::1")));
  }).join();
  REQUIRE(forbidden);
  CHECK(any.family == AF_INET);
  CHECK(any.endpoint.port != 0);
  CHECK(six == EAFNOSUPPORT);
}
