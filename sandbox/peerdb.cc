// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <seccomp.h>

#include "sandbox/sets.h"

namespace covfefe::sandbox {
namespace {

constexpr Call kOwn[] = {
    allow(SCMP_SYS(fcntl), "SQLite locks its file", {equals(1, F_SETLK)}),
    allow(SCMP_SYS(fcntl), "SQLite asks who locks its file", {equals(1, F_GETLK)}),
    allow(SCMP_SYS(readlink), "SQLite resolves the path of its file"),
};

constexpr CallSet kOwnSet{"peerdb", kOwn};
constexpr const CallSet* kCalls[] = {&kCommon, &kKjServer, &kUnixClient,
                                     &kFiles,  &kOwnSet,   &kDangerous};

constexpr Path kPaths[] = {
    {Base::Root, "var/lib/covfefe/peerdb", Access::ReadWrite, "the database and its backups"},
    {Base::System, "dev/urandom", Access::Read, "SQLite seeds its own generator"},
};

constexpr Limit kLimits[] = {kNoCore};

}  // namespace

constinit const Policy kPeerdb{
    "peerdb",      {"covfefe-peerdb", 63633, "the only user that may read the database"},
    Threads::None, {},
    kLimits,       kCalls,
    kPaths};

}  // namespace covfefe::sandbox
