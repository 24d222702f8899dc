// SPDX-License-Identifier: Apache-2.0
#include <seccomp.h>

#include "sandbox/sets.h"

namespace covfefe::sandbox {
namespace {

// seccomp sees the number of a descriptor, not its kind. The UDP sockets have numbers from the wall
// on, and RLIMIT_NOFILE keeps every later descriptor below it: so the router can receive on them
// and send on everything else, but has no way to send a datagram.
constexpr Call kOwn[] = {
    allow(SCMP_SYS(recvmmsg), "receive datagrams in batches"),
    allow(SCMP_SYS(eventfd2), "wakes the shaper and is woken by it, over the rings"),

    kill(SCMP_SYS(sendmsg), "only the shaper sends datagrams", {at_least(0, kUdpFdWall)}),
    kill(SCMP_SYS(write), "only the shaper sends datagrams", {at_least(0, kUdpFdWall)}),
    kill(SCMP_SYS(writev), "only the shaper sends datagrams", {at_least(0, kUdpFdWall)}),
    kill(SCMP_SYS(sendto), "only the shaper sends datagrams"),
    kill(SCMP_SYS(sendmmsg), "only the shaper sends datagrams"),
    kill(SCMP_SYS(sendfile), "would be another way to send"),
    kill(SCMP_SYS(splice), "would be another way to send"),
    kill(SCMP_SYS(socket), "the router takes its sockets from the launcher"),
    kill(SCMP_SYS(socketpair), "the router takes its sockets from the launcher"),
    kill(SCMP_SYS(connect), "a connected UDP socket could be written to; the router listens"),
    kill(SCMP_SYS(bind), "the router takes its sockets from the launcher"),
    kill(SCMP_SYS(listen), "the router takes its sockets from the launcher"),
    kill(SCMP_SYS(dup), "would bring a UDP socket below the wall"),
    kill(SCMP_SYS(dup2), "would bring a UDP socket below the wall"),
    kill(SCMP_SYS(dup3), "would bring a UDP socket below the wall"),
};

constexpr CallSet kOwnSet{"router", kOwn};
constexpr const CallSet* kCalls[] = {&kCommon,       &kThreading, &kKjServer,
                                     &kSharedMemory, &kOwnSet,    &kDangerous};

constexpr Limit kLimits[] = {
    kNoCore,
    kNoLockedMemory,
    {RLIMIT_NOFILE, "RLIMIT_NOFILE", kUdpFdWall,
     "no new descriptor reaches the UDP sockets' range"},
};

}  // namespace

constinit const Policy kRouter{
    "router",
    {"covfefe-router", 63631, "parses what strangers send: nobody's user"},
    Threads::AfterConfine,
    {},
    kLimits,
    kCalls,
    {}};

}  // namespace covfefe::sandbox
