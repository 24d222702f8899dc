// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <seccomp.h>

#include "sandbox/sets.h"

namespace covfefe::sandbox {
namespace {

// The mirror image of the router: it sends on the UDP sockets and cannot receive on them.
constexpr Call kOwn[] = {
    allow(SCMP_SYS(sendmsg), "send on any descriptor, the UDP sockets too"),
    allow(SCMP_SYS(sendmmsg), "send datagrams in batches"),
    allow(SCMP_SYS(getsockopt), "pending error of a socket that connects"),
    allow(SCMP_SYS(fcntl), "will a descriptor block", {equals(1, F_GETFL)}),

    kill(SCMP_SYS(recvmsg), "only the router receives datagrams", {at_least(0, kUdpFdWall)}),
    kill(SCMP_SYS(read), "only the router receives datagrams", {at_least(0, kUdpFdWall)}),
    kill(SCMP_SYS(readv), "only the router receives datagrams", {at_least(0, kUdpFdWall)}),
    kill(SCMP_SYS(recvfrom), "only the router receives datagrams"),
    kill(SCMP_SYS(recvmmsg), "only the router receives datagrams"),
    kill(SCMP_SYS(splice), "would be another way to receive"),
    kill(SCMP_SYS(bind), "the shaper takes its sockets from the launcher"),
    kill(SCMP_SYS(listen), "the shaper takes its sockets from the launcher"),
    kill(SCMP_SYS(dup), "would bring a UDP socket below the wall"),
    kill(SCMP_SYS(dup2), "would bring a UDP socket below the wall"),
    kill(SCMP_SYS(dup3), "would bring a UDP socket below the wall"),
};

constexpr CallSet kOwnSet{"shaper", kOwn};
constexpr const CallSet* kCalls[] = {&kCommon,       &kThreading, &kKjServer, &kUnixClient,
                                     &kSharedMemory, &kOwnSet,    &kDangerous};

constexpr Limit kLimits[] = {
    kNoCore,
    kNoLockedMemory,
    {RLIMIT_NOFILE, "RLIMIT_NOFILE", kUdpFdWall,
     "no new descriptor reaches the UDP sockets' range"},
};

}  // namespace

constinit const Policy kShaper{
    "shaper",
    {"covfefe-shaper", 63634, "sees sealed datagrams only: nobody's user"},
    Threads::AfterConfine,
    {},
    kLimits,
    kCalls,
    {}};

}  // namespace covfefe::sandbox
