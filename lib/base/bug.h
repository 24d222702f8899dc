// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <source_location>

namespace covfefe {

[[noreturn]] void bug(const char* what,
                      std::source_location where = std::source_location::current());
// Writes one line to standard error and aborts. For states that only our own fault can reach.

}  // namespace covfefe
