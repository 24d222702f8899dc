// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <seccomp.h>

#include "sandbox/sets.h"

namespace covfefe::sandbox {
namespace {

constexpr Call kOwn[] = {
    allow(SCMP_SYS(getsockopt), "pending error of a socket that connects"),
    allow(SCMP_SYS(pwrite64), "SQLite writes pages at their offsets", {below(0, kUdpFdWall)}),
    allow(SCMP_SYS(fdatasync), "an acknowledged change is on the disk"),
    allow(SCMP_SYS(ftruncate), "shorten a journal or a file being written"),
    allow(SCMP_SYS(rename), "put a complete backup in place of the old one"),
    allow(SCMP_SYS(unlink), "remove a journal or an old backup"),
    allow(SCMP_SYS(geteuid), "SQLite asks whether it must give a new file to its owner"),
    allow(SCMP_SYS(fcntl), "SQLite locks its file", {equals(1, F_SETLK)}),
    allow(SCMP_SYS(fcntl), "SQLite asks who locks its file", {equals(1, F_GETLK)}),
    allow(SCMP_SYS(readlink), "SQLite resolves the path of its file"),
    rare(allow(SCMP_SYS(gettimeofday), "SQLite's clock, where the vDSO cannot read it"),
         "Linux lib/vdso/gettimeofday.c: with a clock source other than tsc and kvm-clock"),
};

constexpr CallSet kOwnSet{"peerdb", kOwn};
constexpr const CallSet* kCalls[] = {&kCommon, &kKjServer, &kUnixClient,
                                     &kFiles,  &kOwnSet,   &kDangerous};

constexpr Path kPaths[] = {
    {Base::Root, "var/lib/covfefe/peerdb", Access::ReadWrite, "the database and its backups"},
    {Base::System, "dev/urandom", Access::Read, "SQLite seeds its own generator"},
};

constexpr Limit kLimits[] = {kNoCore, kNoLockedMemory, kNoProcess, kFewFiles};

}  // namespace

constinit const Policy kPeerdb{
    "peerdb",      {"covfefe-peerdb", 63633, "the only user that may read the database"},
    Threads::None, {},
    kLimits,       kCalls,
    kPaths};

}  // namespace covfefe::sandbox
