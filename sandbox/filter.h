// SPDX-License-Identifier: Apache-2.0
// The policy's calls as a seccomp filter.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "sandbox/policy.h"

namespace covfefe::sandbox {

[[nodiscard]] SysResult<std::uint32_t> load_filter(const Policy& policy, UnknownCall unknown);
// In force for the calling thread and those it starts. Needs no_new_privs. Other machine words
// (i386, x32) than the native one end the process. Returns the number of entries that allow.

[[nodiscard]] std::span<const Call> sanitizer_calls();
// What AddressSanitizer and UBSan need at run time; empty in builds without them.

}  // namespace covfefe::sandbox
