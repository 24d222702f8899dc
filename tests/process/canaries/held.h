// SPDX-License-Identifier: Apache-2.0
// What a twin holds, as its service would: inherited sockets, the TUN device, and what an attacker
// would have brought along (a program in memory).
#pragma once

#include <string>
#include <string_view>

#include "sandbox/policy.h"
#include "tests/process/sandbox/jail_acts.h"

namespace covfefe::test {

void furnish(const std::string& root);
// Files of a node and sockets of its operator below `root`, as init and up make them, but for this:
// every file may be read and written by all, so that only the jail stands before it.

[[nodiscard]] Held hold_as_launched(const char* root, pid_t other);
// By root, in a network name space that the caller has made: a TUN device is attached.

[[nodiscard]] Held hold_as_unit();
// What systemd has passed: sockets, and the TUN device where it is not for the process to open.

void start_as_many_threads(sandbox::Threads threads);
// As the service of such a policy has once it is READY. Ends the process if that is refused.

}  // namespace covfefe::test
