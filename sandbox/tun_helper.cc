// SPDX-License-Identifier: Apache-2.0
#include <linux/capability.h>
#include <linux/if_tun.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "sandbox/sets.h"

namespace covfefe::sandbox {
namespace {

constexpr Capability kCapabilities[] = {
    {CAP_NET_ADMIN, "CAP_NET_ADMIN", "make the TUN device and give it address, MTU and route"},
};

constexpr Call kOwn[] = {
    allow(SCMP_SYS(openat), "the TUN device again, when the last router that held it is gone"),
    allow(SCMP_SYS(ioctl), "attach to the TUN device", {equals(1, TUNSETIFF)}),
    allow(SCMP_SYS(ioctl), "the device outlives helper and router", {equals(1, TUNSETPERSIST)}),
    allow(SCMP_SYS(restart_syscall), "poll goes on after the process was stopped"),
    allow(SCMP_SYS(sendmsg), "hand the TUN descriptor to the router", {below(0, kUdpFdWall)}),
    allow(SCMP_SYS(sendto), "netlink requests: address, MTU, route", {below(0, kUdpFdWall)}),
    allow(SCMP_SYS(recvmsg), "the kernel's netlink answers", {below(0, kUdpFdWall)}),
    allow(SCMP_SYS(socket), "netlink again: address, MTU and route of a device made anew",
          {equals(0, AF_NETLINK), equals(2, 0)}),
    allow(SCMP_SYS(bind), "a netlink socket takes its number"),
    allow(SCMP_SYS(getsockname), "a netlink socket learns its number"),
};

constexpr CallSet kOwnSet{"tun-helper", kOwn};
constexpr const CallSet* kCalls[] = {&kCommon, &kUnixClient, &kOwnSet, &kDangerous};

constexpr Path kPaths[] = {
    {Base::System, "dev/net/tun", Access::Device, "attach to the device again for a new router"},
};

constexpr Limit kLimits[] = {kNoCore, kNoLockedMemory, kFewFiles};

}  // namespace

constinit const Policy kTunHelper{
    "tun-helper",
    {"root", 0,
     "CAP_NET_ADMIN would be lost with the user; as root it keeps that and nothing else"},
    Threads::None,
    kCapabilities,
    kLimits,
    kCalls,
    kPaths};

}  // namespace covfefe::sandbox
