// SPDX-License-Identifier: Apache-2.0
#include "os/fdpass.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace covfefe::os {
namespace {

constexpr std::size_t kControlBytes = CMSG_SPACE(sizeof(int) * kMaxPassedFds);

void attach_fds(msghdr& message, std::span<const int> fds) {
  message.msg_controllen = CMSG_SPACE(fds.size_bytes());
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(fds.size_bytes());
  std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
}

std::vector<Fd> collect_fds(msghdr& message) {
  // Everything that arrived becomes owned first, so that a refused message leaks nothing.
  std::vector<Fd> fds;
  for (cmsghdr* h = CMSG_FIRSTHDR(&message); h != nullptr; h = CMSG_NXTHDR(&message, h)) {
    if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(h) + i * sizeof(int), sizeof number);
      fds.emplace_back(number);
    }
  }
  return fds;
}

}  // namespace

SysResult<void> send_fds(const Fd& socket, std::span<const int> fds, ByteView payload) {
  if (fds.size() > kMaxPassedFds || payload.empty() || payload.size() > kMaxPassedBytes) {
    return SysError{"sendmsg", "descriptors", EINVAL};
  }
  std::array<std::uint8_t, kMaxPassedBytes> bytes{};
  copy(payload, bytes);
  iovec part{bytes.data(), payload.size()};
  alignas(cmsghdr) std::array<std::uint8_t, kControlBytes> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    attach_fds(message, fds);
  }
  const ssize_t n = ::sendmsg(socket.number(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n < 0) return last_error("sendmsg", "descriptors");
  return {};
}

SysResult<PassedFds> receive_fds(const Fd& socket, MessageShape shape) {
  if (shape.fds > kMaxPassedFds || shape.bytes == 0 || shape.bytes > kMaxPassedBytes) {
    return SysError{"recvmsg", "descriptors", EINVAL};
  }
  PassedFds passed;
  passed.payload.resize(shape.bytes);
  iovec part{passed.payload.data(), passed.payload.size()};
  alignas(cmsghdr) std::array<std::uint8_t, kControlBytes> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t n = ::recvmsg(socket.number(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (n < 0) return last_error("recvmsg", "descriptors");
  passed.fds = collect_fds(message);
  // An empty message with descriptors is a message; without any it is the end.
  if (n == 0 && passed.fds.empty()) return SysError{"recvmsg", "descriptors", EPIPE};
  const bool truncated = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
  if (truncated || static_cast<std::size_t>(n) != shape.bytes || passed.fds.size() != shape.fds) {
    return SysError{"recvmsg", "descriptors", EPROTO};
  }
  return passed;
}

}  // namespace covfefe::os
