// SPDX-License-Identifier: Apache-2.0
#include "os/udp.h"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace covfefe::os {
namespace {

// in6_pktinfo, in_pktinfo (a dual-stack socket gets both for IPv4) and one integer to spare for the
// segment size of a coalesced train.
constexpr std::size_t kControlBytes =
    CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(in_pktinfo)) + CMSG_SPACE(sizeof(int));

Address mapped(const in_addr& v4) {
  Address address;
  address.bytes[10] = 0xff;
  address.bytes[11] = 0xff;
  std::memcpy(&address.bytes[12], &v4, sizeof v4);
  return address;
}

struct Option {
  int level;
  int name;
  int value;
  const char* text;
};
constexpr Option kDualStack{IPPROTO_IPV6, IPV6_V6ONLY, 0, "IPV6_V6ONLY"};
constexpr Option kWireV6[] = {
    {IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO"},
    {IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE, "IPV6_MTU_DISCOVER"}};
constexpr Option kWireV4[] = {{IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO"},
                              {IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE, "IP_MTU_DISCOVER"}};

SysResult<void> set_options(const Fd& socket, std::span<const Option> options) {
  for (const Option& one : options) {
    if (::setsockopt(socket.number(), one.level, one.name, &one.value, sizeof one.value) != 0) {
      return last_error("setsockopt", one.text);
    }
  }
  return {};
}

void set_buffer(const Fd& socket, int forced, int ordinary) {
  // Without CAP_NET_ADMIN the kernel cuts the size to its own maximum, which still works.
  const int bytes = kUdpBufferBytes;
  if (::setsockopt(socket.number(), SOL_SOCKET, forced, &bytes, sizeof bytes) == 0) return;
  ::setsockopt(socket.number(), SOL_SOCKET, ordinary, &bytes, sizeof bytes);
}

struct NewSocket {
  Fd fd;
  int family;
};

SysResult<NewSocket> new_socket(const Endpoint& bind_to) {
  constexpr int kType = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const bool any = all_zero(bind_to.ip.bytes);
  if (!bind_to.ip.is_mapped_v4()) {
    Fd six(::socket(AF_INET6, kType, 0));
    if (six.valid()) return NewSocket{std::move(six), AF_INET6};
    if (errno != EAFNOSUPPORT || !any) return last_error("socket", format_endpoint(bind_to));
  }
  Fd four(::socket(AF_INET, kType, 0));
  if (!four.valid()) return last_error("socket", format_endpoint(bind_to));
  return NewSocket{std::move(four), AF_INET};
}

void read_control(msghdr& message, ReceivedDatagram& datagram) {
  for (cmsghdr* h = CMSG_FIRSTHDR(&message); h != nullptr; h = CMSG_NXTHDR(&message, h)) {
    if (h->cmsg_level == IPPROTO_IPV6 && h->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(h), sizeof info);
      std::memcpy(datagram.local.bytes.data(), &info.ipi6_addr, sizeof info.ipi6_addr);
      datagram.interface = info.ipi6_ifindex;
    } else if (h->cmsg_level == IPPROTO_IP && h->cmsg_type == IP_PKTINFO) {
      in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(h), sizeof info);
      datagram.local = mapped(info.ipi_spec_dst);
      datagram.interface = static_cast<std::uint32_t>(info.ipi_ifindex);
    }
  }
}

}  // namespace

SysResult<void> set_wire_options(const Fd& socket) {
  int family = 0;
  socklen_t length = sizeof family;
  if (::getsockopt(socket.number(), SOL_SOCKET, SO_DOMAIN, &family, &length) != 0) {
    return last_error("getsockopt", "SO_DOMAIN");
  }
  if (auto set = set_nonblocking(socket); !set) return set;
  if (family == AF_INET6) {
    if (auto set = set_options(socket, kWireV6); !set) return set;
  }
  return set_options(socket, kWireV4);
}

SysResult<Fd> open_udp(const Endpoint& bind_to) {
  SysResult<NewSocket> made = new_socket(bind_to);
  if (!made) return made.error();
  const Fd& socket = made->fd;
  if (made->family == AF_INET6) {
    if (auto set = set_options(socket, {&kDualStack, 1}); !set) return set.error();
  }
  if (auto set = set_wire_options(socket); !set) return set.error();
  set_buffer(socket, SO_RCVBUFFORCE, SO_RCVBUF);
  set_buffer(socket, SO_SNDBUFFORCE, SO_SNDBUF);
  const std::optional<SocketAddress> address = to_socket_address(bind_to, made->family);
  if (!address) return SysError{"bind", format_endpoint(bind_to), EAFNOSUPPORT};
  if (::bind(socket.number(), reinterpret_cast<const sockaddr*>(&address->storage),
             address->length) != 0) {
    return last_error("bind", format_endpoint(bind_to));
  }
  return std::move(made->fd);
}

SysResult<LocalUdp> local_udp(const Fd& socket) {
  int type = 0;
  socklen_t type_length = sizeof type;
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (::getsockopt(socket.number(), SOL_SOCKET, SO_TYPE, &type, &type_length) != 0 ||
      ::getsockname(socket.number(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    return last_error("look at", "inherited UDP socket");
  }
  const std::optional<Endpoint> endpoint = to_endpoint(address);
  sockaddr_storage peer{};
  length = sizeof peer;
  const bool connected =
      ::getpeername(socket.number(), reinterpret_cast<sockaddr*>(&peer), &length) == 0;
  if (type != SOCK_DGRAM || !endpoint || connected) {
    return SysError{"inherited UDP socket", std::to_string(socket.number()), EPROTO};
  }
  return LocalUdp{*endpoint, address.ss_family};
}

std::optional<SocketAddress> to_socket_address(const Endpoint& endpoint, int family) {
  SocketAddress out;
  if (family == AF_INET6) {
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(endpoint.port);
    six.sin6_scope_id = endpoint.scope_id;
    std::memcpy(&six.sin6_addr, endpoint.ip.bytes.data(), sizeof six.sin6_addr);
    std::memcpy(&out.storage, &six, sizeof six);
    out.length = sizeof six;
    return out;
  }
  if (!endpoint.ip.is_mapped_v4() && !all_zero(endpoint.ip.bytes)) return std::nullopt;
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_port = htons(endpoint.port);
  std::memcpy(&four.sin_addr, &endpoint.ip.bytes[12], sizeof four.sin_addr);
  std::memcpy(&out.storage, &four, sizeof four);
  out.length = sizeof four;
  return out;
}

std::optional<Endpoint> to_endpoint(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET6) {
    sockaddr_in6 six{};
    std::memcpy(&six, &address, sizeof six);
    Endpoint endpoint;
    std::memcpy(endpoint.ip.bytes.data(), &six.sin6_addr, sizeof six.sin6_addr);
    endpoint.port = ntohs(six.sin6_port);
    endpoint.scope_id = six.sin6_scope_id;
    return endpoint;
  }
  if (address.ss_family != AF_INET) return std::nullopt;
  sockaddr_in four{};
  std::memcpy(&four, &address, sizeof four);
  return Endpoint{mapped(four.sin_addr), ntohs(four.sin_port), 0};
}

struct UdpReceiver::Buffers {
  std::array<std::array<std::uint8_t, kUdpSlotBytes>, kUdpBatch> bytes;
  struct alignas(cmsghdr) Control {
    std::array<std::uint8_t, kControlBytes> bytes;
  };
  std::array<Control, kUdpBatch> control;
  std::array<sockaddr_storage, kUdpBatch> from;
  std::array<iovec, kUdpBatch> parts;
  std::array<mmsghdr, kUdpBatch> messages;
  std::array<ReceivedDatagram, kUdpBatch> received;

  void prepare(std::size_t i) {
    parts[i] = {bytes[i].data(), bytes[i].size()};
    messages[i] = {};
    msghdr& header = messages[i].msg_hdr;
    header.msg_name = &from[i];
    header.msg_namelen = sizeof from[i];
    header.msg_iov = &parts[i];
    header.msg_iovlen = 1;
    header.msg_control = control[i].bytes.data();
    header.msg_controllen = control[i].bytes.size();
  }
};

UdpReceiver::UdpReceiver() : buffers_(std::make_unique<Buffers>()) {
  for (std::size_t i = 0; i < kUdpBatch; ++i) buffers_->prepare(i);
}
UdpReceiver::~UdpReceiver() = default;

std::span<const ReceivedDatagram> UdpReceiver::receive(const Fd& socket) {
  Buffers& b = *buffers_;
  const int n = ::recvmmsg(socket.number(), b.messages.data(), kUdpBatch, MSG_DONTWAIT, nullptr);
  if (n < 0) {
    if (errno != EAGAIN && errno != EINTR) ++counters_.errors;
    return {};
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
    msghdr& header = b.messages[i].msg_hdr;
    const std::optional<Endpoint> from = to_endpoint(b.from[i]);
    if ((header.msg_flags & MSG_TRUNC) != 0) {
      ++counters_.truncated;
    } else if (from) {
      ReceivedDatagram& datagram = b.received[kept++];
      datagram = {ByteView(b.bytes[i]).first(b.messages[i].msg_len), *from, {}, 0};
      read_control(header, datagram);
    }
    b.prepare(i);
  }
  counters_.datagrams += kept;
  return std::span<const ReceivedDatagram>(b.received).first(kept);
}

}  // namespace covfefe::os
