// SPDX-License-Identifier: Apache-2.0
// Randomness of the kernel for what is no key: jitter, first numbers. Keys have lib/crypto.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace covfefe::os {

[[nodiscard]] SysResult<std::uint64_t> random_seed();
// getrandom(2): once at start, before a jail that does not have it.

}  // namespace covfefe::os
