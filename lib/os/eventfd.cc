// SPDX-License-Identifier: Apache-2.0
#include "os/eventfd.h"

#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>

namespace covfefe::os {
namespace {

void drain_counter(const Fd& fd) {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t n = ::read(fd.number(), &count, sizeof count);
}

}  // namespace

SysResult<EventFd> EventFd::create() {
  Fd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd.valid()) return last_error("eventfd", "");
  return EventFd(std::move(fd));
}

void EventFd::signal() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(fd_.number(), &one, sizeof one);
}

void EventFd::drain() const {
  drain_counter(fd_);
}

SysResult<TimerFd> TimerFd::create() {
  Fd fd(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!fd.valid()) return last_error("timerfd_create", "");
  return TimerFd(std::move(fd));
}

void TimerFd::arm(Instant when) {
  if (when == armed_) return;
  armed_ = when;
  itimerspec spec{};
  if (!when.is_never()) {
    // An it_value of zero would disarm: an instant at or before the clock's start is just due.
    const std::int64_t at = std::max<std::int64_t>(when.nanoseconds, 1);
    spec.it_value.tv_sec = at / 1'000'000'000;
    spec.it_value.tv_nsec = at % 1'000'000'000;
  }
  // Cannot fail: a valid timerfd and a normalised time.
  ::timerfd_settime(fd_.number(), TFD_TIMER_ABSTIME, &spec, nullptr);
}

void TimerFd::drain() {
  armed_ = Instant::never();
  drain_counter(fd_);
}

}  // namespace covfefe::os
