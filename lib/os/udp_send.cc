// SPDX-License-Identifier: Apache-2.0
#include "os/udp_send.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "os/udp.h"

namespace covfefe::os {
namespace {

#ifdef UDP_SEGMENT
constexpr int kUdpSegment = UDP_SEGMENT;
#else
constexpr int kUdpSegment = 103;  // <linux/udp.h>; older C libraries lack it
#endif

constexpr std::size_t kControlBytes =
    CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(std::uint16_t));

bool same_train(const OutDatagram& a, const OutDatagram& b) {
  return a.socket == b.socket && a.to == b.to && a.from == b.from &&
         a.from_interface == b.from_interface;
}

bool source_is_gone(int error) {
  return error == EINVAL || error == EADDRNOTAVAIL || error == ENETUNREACH || error == ENODEV;
}

// What a train can get although each of its datagrams would pass, or fail for itself alone.
bool concerns_trains(int error) {
  return error == EIO || error == EINVAL || error == EMSGSIZE;
}

template <typename T>
void append_control(msghdr& message, std::pair<int, int> kind, const T& value) {
  const std::size_t at = message.msg_controllen;
  auto* header = reinterpret_cast<cmsghdr*>(static_cast<std::uint8_t*>(message.msg_control) + at);
  header->cmsg_level = kind.first;
  header->cmsg_type = kind.second;
  header->cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(CMSG_DATA(header), &value, sizeof value);
  message.msg_controllen = at + CMSG_SPACE(sizeof value);
}

void append_source(msghdr& message, const OutDatagram& datagram, int family) {
  if (all_zero(datagram.from.bytes)) return;
  if (family == AF_INET6) {
    // A mapped source on a dual-stack socket is understood as IPv4.
    in6_pktinfo info{};
    std::memcpy(&info.ipi6_addr, datagram.from.bytes.data(), sizeof info.ipi6_addr);
    info.ipi6_ifindex = datagram.from_interface;
    append_control(message, {IPPROTO_IPV6, IPV6_PKTINFO}, info);
    return;
  }
  if (!datagram.from.is_mapped_v4()) return;
  in_pktinfo info{};
  std::memcpy(&info.ipi_spec_dst, datagram.from.bytes.data() + 12, sizeof info.ipi_spec_dst);
  info.ipi_ifindex = static_cast<int>(datagram.from_interface);
  append_control(message, {IPPROTO_IP, IP_PKTINFO}, info);
}

}  // namespace

struct UdpSender::Socket {
  Fd fd;
  int family = AF_INET6;
  bool trains = true;
};

struct UdpSender::Buffers {
  struct alignas(cmsghdr) Control {
    std::array<std::uint8_t, kControlBytes> bytes;
  };
  std::array<mmsghdr, kSendBatch> messages;
  std::array<SocketAddress, kSendBatch> to;
  std::array<Control, kSendBatch> control;
  std::array<iovec, kSendBatch> parts;

  void set_part(std::size_t slot, ByteView bytes) {
    // The kernel only reads; iovec has no const form.
    parts[slot] = {const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
  }

  bool prepare(std::size_t slot, std::span<const OutDatagram> train, int family) {
    const std::optional<SocketAddress> address = to_socket_address(train[0].to, family);
    if (!address) return false;
    to[slot] = *address;
    msghdr& message = messages[slot].msg_hdr;
    messages[slot] = {};
    message.msg_name = &to[slot].storage;
    message.msg_namelen = to[slot].length;
    message.msg_control = control[slot].bytes.data();
    append_source(message, train[0], family);
    if (train.size() > 1) {
      const auto size = static_cast<std::uint16_t>(train[0].bytes.size());
      append_control(message, {SOL_UDP, kUdpSegment}, size);
    }
    if (message.msg_controllen == 0) message.msg_control = nullptr;
    return true;
  }
};

std::size_t train_length(std::span<const OutDatagram> datagrams) {
  const OutDatagram& first = datagrams[0];
  const std::size_t size = std::max<std::size_t>(first.bytes.size(), 1);
  const std::size_t most =
      std::min({datagrams.size(), kTrainMost, std::max<std::size_t>(kTrainBytes / size, 1)});
  std::size_t count = 1;
  while (count < most && same_train(first, datagrams[count]) &&
         datagrams[count].bytes.size() <= size && !datagrams[count].bytes.empty()) {
    if (datagrams[count++].bytes.size() < size) break;
  }
  return count;
}

UdpSender::UdpSender(std::vector<Socket> sockets, std::unique_ptr<Buffers> buffers)
    : sockets_(std::move(sockets)), buffers_(std::move(buffers)) {}
UdpSender::UdpSender(UdpSender&&) noexcept = default;
UdpSender& UdpSender::operator=(UdpSender&&) noexcept = default;
UdpSender::~UdpSender() = default;

SysResult<UdpSender> UdpSender::create(std::vector<Fd> sockets) {
  std::vector<Socket> all;
  for (Fd& fd : sockets) {
    const auto local = local_udp(fd);
    if (!local) return local.error();
    all.push_back({std::move(fd), local->family, true});
  }
  return UdpSender(std::move(all), std::make_unique<Buffers>());
}

const Fd& UdpSender::socket(std::size_t index) const {
  return sockets_[index].fd;
}
std::size_t UdpSender::sockets() const {
  return sockets_.size();
}
bool UdpSender::trains_allowed(std::size_t index) const {
  return sockets_[index].trains;
}

void UdpSender::note_sent(const OutDatagram& datagram) {
  ++counters_.datagrams;
  counters_.bytes += datagram.bytes.size();
}

UdpSender::Progress UdpSender::send(std::span<const OutDatagram> batch, std::span<bool> sent) {
  CHECK(batch.size() <= kSendBatch && sent.size() >= batch.size());
  Progress out;
  while (out.done < batch.size() && !out.blocked) {
    const auto rest = batch.subspan(out.done);
    CHECK(rest[0].socket < sockets_.size());
    std::size_t run = 1;
    while (run < rest.size() && rest[run].socket == rest[0].socket) ++run;
    const std::size_t done = send_run(rest.first(run), sent.subspan(out.done));
    out.done += done;
    out.blocked = done == 0;
  }
  if (out.blocked) ++counters_.blocked;
  return out;
}

// One message per train, until an address that this socket's family cannot reach.
std::size_t UdpSender::prepare_run(std::span<const OutDatagram> run) {
  const Socket& socket = sockets_[run[0].socket];
  Buffers& b = *buffers_;
  std::size_t messages = 0;
  std::size_t prepared = 0;
  while (prepared < run.size()) {
    const auto rest = run.subspan(prepared);
    const auto train = rest.first(socket.trains ? train_length(rest) : 1);
    if (!b.prepare(messages, train, socket.family)) break;
    for (std::size_t i = 0; i < train.size(); ++i) b.set_part(prepared + i, train[i].bytes);
    b.messages[messages].msg_hdr.msg_iov = &b.parts[prepared];
    b.messages[messages++].msg_hdr.msg_iovlen = train.size();
    prepared += train.size();
  }
  return messages;
}

// All of one socket; returns how many are dealt with, 0 only when the socket would block.
std::size_t UdpSender::send_run(std::span<const OutDatagram> run, std::span<bool> sent) {
  const std::size_t messages = prepare_run(run);
  if (messages == 0) {
    sent[0] = false;
    ++counters_.refused;
    return 1;
  }
  Buffers& b = *buffers_;
  ++counters_.calls;
  const int taken = ::sendmmsg(sockets_[run[0].socket].fd.number(), b.messages.data(),
                               static_cast<unsigned>(messages), MSG_DONTWAIT);
  if (taken <= 0) return after_error(run.first(b.messages[0].msg_hdr.msg_iovlen), sent);
  std::size_t done = 0;
  for (std::size_t m = 0; m < static_cast<std::size_t>(taken); ++m) {
    const std::size_t end = done + b.messages[m].msg_hdr.msg_iovlen;
    if (end - done > 1) ++counters_.trains;
    for (; done < end; ++done) {
      sent[done] = true;
      note_sent(run[done]);
    }
  }
  return done;
}

// errno is about `train`, the first message of the call.
std::size_t UdpSender::after_error(std::span<const OutDatagram> train, std::span<bool> sent) {
  const int error = errno;
  if (error == EAGAIN || error == EINTR) return 0;
  const std::uint64_t resourced = counters_.resourced;
  std::size_t done = 0;
  bool any_sent = false;
  bool hopeless = train.size() > 1 && !concerns_trains(error) && !source_is_gone(error);
  for (; done < train.size(); ++done) {
    const int result = hopeless ? error : send_plain(train[done]);
    if (result == EAGAIN) break;
    sent[done] = result == 0;
    any_sent |= sent[done];
    if (sent[done]) {
      note_sent(train[done]);
    } else {
      ++counters_.refused;
    }
    // Of one train only the length can make a difference.
    hopeless |= result != 0 && result != EMSGSIZE;
  }
  // Only then was it the train itself that the kernel or the device did not like.
  const bool train_itself = error == EIO || error == EINVAL;
  if (train.size() > 1 && any_sent && train_itself && resourced == counters_.resourced) {
    sockets_[train[0].socket].trains = false;
  }
  return done;
}

int UdpSender::send_plain(const OutDatagram& datagram) {
  Socket& socket = sockets_[datagram.socket];
  Buffers& b = *buffers_;
  OutDatagram one = datagram;
  for (;;) {
    if (!b.prepare(0, {&one, 1}, socket.family)) return EAFNOSUPPORT;
    b.set_part(0, one.bytes);
    b.messages[0].msg_hdr.msg_iov = b.parts.data();
    b.messages[0].msg_hdr.msg_iovlen = 1;
    ++counters_.calls;
    if (::sendmsg(socket.fd.number(), &b.messages[0].msg_hdr, MSG_DONTWAIT) >= 0) return 0;
    const int error = errno == EINTR ? EAGAIN : errno;
    if (!source_is_gone(error) || all_zero(one.from.bytes)) return error;
    // An interface that went away took its address along; the peer will see a new one and roam.
    one.from = {};
    one.from_interface = 0;
    ++counters_.resourced;
  }
}

}  // namespace covfefe::os
