// SPDX-License-Identifier: Apache-2.0
#include "os/stream.h"

#include <unistd.h>

#include <array>
#include <cerrno>

#include "os/clock.h"
#include "os/process.h"

namespace covfefe::os {

SysResult<std::string> read_stream(const Fd& socket, std::size_t limit, Duration timeout) {
  const Instant end = monotonic_now() + timeout;
  std::string out;
  std::array<char, 4096> chunk{};
  while (true) {
    const ssize_t got = ::read(socket.number(), chunk.data(), chunk.size());
    if (got == 0) return out;
    if (got > 0) {
      out.append(chunk.data(), static_cast<std::size_t>(got));
      if (out.size() > limit) return SysError{"read", "service", EFBIG};
      continue;
    }
    if (errno != EAGAIN && errno != EINTR) return last_error("read", "service");
    const Duration left = end - monotonic_now();
    if (left <= Duration{}) return SysError{"read", "service", ETIMEDOUT};
    if (auto ready = wait_readable({socket.number()}, left); !ready) return ready.error();
  }
}

}  // namespace covfefe::os
