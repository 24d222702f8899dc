// SPDX-License-Identifier: Apache-2.0
#include <seccomp.h>
#include <sys/mman.h>

#include "sandbox/sets.h"

namespace covfefe::sandbox {
namespace {

constexpr Call kOwn[] = {
    allow(SCMP_SYS(getsockopt), "pending error of a socket that connects"),
    allow(SCMP_SYS(mlock), "keys never reach the swap"),
    allow(SCMP_SYS(munlock), "keys that have been wiped"),
    allow(SCMP_SYS(mprotect), "keys are unreadable between uses; never executable",
          {masked(2, PROT_EXEC, 0)}),
    allow(SCMP_SYS(madvise), "keys are kept out of dumps"),
    allow(SCMP_SYS(fchmod), "mode of the key file that is being written"),
    allow(SCMP_SYS(renameat), "put the complete key file in place of the old one"),
    allow(SCMP_SYS(unlinkat), "remove a key file half written"),
};

constexpr CallSet kOwnSet{"keystore", kOwn};
constexpr const CallSet* kCalls[] = {&kCommon, &kKjServer, &kUnixClient,
                                     &kFiles,  &kOwnSet,   &kDangerous};

constexpr Path kPaths[] = {
    {Base::Root, "var/lib/covfefe/keystore", Access::ReadWrite, "the sealed key file"},
};

constexpr Limit kLimits[] = {
    kNoCore,
    kNoProcess,
    kFewFiles,
    {RLIMIT_MEMLOCK, "RLIMIT_MEMLOCK", 8 << 20, "long-term keys, and no more than those"},
};

}  // namespace

constinit const Policy kKeystore{
    "keystore",    {"covfefe-keystore", 63632, "the only user that may read the key file"},
    Threads::None, {},
    kLimits,       kCalls,
    kPaths};

}  // namespace covfefe::sandbox
