// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "tests/process/canaries/acts.h"

namespace covfefe::test {
namespace {

int outcome(long result) {
  return result < 0 ? errno : 0;
}
// Nothing waits on the sockets: that the kernel looked is the success.
int received(long result) {
  return result >= 0 || errno == EAGAIN ? 0 : errno;
}

int make_and_connect(const std::string& path) {
  const int edge = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (edge < 0) return errno;
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::strncpy(to.sun_path, path.c_str(), sizeof to.sun_path - 1);
  return outcome(::connect(edge, reinterpret_cast<const sockaddr*>(&to), sizeof to));
}

char letter = 'x';

}  // namespace

int open_packet_socket(const Held&) {
  return outcome(::socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)));
}
int open_raw_socket(const Held&) {
  return outcome(::socket(AF_INET, SOCK_RAW, IPPROTO_RAW));
}
int open_crypto_socket(const Held&) {
  return outcome(::socket(AF_ALG, SOCK_SEQPACKET, 0));
}
int open_udp6_socket(const Held&) {
  return outcome(::socket(AF_INET6, SOCK_DGRAM, 0));
}
int open_dirty_domain(const Held&) {
  // The kernel looks at the low half of the register only.
  return outcome(::syscall(SYS_socket, (1L << 32) | AF_INET, SOCK_DGRAM, 0));
}
int make_socket_pair(const Held&) {
  int pair[2];
  return outcome(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}
int bind_udp(const Held& held) {
  sockaddr_in any{};
  any.sin_family = AF_INET;
  return outcome(::bind(held.udp, reinterpret_cast<const sockaddr*>(&any), sizeof any));
}
int listen_peer(const Held& held) {
  return outcome(::listen(held.peer, 1));
}
int connect_operator_edge(const Held& held) {
  return make_and_connect(std::string(held.root) + "/run/covfefe/keystore.operator.sock");
}
int connect_database_edge(const Held& held) {
  return make_and_connect(std::string(held.root) + "/run/covfefe/peerdb.operator.sock");
}
int send_file_udp(const Held& held) {
  off_t from = 0;
  return outcome(::sendfile(held.udp, held.program, &from, 1));
}
int splice_udp(const Held& held) {
  return outcome(::splice(held.peer, nullptr, held.udp, nullptr, 1, SPLICE_F_NONBLOCK));
}
int pass_udp_to_itself(const Held& held) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))]{};
  iovec part{&letter, 1};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &held.udp, sizeof(int));
  // It would need both ends of a Unix socket: one that it makes itself.
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) != 0) return errno;
  if (::sendmsg(pair[0], &message, 0) < 0) return errno;
  return outcome(::recvmsg(pair[1], &message, 0));
}
int receive_from_udp(const Held& held) {
  return received(::recvfrom(held.udp, &letter, 1, MSG_DONTWAIT, nullptr, nullptr));
}
int read_vector_udp(const Held& held) {
  const iovec part{&letter, 1};
  return received(::readv(held.udp, &part, 1));
}

int own_tun(const Held& held) {
  return outcome(::ioctl(held.tun, TUNSETOWNER, ::getuid()));
}
int persist_tun(const Held& held) {
  return outcome(::ioctl(held.tun, TUNSETPERSIST, 1));
}
int change_tun_link(const Held& held) {
  return outcome(::ioctl(held.tun, TUNSETLINK, 1));
}
int attach_tun(const Held& held) {
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  std::strncpy(request.ifr_name, "taken%d", sizeof request.ifr_name - 1);
  return outcome(::ioctl(held.tun, TUNSETIFF, &request));
}

}  // namespace covfefe::test
