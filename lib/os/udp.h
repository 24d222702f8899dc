// SPDX-License-Identifier: Apache-2.0
// UDP sockets of the wire: the launcher opens them, the router receives, the shaper sends. One
// socket is dual-stack IPv6 (peers over IPv4 appear as mapped addresses) or, on a host without
// IPv6, AF_INET; callers see Endpoints and never a sockaddr. Datagrams are the outside: any bytes,
// any sender. Nothing the network does is a fatal error here. Thread: data, except
// open_udp and set_wire_options.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/address.h"
#include "base/bytes.h"
#include "base/result.h"
#include "os/fd.h"

namespace covfefe::os {

inline constexpr std::size_t kUdpBatch = 64;
inline constexpr int kUdpBufferBytes = 4 << 20;  // 25 ms of 1.3 Gbit/s

[[nodiscard]] SysResult<Fd> open_udp(const Endpoint& bind_to);
// A bound socket with the wire options and 4 MiB buffers. The all-zero address binds dual-stack
// [::], or 0.0.0.0 where the kernel has no IPv6; a mapped address binds AF_INET. Port 0 lets the
// kernel choose. Buffers fall back to what an unprivileged caller may have.

[[nodiscard]] SysResult<void> set_wire_options(const Fd& socket);
// Non-blocking, IPV6_RECVPKTINFO and IP_PKTINFO, path MTU discovery PROBE (never fragments, ignores
// forged MTUs). Needs no privilege. Whoever holds a copy of the socket shares them (A21): the
// launcher sets them, and the router before it is confined, since systemd knows no PROBE.

struct LocalUdp {
  Endpoint endpoint;  // as bound
  int family = AF_INET6;
};
[[nodiscard]] SysResult<LocalUdp> local_udp(const Fd& socket);
// What an inherited socket is bound to; EPROTO if it is not an unconnected UDP socket.

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
};
[[nodiscard]] std::optional<SocketAddress> to_socket_address(const Endpoint& endpoint, int family);
// For AF_INET6 any endpoint; for AF_INET only a mapped (or all-zero) one, else nothing.
[[nodiscard]] std::optional<Endpoint> to_endpoint(const sockaddr_storage& address);

struct ReceivedDatagram {
  ByteView bytes;  // valid until the next receive()
  Endpoint from;
  Address local;                // where it arrived; all zero if the kernel did not say
  std::uint32_t interface = 0;  // ifindex
};

struct UdpReceiveCounters {
  std::uint64_t datagrams = 0;
  std::uint64_t truncated = 0;  // longer than kUdpSlotBytes: no datagram of ours; dropped
  std::uint64_t errors = 0;     // queued ICMP errors and the like; never fatal
};

class UdpReceiver {
 public:
  static constexpr std::size_t kUdpSlotBytes = 2'048;  // longest datagram of ours is 1,400

  UdpReceiver();
  // Allocates all buffers (128 KiB); receive() allocates nothing.
  UdpReceiver(const UdpReceiver&) = delete;
  UdpReceiver& operator=(const UdpReceiver&) = delete;
  ~UdpReceiver();

  [[nodiscard]] std::span<const ReceivedDatagram> receive(const Fd& socket);
  // Up to kUdpBatch datagrams, in order, in one system call; empty when there is nothing (or only
  // an error, which is counted). One receiver serves any number of sockets in turn. A coalesced
  // train (UDP GRO) would appear here as its single datagrams: callers know no difference.
  [[nodiscard]] const UdpReceiveCounters& counters() const { return counters_; }

 private:
  struct Buffers;
  std::unique_ptr<Buffers> buffers_;
  UdpReceiveCounters counters_;
};

}  // namespace covfefe::os
