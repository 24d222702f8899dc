// SPDX-License-Identifier: Apache-2.0
#include "os/random_seed.h"

#include <sys/random.h>

#include <cerrno>

namespace covfefe::os {

SysResult<std::uint64_t> random_seed() {
  std::uint64_t out = 0;
  if (::getrandom(&out, sizeof out, 0) != static_cast<ssize_t>(sizeof out)) {
    return SysError{"getrandom", {}, errno};
  }
  return out;
}

}  // namespace covfefe::os
