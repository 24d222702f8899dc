// SPDX-License-Identifier: Apache-2.0
#include "sandbox/sets.h"

#include <fcntl.h>
#include <seccomp.h>
#include <sys/socket.h>

#include <cerrno>

namespace covfefe::sandbox {
namespace {

constexpr Call kKjServerCalls[] = {
    allow(SCMP_SYS(read), "streams, eventfd, timerfd and files", {below(0, kUdpFdWall)}),
    allow(SCMP_SYS(writev), "RPC streams and the TUN device", {below(0, kUdpFdWall)}),
    allow(SCMP_SYS(shutdown), "end of an RPC stream after nonsense", {below(0, kUdpFdWall)}),
    allow(SCMP_SYS(epoll_ctl), "watch a descriptor"),
    allow(SCMP_SYS(epoll_wait), "wait for events"),
    allow(SCMP_SYS(newfstatat), "how glibc spells fstat; tells at worst that a file exists"),
    rare(allow(SCMP_SYS(fstat), "size and kind of an open descriptor"),
         "glibc from 2.39 on (Debian 13) spells fstat so: io/fstat64.c"),
    refuse(SCMP_SYS(setsockopt), EOPNOTSUPP, "KJ sets TCP_NODELAY on Unix sockets, needlessly"),
};

constexpr Call kUnixClientCalls[] = {
    allow(SCMP_SYS(socket), "reconnect to a restarted neighbour; Unix sockets only",
          {equals(0, AF_UNIX)}),
    allow(SCMP_SYS(connect), "reconnect to a restarted neighbour", {below(0, kUdpFdWall)}),
    allow(SCMP_SYS(poll), "has the connection been made"),
};

constexpr Call kFilesCalls[] = {
    allow(SCMP_SYS(openat), "files of the state directory; Landlock says which"),
    allow(SCMP_SYS(fsync), "an acknowledged change is on the disk"),
};

constexpr Call kSharedMemoryCalls[] = {
    allow(SCMP_SYS(memfd_create), "memory for packet frames and rings"),
    allow(SCMP_SYS(ftruncate), "size of that memory"),
    allow(SCMP_SYS(fcntl), "seal its size before it is handed over", {equals(1, F_ADD_SEALS)}),
    allow(SCMP_SYS(fcntl), "check the seals of memory received", {equals(1, F_GET_SEALS)}),
    allow(SCMP_SYS(recvmsg), "a descriptor that a neighbour passes", {below(0, kUdpFdWall)}),
    allow(SCMP_SYS(sendmsg), "pass a descriptor to a neighbour", {below(0, kUdpFdWall)}),
};

}  // namespace

constinit const CallSet kKjServer{"KJ server", kKjServerCalls};
constinit const CallSet kUnixClient{"Unix client", kUnixClientCalls};
constinit const CallSet kFiles{"files", kFilesCalls};
constinit const CallSet kSharedMemory{"shared memory", kSharedMemoryCalls};

}  // namespace covfefe::sandbox
