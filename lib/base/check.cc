// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace covfefe {

void bug(const char* what, const char* file, int line) {
  std::fprintf(stderr, "bug: %s (%s:%d)\n", what, file, line);
  std::abort();
}

}  // namespace covfefe
