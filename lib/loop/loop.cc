// SPDX-License-Identifier: Apache-2.0
#include "loop/loop.h"

#include <event2/event.h>

#include <cerrno>
#include <utility>

#include "base/check.h"
#include "os/eventfd.h"

namespace covfefe::loop {
namespace {

struct FreeBase {
  void operator()(event_base* base) const { event_base_free(base); }
};
struct FreeEvent {
  void operator()(event* watched) const { event_free(watched); }
};
struct FreeConfig {
  void operator()(event_config* config) const { event_config_free(config); }
};

}  // namespace

struct Loop::State {
  std::unique_ptr<event_base, FreeBase> base;
};

struct Watch::State {
  std::function<void()> call;
  bool in_call = false;
  bool ended_in_call = false;
  std::unique_ptr<event, FreeEvent> watched;

  static void on_event(evutil_socket_t, short, void* argument) {
    auto* self = static_cast<State*>(argument);
    self->in_call = true;
    self->call();
    self->in_call = false;
    if (self->ended_in_call) delete self;
  }

  static void end(std::unique_ptr<State> state) {
    if (state == nullptr || !state->in_call) return;
    // The function object is running: on_event deletes it when it has returned.
    state->watched.reset();
    state.release()->ended_in_call = true;
  }
};

Watch::Watch() = default;
Watch::Watch(std::unique_ptr<State> state) : state_(std::move(state)) {}
Watch::Watch(Watch&&) noexcept = default;
Watch& Watch::operator=(Watch&& other) noexcept {
  if (this != &other) {
    State::end(std::move(state_));
    state_ = std::move(other.state_);
  }
  return *this;
}
Watch::~Watch() {
  State::end(std::move(state_));
}

void Watch::pause() {
  if (state_ != nullptr) event_del(state_->watched.get());
}
void Watch::resume() {
  if (state_ != nullptr) CHECK(event_add(state_->watched.get(), nullptr) == 0);
}

struct Timer::State {
  explicit State(os::TimerFd opened) : timer(std::move(opened)) {}
  os::TimerFd timer;
  Watch watch;  // after the timer: ended before its descriptor is closed
};

Timer::Timer() = default;
Timer::Timer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Timer::Timer(Timer&&) noexcept = default;
Timer& Timer::operator=(Timer&&) noexcept = default;
Timer::~Timer() = default;

void Timer::at(Instant when) {
  CHECK(state_ != nullptr);
  state_->timer.arm(when);
}

Loop::Loop(std::unique_ptr<State> state) : state_(std::move(state)) {}
Loop::Loop(Loop&&) noexcept = default;
Loop& Loop::operator=(Loop&&) noexcept = default;
Loop::~Loop() = default;

SysResult<Loop> Loop::create() {
  const std::unique_ptr<event_config, FreeConfig> config(event_config_new());
  if (config == nullptr) return SysError{"event_config_new", "", ENOMEM};
  event_config_set_flag(config.get(), EVENT_BASE_FLAG_NOLOCK);
  event_config_set_flag(config.get(), EVENT_BASE_FLAG_IGNORE_ENV);
  auto state = std::make_unique<State>();
  state->base.reset(event_base_new_with_config(config.get()));
  if (state->base == nullptr) return SysError{"event_base_new_with_config", "", errno};
  return Loop(std::move(state));
}

SysResult<Watch> Loop::watch(const os::Fd& fd, short events, std::function<void()> call) {
  auto state = std::make_unique<Watch::State>();
  state->call = std::move(call);
  state->watched.reset(event_new(state_->base.get(), fd.number(),
                                 static_cast<short>(events | EV_PERSIST), Watch::State::on_event,
                                 state.get()));
  if (state->watched == nullptr) return SysError{"event_new", "", ENOMEM};
  return Watch(std::move(state));
}

SysResult<Watch> Loop::on_readable(const os::Fd& fd, std::function<void()> call) {
  SysResult<Watch> out = watch(fd, EV_READ, std::move(call));
  if (out && event_add(out->state_->watched.get(), nullptr) != 0) {
    return SysError{"watch", std::to_string(fd.number()), errno};
  }
  return out;
}

SysResult<Watch> Loop::on_writable(const os::Fd& fd, std::function<void()> call) {
  return watch(fd, EV_WRITE, std::move(call));
}

SysResult<Timer> Loop::timer(std::function<void()> call) {
  SysResult<os::TimerFd> opened = os::TimerFd::create();
  if (!opened) return opened.error();
  auto state = std::make_unique<Timer::State>(std::move(*opened));
  auto ring = [timer = &state->timer, call = std::move(call)] {
    // First: the callback may arm it again, or destroy it.
    timer->drain();
    call();
  };
  SysResult<Watch> watch = on_readable(state->timer.fd(), std::move(ring));
  if (!watch) return watch.error();
  state->watch = std::move(*watch);
  return Timer(std::move(state));
}

void Loop::run() {
  CHECK(event_base_loop(state_->base.get(), 0) >= 0);
}
void Loop::stop() {
  event_base_loopbreak(state_->base.get());
}

}  // namespace covfefe::loop
