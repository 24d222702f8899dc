// SPDX-License-Identifier: Apache-2.0
// Sets of calls that several policies name.
#pragma once

#include <sys/resource.h>

#include "sandbox/policy.h"

namespace covfefe::sandbox {

extern const CallSet kCommon;
// What all five use: memory, descriptors below the wall, the end.
extern const CallSet kThreading;
// Starting a thread, and nothing else that clone can do; what the loops of router and shaper share.
extern const CallSet kKjServer;
// What a Cap'n Proto RPC server on inherited Unix sockets needs (KJ 0.9.2 … 1.x).
extern const CallSet kUnixClient;
// Making a Unix socket and connecting it: for those that reconnect to a restarted router.
extern const CallSet kFiles;
// Files below the policy's paths: which paths is Landlock's and the file modes' business.
extern const CallSet kSharedMemory;
// Making, sealing, passing and mapping memory that another process will map.
extern const CallSet kDangerous;
// What no process of this suite ever does; ends the process in every mode.

inline constexpr Limit kNoCore{RLIMIT_CORE, "RLIMIT_CORE", 0,
                               "memory holds keys and plaintext: no core dump"};
inline constexpr Limit kNoLockedMemory{RLIMIT_MEMLOCK, "RLIMIT_MEMLOCK", 0,
                                       "only the keystore keeps memory from the swap"};
inline constexpr Limit kNoProcess{RLIMIT_NPROC, "RLIMIT_NPROC", 0,
                                  "neither another process nor a thread, whatever clone is asked"};
inline constexpr Limit kFewFiles{RLIMIT_NOFILE, "RLIMIT_NOFILE", 128,
                                 "sockets of a few neighbours and operators, and its files"};

}  // namespace covfefe::sandbox
