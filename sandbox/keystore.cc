// SPDX-License-Identifier: Apache-2.0
#include <seccomp.h>

#include "sandbox/sets.h"

namespace covfefe::sandbox {
namespace {

constexpr Call kOwn[] = {
    allow(SCMP_SYS(mlock), "keys never reach the swap"),
    allow(SCMP_SYS(munlock), "keys that have been wiped"),
};

constexpr CallSet kOwnSet{"keystore", kOwn};
constexpr const CallSet* kCalls[] = {&kCommon, &kKjServer, &kUnixClient,
                                     &kFiles,  &kOwnSet,   &kDangerous};

constexpr Path kPaths[] = {
    {Base::Root, "var/lib/covfefe/keystore", Access::ReadWrite, "the sealed key file"},
};

constexpr Limit kLimits[] = {kNoCore};

}  // namespace

constinit const Policy kKeystore{
    "keystore",    {"covfefe-keystore", 63632, "the only user that may read the key file"},
    Threads::None, {},
    kLimits,       kCalls,
    kPaths};

}  // namespace covfefe::sandbox
