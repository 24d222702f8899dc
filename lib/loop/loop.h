// SPDX-License-Identifier: Apache-2.0
// One libevent loop for one thread; the only place that knows libevent. Callbacks run inside run(),
// one at a time. Nothing here may be called from another thread: other threads wake the loop by a
// descriptor that it watches (os::Mailbox, os::EventFd). No signal handling. Timers have the
// precision of timerfd.
#pragma once

#include <functional>
#include <memory>

#include "base/instant.h"
#include "base/result.h"
#include "os/fd.h"

namespace covfefe::loop {

class Loop;

class Watch {
 public:
  Watch();  // watches nothing
  Watch(Watch&&) noexcept;
  Watch& operator=(Watch&&) noexcept;
  ~Watch();
  // Ends the watch; must happen before the descriptor is closed and before its Loop dies. May be
  // called from inside the watch's own callback.

  void pause();
  void resume();
  // A paused watch stays registered here but does not call back (A19: a detached router stops
  // reading the TUN).

 private:
  friend class Loop;
  struct State;
  explicit Watch(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class Timer {
 public:
  Timer();  // can never fire
  Timer(Timer&&) noexcept;
  Timer& operator=(Timer&&) noexcept;
  ~Timer();

  void at(Instant when);
  // One call at or after `when`, never before; replaces an earlier time. never() disarms. The same
  // time again costs no system call.

 private:
  friend class Loop;
  struct State;
  explicit Timer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class Loop {
 public:
  static SysResult<Loop> create();
  // Opens the epoll descriptor: before confine.
  Loop(Loop&&) noexcept;
  Loop& operator=(Loop&&) noexcept;
  ~Loop();

  [[nodiscard]] SysResult<Watch> on_readable(const os::Fd& fd, std::function<void()> call);
  // `call` runs whenever fd is readable or hung up (level-triggered: it must read or end the
  // watch). The descriptor stays the caller's and must outlive the Watch.
  [[nodiscard]] SysResult<Watch> on_writable(const os::Fd& fd, std::function<void()> call);
  // The same when fd takes bytes again, paused at first: resume() it when a write was refused.
  [[nodiscard]] SysResult<Timer> timer(std::function<void()> call);
  // Opens one timerfd.

  void run();
  // Until stop(), or until nothing is watched.
  void stop();
  // From a callback: run() returns after this callback. Before run(): no effect.

 private:
  struct State;
  SysResult<Watch> watch(const os::Fd& fd, short events, std::function<void()> call);
  explicit Loop(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace covfefe::loop
