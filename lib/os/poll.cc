// SPDX-License-Identifier: Apache-2.0
#include "os/poll.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "os/clock.h"

namespace covfefe::os {
namespace {

constexpr std::size_t kMostWaited = 8;

int milliseconds_until(Instant until) {
  if (until.is_never()) return -1;
  const Duration left = until - monotonic_now();
  // Rounded up: waking early would only mean waiting again.
  const std::int64_t millis = (left.nanoseconds + 999'999) / 1'000'000;
  return static_cast<int>(std::clamp<std::int64_t>(millis, 0, INT_MAX));
}

}  // namespace

SysResult<void> wait(std::span<Waited> all, Instant until) {
  if (all.size() > kMostWaited) return SysError{"poll", std::to_string(all.size()), EINVAL};
  std::array<pollfd, kMostWaited> polled{};
  for (std::size_t i = 0; i < all.size(); ++i) {
    polled[i].fd = all[i].fd == nullptr ? -1 : all[i].fd->number();
    polled[i].events = all[i].what == WaitFor::Readable ? POLLIN : 0;
    all[i].happened = false;
  }
  const int n = ::poll(polled.data(), all.size(), milliseconds_until(until));
  if (n < 0 && errno != EINTR) return last_error("poll", "");
  for (std::size_t i = 0; n > 0 && i < all.size(); ++i) all[i].happened = polled[i].revents != 0;
  return {};
}

}  // namespace covfefe::os
