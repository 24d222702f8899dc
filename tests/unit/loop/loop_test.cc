// SPDX-License-Identifier: Apache-2.0
#include "loop/loop.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <optional>
#include <thread>

#include "os/clock.h"
#include "os/eventfd.h"
#include "os/mailbox.h"

using namespace covfefe;

namespace {

loop::Loop new_loop() {
  auto made = loop::Loop::create();
  REQUIRE(made.ok());
  return std::move(*made);
}

os::EventFd new_event() {
  auto made = os::EventFd::create();
  REQUIRE(made.ok());
  return std::move(*made);
}

loop::Watch watch(loop::Loop& loop, const os::Fd& fd, std::function<void()> call) {
  auto made = loop.on_readable(fd, std::move(call));
  REQUIRE(made.ok());
  return std::move(*made);
}

loop::Timer timer(loop::Loop& loop, std::function<void()> call) {
  auto made = loop.timer(std::move(call));
  REQUIRE(made.ok());
  return std::move(*made);
}

}  // namespace

TEST_CASE("a readable descriptor calls until it is drained, then no more") {
  loop::Loop loop = new_loop();
  const os::EventFd event = new_event();
  int calls = 0;
  const loop::Watch watching = watch(loop, event.fd(), [&] {
    if (++calls == 3) event.drain();
  });
  event.signal();
  loop::Timer end = timer(loop, [&] { loop.stop(); });
  end.at(os::monotonic_now() + Duration::millis(30));
  loop.run();
  CHECK(calls == 3);
}

TEST_CASE("a paused watch does not call and a resumed one does") {
  loop::Loop loop = new_loop();
  const os::EventFd event = new_event();
  int calls = 0;
  loop::Watch watching = watch(loop, event.fd(), [&] {
    ++calls;
    loop.stop();
  });
  watching.pause();
  event.signal();
  loop::Timer end = timer(loop, [&] { loop.stop(); });
  end.at(os::monotonic_now() + Duration::millis(10));
  loop.run();
  CHECK(calls == 0);
  watching.resume();
  loop.run();
  CHECK(calls == 1);
}

TEST_CASE("run returns when nothing is watched") {
  loop::Loop loop = new_loop();
  loop.run();
  const os::EventFd event = new_event();
  std::optional<loop::Watch> watching;
  watching = watch(loop, event.fd(), [&] { watching.reset(); });
  event.signal();
  loop.run();
  CHECK_FALSE(watching.has_value());
}

TEST_CASE("a watch that ends itself keeps its captures until its callback has returned") {
  loop::Loop loop = new_loop();
  const os::EventFd event = new_event();
  std::optional<loop::Watch> watching;
  const std::string expected(200, 'c');
  std::string seen;
  watching = watch(loop, event.fd(), [&, held = expected] {
    watching.reset();
    seen = held;
  });
  event.signal();
  loop.run();
  CHECK(seen == expected);
}

TEST_CASE("a watch can be replaced from its own callback") {
  loop::Loop loop = new_loop();
  const os::EventFd first = new_event();
  const os::EventFd second = new_event();
  int second_calls = 0;
  loop::Watch watching = watch(loop, first.fd(), [&] {
    watching = watch(loop, second.fd(), [&] {
      ++second_calls;
      loop.stop();
    });
    second.signal();
  });
  first.signal();
  loop.run();
  CHECK(second_calls == 1);
}

TEST_CASE("a timer never fires early, and fires in the order of time") {
  loop::Loop loop = new_loop();
  std::vector<int> order;
  const Instant start = os::monotonic_now();
  const Instant late = start + Duration::millis(15);
  const Instant soon = start + Duration::micros(500);
  bool early = false;
  loop::Timer a = timer(loop, [&] {
    early = early || os::monotonic_now() < late;
    order.push_back(2);
    loop.stop();
  });
  loop::Timer b = timer(loop, [&] {
    early = early || os::monotonic_now() < soon;
    order.push_back(1);
  });
  a.at(late);
  b.at(soon);
  loop.run();
  CHECK(order == std::vector<int>{1, 2});
  CHECK_FALSE(early);
}

TEST_CASE("a timer is one-shot, re-armed from its own callback, and replaced by a later at") {
  loop::Loop loop = new_loop();
  int calls = 0;
  loop::Timer tick = timer(loop, [] {});
  tick = timer(loop, [&] {
    if (++calls == 3) return loop.stop();
    tick.at(os::monotonic_now());
  });
  tick.at(os::monotonic_now());
  tick.at(os::monotonic_now() + Duration::millis(1));
  loop.run();
  CHECK(calls == 3);
}

TEST_CASE("a timer set to never, or destroyed, does not fire") {
  loop::Loop loop = new_loop();
  int calls = 0;
  loop::Timer never = timer(loop, [&] { ++calls; });
  never.at(os::monotonic_now());
  never.at(Instant::never());
  {
    timer(loop, [&] { ++calls; }).at(os::monotonic_now());
  }
  loop::Timer end = timer(loop, [&] { loop.stop(); });
  end.at(os::monotonic_now() + Duration::millis(10));
  loop.run();
  CHECK(calls == 0);
}

TEST_CASE("a timer can destroy itself in its callback") {
  loop::Loop loop = new_loop();
  std::optional<loop::Timer> once;
  int calls = 0;
  once = timer(loop, [&] {
    once.reset();
    ++calls;
  });
  once->at(os::monotonic_now());
  loop.run();
  CHECK(calls == 1);
}

TEST_CASE("a mailbox from another thread wakes the loop until the stop message") {
  loop::Loop loop = new_loop();
  auto made = os::Mailbox<int>::create(16);
  REQUIRE(made.ok());
  os::Mailbox<int>& box = **made;
  int sum = 0;
  const loop::Watch watching = watch(loop, box.wake_fd(), [&] {
    box.drain([&](int value) {
      sum += value;
      if (value == 0) loop.stop();
    });
  });
  std::thread other([&box] {
    for (const int value : {1, 2, 3, 0}) (void)box.push(value);
  });
  loop.run();
  other.join();
  CHECK(sum == 6);
}
