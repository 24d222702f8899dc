// SPDX-License-Identifier: Apache-2.0
// Wake-ups as file descriptors. Both are non-blocking and work with any event loop; level-triggered
// readers must drain, edge-triggered ones may.
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "os/fd.h"

namespace covfefe::os {

class EventFd {
 public:
  static SysResult<EventFd> create();
  explicit EventFd(Fd fd) : fd_(std::move(fd)) {}
  // Takes one that another process passed; the other end may signal or drain at will.

  void signal() const;
  // Makes fd() readable. Thread: any. Never blocks: a saturated counter is readable anyway.
  void drain() const;
  // Makes fd() unreadable until the next signal.
  [[nodiscard]] const Fd& fd() const { return fd_; }

 private:
  Fd fd_;
};

class TimerFd {
 public:
  static SysResult<TimerFd> create();
  explicit TimerFd(Fd fd) : fd_(std::move(fd)) {}

  void arm(Instant when);
  // fd() becomes readable at `when` (CLOCK_MONOTONIC, nanoseconds), at once if it has passed;
  // Instant::never() disarms. Arming for the same instant again costs nothing.
  void drain();
  // After it became readable; the timer is disarmed.
  [[nodiscard]] const Fd& fd() const { return fd_; }

 private:
  Fd fd_;
  Instant armed_ = Instant::never();
};

}  // namespace covfefe::os
