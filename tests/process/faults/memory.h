// SPDX-License-Identifier: Apache-2.0
// malloc, calloc and realloc of the whole program, libraries included, that fail when told to.
#pragma once

#include <cstdint>

namespace covfefe::faults {

void fail_allocation(std::uint64_t nth);
// Counts from now on; the nth allocation from here fails, once. 0: none does.
[[nodiscard]] std::uint64_t allocations();
// Since then.

}  // namespace covfefe::faults
