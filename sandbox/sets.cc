// SPDX-License-Identifier: Apache-2.0
#include "sandbox/sets.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>

namespace covfefe::sandbox {
namespace {

constexpr Call kKjServerCalls[] = {
    allow(SCMP_SYS(accept4), "a neighbour connects to an inherited listening socket"),
    allow(SCMP_SYS(recvmsg), "RPC streams and descriptor passing", {below(0, kUdpFdWall)}),
    allow(SCMP_SYS(sendmsg), "RPC streams and descriptor passing", {below(0, kUdpFdWall)}),
    allow(SCMP_SYS(shutdown), "end of an RPC stream", {below(0, kUdpFdWall)}),
    allow(SCMP_SYS(ioctl), "KJ makes descriptors non-blocking", {equals(1, FIONBIO)}),
    allow(SCMP_SYS(ioctl), "KJ marks descriptors close-on-exec", {equals(1, FIOCLEX)}),
    allow(SCMP_SYS(getsockopt), "kind and pending error of a socket"),
    allow(SCMP_SYS(getsockname), "KJ asks what kind of socket it was given"),
    allow(SCMP_SYS(getpeername), "KJ asks who connected"),
    allow(SCMP_SYS(signalfd4), "KJ 0.9 takes signals through a descriptor"),
    refuse(SCMP_SYS(setsockopt), EOPNOTSUPP, "KJ sets TCP_NODELAY on Unix sockets, needlessly"),
};

constexpr Call kUnixClientCalls[] = {
    allow(SCMP_SYS(socket), "reconnect to a restarted neighbour; Unix sockets only",
          {equals(0, AF_UNIX)}),
    allow(SCMP_SYS(connect), "reconnect to a restarted neighbour", {below(0, kUdpFdWall)}),
};

constexpr Call kFilesCalls[] = {
    allow(SCMP_SYS(openat), "files of the state directory; Landlock says which"),
    allow(SCMP_SYS(open), "the same, where a library still spells it so"),
    allow(SCMP_SYS(pwrite64), "write at an offset"),
    allow(SCMP_SYS(fsync), "an acknowledged change is on the disk"),
    allow(SCMP_SYS(fdatasync), "an acknowledged change is on the disk"),
    allow(SCMP_SYS(ftruncate), "shorten a journal or a file being written"),
    allow(SCMP_SYS(rename), "put a complete file in place of the old one"),
    allow(SCMP_SYS(renameat), "the same, relative to a directory"),
    allow(SCMP_SYS(renameat2), "the same, newer spelling"),
    allow(SCMP_SYS(unlink), "remove a journal, an old backup or a file half written"),
    allow(SCMP_SYS(unlinkat), "the same, relative to a directory"),
    allow(SCMP_SYS(stat), "does the file exist"),
    allow(SCMP_SYS(lstat), "is it a symbolic link"),
    allow(SCMP_SYS(statx), "the same, newer spelling"),
    allow(SCMP_SYS(access), "does the file exist, may we read it"),
    allow(SCMP_SYS(faccessat), "the same, relative to a directory"),
    allow(SCMP_SYS(faccessat2), "the same, newer spelling"),
    allow(SCMP_SYS(fchmod), "mode of a file just made"),
    allow(SCMP_SYS(umask), "mode of a file about to be made"),
    allow(SCMP_SYS(getdents64), "list the state directory"),
};

constexpr Call kSharedMemoryCalls[] = {
    allow(SCMP_SYS(memfd_create), "memory for packet frames and rings"),
    allow(SCMP_SYS(ftruncate), "size of that memory"),
    allow(SCMP_SYS(fcntl), "seal its size before it is handed over", {equals(1, F_ADD_SEALS)}),
    allow(SCMP_SYS(fcntl), "check the seals of memory received", {equals(1, F_GET_SEALS)}),
};

}  // namespace

constinit const CallSet kKjServer{"KJ server", kKjServerCalls};
constinit const CallSet kUnixClient{"Unix client", kUnixClientCalls};
constinit const CallSet kFiles{"files", kFilesCalls};
constinit const CallSet kSharedMemory{"shared memory", kSharedMemoryCalls};

}  // namespace covfefe::sandbox
