// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <vector>

#include "os/tun.h"
#include "os/udp.h"

using namespace covfefe;

namespace {

Endpoint at(const char* text) {
  const auto address = parse_address(text);
  REQUIRE(address.has_value());
  return {*address, 0, 0};
}

struct Port {
  os::Fd fd;
  os::LocalUdp local;
};

Port open_port(const char* bind_to) {
  auto fd = os::open_udp(at(bind_to));
  REQUIRE(fd.ok());
  auto local = os::local_udp(*fd);
  REQUIRE(local.ok());
  return {std::move(*fd), *local};
}

void send(const Port& from, const Endpoint& to, ByteView bytes) {
  const auto address = os::to_socket_address(to, from.local.family);
  REQUIRE(address.has_value());
  REQUIRE(::sendto(from.fd.number(), bytes.data(), bytes.size(), 0,
                   reinterpret_cast<const sockaddr*>(&address->storage),
                   address->length) == static_cast<ssize_t>(bytes.size()));
}

int option(const os::Fd& socket, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  CHECK(::getsockopt(socket.number(), level, name, &value, &length) == 0);
  return value;
}

struct Datagrams {
  os::Fd a;
  os::Fd b;
};

Datagrams datagram_pair() {
  int numbers[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, numbers) == 0);
  return {os::Fd(numbers[0]), os::Fd(numbers[1])};
}

}  // namespace

TEST_CASE("the wildcard socket is dual-stack and has every option from birth") {
  const Port port = open_port("::");
  CHECK(port.local.family == AF_INET6);
  CHECK(port.local.endpoint.port != 0);
  CHECK(option(port.fd, IPPROTO_IPV6, IPV6_V6ONLY) == 0);
  CHECK(option(port.fd, IPPROTO_IPV6, IPV6_RECVPKTINFO) == 1);
  CHECK(option(port.fd, IPPROTO_IP, IP_PKTINFO) == 1);
  CHECK(option(port.fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER) == IPV6_PMTUDISC_PROBE);
  CHECK(option(port.fd, IPPROTO_IP, IP_MTU_DISCOVER) == IP_PMTUDISC_PROBE);
  CHECK(option(port.fd, SOL_SOCKET, SO_RCVBUF) >= 200'000);
}

TEST_CASE("a socket that another launcher made gets the wire options too") {
  const os::Fd six(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const os::Fd four(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  REQUIRE(os::set_wire_options(six).ok());
  REQUIRE(os::set_wire_options(four).ok());
  CHECK(option(six, IPPROTO_IPV6, IPV6_RECVPKTINFO) == 1);
  CHECK(option(six, IPPROTO_IPV6, IPV6_MTU_DISCOVER) == IPV6_PMTUDISC_PROBE);
  for (const os::Fd* socket : {&six, &four}) {
    CHECK(option(*socket, IPPROTO_IP, IP_PKTINFO) == 1);
    CHECK(option(*socket, IPPROTO_IP, IP_MTU_DISCOVER) == IP_PMTUDISC_PROBE);
    CHECK((::fcntl(socket->number(), F_GETFL) & O_NONBLOCK) != 0);
  }
}

TEST_CASE("a batch arrives in order with its sender and its local address") {
  const Port from = open_port("::1");
  const Port to = open_port("::");
  const Endpoint target{at("::1").ip, to.local.endpoint.port, 0};
  for (std::uint8_t i = 0; i < 70; ++i) send(from, target, std::array<std::uint8_t, 2>{i, 0x55});
  os::UdpReceiver receiver;
  const auto first = receiver.receive(to.fd);
  REQUIRE(first.size() == os::kUdpBatch);
  for (std::size_t i = 0; i < first.size(); ++i) {
    REQUIRE(first[i].bytes.size() == 2);
    CHECK(first[i].bytes[0] == i);
  }
  CHECK(first[0].from == from.local.endpoint);
  CHECK(first[0].local == at("::1").ip);
  CHECK(first[0].interface != 0);
  const auto rest = receiver.receive(to.fd);
  REQUIRE(rest.size() == 6);
  CHECK(rest[0].bytes[0] == 64);
  CHECK(rest[5].from == from.local.endpoint);
  CHECK(receiver.receive(to.fd).empty());
  CHECK(receiver.counters().datagrams == 70);
  CHECK(receiver.counters().errors == 0);
}

TEST_CASE("IPv4 arrives mapped at a dual-stack and at a plain IPv4 socket") {
  const Port from = open_port("127.0.0.1");
  const Port dual = open_port("::");
  const Port plain = open_port("127.0.0.1");
  CHECK(plain.local.family == AF_INET);
  CHECK(from.local.endpoint.ip == at("127.0.0.1").ip);
  os::UdpReceiver receiver;
  for (const Port* to : {&dual, &plain}) {
    send(from, {at("127.0.0.1").ip, to->local.endpoint.port, 0}, bytes_of("four"));
    const auto got = receiver.receive(to->fd);
    REQUIRE(got.size() == 1);
    CHECK(text_of(got[0].bytes) == "four");
    CHECK(got[0].from == from.local.endpoint);
    CHECK(got[0].local == at("127.0.0.1").ip);
  }
}

TEST_CASE(
    "an empty datagram is one of length zero, and one beyond the slot is dropped and counted") {
  const Port from = open_port("::1");
  const Port to = open_port("::1");
  send(from, to.local.endpoint, {});
  send(from, to.local.endpoint, std::vector<std::uint8_t>(os::UdpReceiver::kUdpSlotBytes + 1));
  send(from, to.local.endpoint, std::vector<std::uint8_t>(os::UdpReceiver::kUdpSlotBytes));
  os::UdpReceiver receiver;
  const auto got = receiver.receive(to.fd);
  REQUIRE(got.size() == 2);
  CHECK(got[0].bytes.empty());
  CHECK(got[1].bytes.size() == os::UdpReceiver::kUdpSlotBytes);
  CHECK(receiver.counters().truncated == 1);
}

TEST_CASE("a short IPv4 sender address leaves room for the IPv6 one that comes next") {
  const Port four = open_port("127.0.0.1");
  const Port six = open_port("::1");
  os::UdpReceiver receiver;
  for (const Port* port : {&four, &six, &four, &six}) {
    send(*port, port->local.endpoint, bytes_of("to itself"));
    const auto got = receiver.receive(port->fd);
    REQUIRE(got.size() == 1);
    CHECK(got[0].from == port->local.endpoint);
    CHECK(got[0].local == port->local.endpoint.ip);
  }
}

TEST_CASE("a failing socket is counted and never fatal") {
  os::UdpReceiver receiver;
  CHECK(receiver.receive(os::Fd()).empty());
  CHECK(receiver.counters().errors == 1);
}

TEST_CASE("an address in use says which") {
  const Port first = open_port("127.0.0.1");
  auto second = os::open_udp(first.local.endpoint);
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().number == EADDRINUSE);
  CHECK(second.error().object == format_endpoint(first.local.endpoint));
}

TEST_CASE("an inherited descriptor that is no unconnected UDP socket is refused") {
  const Datagrams unix_pair = datagram_pair();
  CHECK(os::local_udp(unix_pair.a).error().number == EPROTO);
  const Port a = open_port("127.0.0.1");
  const Port b = open_port("127.0.0.1");
  const auto peer = os::to_socket_address(b.local.endpoint, AF_INET);
  REQUIRE(::connect(a.fd.number(), reinterpret_cast<const sockaddr*>(&peer->storage),
                    peer->length) == 0);
  CHECK(os::local_udp(a.fd).error().number == EPROTO);
}

TEST_CASE("an IPv6 address has no form for an IPv4 socket") {
  CHECK_FALSE(os::to_socket_address(at("2001:db8::1"), AF_INET).has_value());
  CHECK(os::to_socket_address(at("192.0.2.1"), AF_INET).has_value());
  sockaddr_storage other{};
  other.ss_family = AF_UNIX;
  CHECK_FALSE(os::to_endpoint(other).has_value());
}

TEST_CASE("endpoints survive the way through a socket address") {
  const Endpoint six{at("fe80::1").ip, 6363, 7};
  CHECK(os::to_endpoint(os::to_socket_address(six, AF_INET6)->storage) == six);
  const Endpoint four{at("192.0.2.9").ip, 6364, 0};
  CHECK(os::to_endpoint(os::to_socket_address(four, AF_INET)->storage) == four);
}

TEST_CASE("packets are read as a batch until there are no more, and written in order") {
  Datagrams pair = datagram_pair();
  os::TunDevice near(std::move(pair.a));
  os::TunDevice far(std::move(pair.b));
  const std::array<std::uint8_t, 3> first{1, 2, 3};
  const std::array<std::uint8_t, 1280> second{0x60};
  const std::array<ByteView, 2> packets{ByteView(first), ByteView(second)};
  near.write(packets);
  auto got = far.read();
  REQUIRE(got.ok());
  REQUIRE(got->size() == 2);
  CHECK((*got)[0].size() == 3);
  CHECK((*got)[1].size() == 1280);
  CHECK((*got)[1][0] == 0x60);
  CHECK(far.read()->empty());
  CHECK(near.counters().packets_written == 2);
  CHECK(far.counters().packets_read == 2);
}

TEST_CASE("a packet that may have been cut is dropped, the ones around it are kept") {
  Datagrams pair = datagram_pair();
  os::TunDevice near(std::move(pair.a));
  os::TunDevice far(std::move(pair.b));
  const std::vector<std::uint8_t> big(os::kTunSlotBytes);
  const std::array<std::uint8_t, 2> small{7, 7};
  const std::array<ByteView, 3> packets{ByteView(small), ByteView(big), ByteView(small)};
  near.write(packets);
  auto got = far.read();
  REQUIRE(got.ok());
  CHECK(got->size() == 2);
  CHECK(far.counters().oversize == 1);
}

TEST_CASE("a device that is gone is an error to read and a counted drop to write") {
  os::TunDevice gone{os::Fd()};
  CHECK(gone.read().error().number == EBADF);
  const std::array<std::uint8_t, 2> bytes{1, 2};
  const std::array<ByteView, 1> packets{ByteView(bytes)};
  gone.write(packets);
  CHECK(gone.counters().write_drops == 1);
}

TEST_CASE("a device name that the kernel would read as a pattern or a path is refused") {
  for (const char* name : {"", "a/b", "tun%d", "sixteen-letters-", "..", "a b"}) {
    CHECK(os::attach_tun(name).error().number == EINVAL);
  }
}
