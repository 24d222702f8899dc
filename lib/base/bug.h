// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace covfefe {

[[noreturn]] void bug(const char* what, const char* file = __builtin_FILE(),
                      int line = __builtin_LINE());
// Writes one line to standard error and aborts. For states that only our own fault can reach.
// Not std::source_location: clang 14 has none with this standard library.

}  // namespace covfefe
