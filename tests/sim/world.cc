// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/world.h"

#include <algorithm>

namespace covfefe::sim {

namespace {

constexpr Duration kClockEvery = Duration::seconds(10);
constexpr Duration kLeast = Duration::micros(1);

}  // namespace

World::World(std::uint64_t seed) : random(seed), alice(*this, 1), bob(*this, 2) {}

void World::start() {
  alice.befriend(bob);
  bob.befriend(alice);
  alice.boot();
  bob.boot();
}

void World::after(Duration time, std::function<void()> what) {
  events_.push({now + std::max(time, kLeast), order_++, std::move(what)});
}

void World::send(const Datagram& datagram) {
  Datagram copied = datagram;
  if (!tap(copied)) return;
  if (copied.bytes.size() > weather.largest || dice() < weather.loss) return;
  if (!weather.data_sockets_open && copied.to.port != kControlPort) return;
  const int copies = dice() < weather.twice ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    const auto jitter =
        static_cast<std::int64_t>(dice() * static_cast<double>(weather.jitter.nanoseconds));
    after(weather.delay + Duration{jitter}, [this, copied] { deliver(copied); });
  }
}

void World::deliver(const Datagram& datagram) {
  for (Node* node : {&alice, &bob}) {
    const unsigned socket = static_cast<unsigned>(datagram.to.port) - kControlPort;
    if (node->ip != datagram.to.ip || socket > 2 || !node->router) continue;
    const core::DatagramIn in{
        datagram.bytes, datagram.from, {datagram.to.ip, 1}, static_cast<std::uint8_t>(socket)};
    node->feed(core::Datagrams{{&in, 1}});
  }
}

bool World::one(Instant until) {
  Instant next = events_.empty() ? Instant::never() : events_.top().at;
  Node* timer = nullptr;
  for (Node* node : {&alice, &bob}) {
    if (!node->router || node->router->next_deadline() >= next) continue;
    next = node->router->next_deadline();
    timer = node;
  }
  if (next > until) {
    now = until;
    return false;
  }
  // A deadline that stays past would hold the clock still: the world moves on regardless.
  now = std::max(next, now + (timer != nullptr ? Duration{1} : Duration{}));
  if (timer != nullptr) {
    timer->feed(core::Timer{});
    return true;
  }
  const std::function<void()> what = events_.top().what;
  events_.pop();
  what();
  return true;
}

void World::run(Duration time) {
  (void)run_until(time, [] { return false; });
}

bool World::run_until(Duration most, const std::function<bool()>& done) {
  const Instant until = now + most;
  Instant clock = now + kClockEvery;
  while (now < until) {
    if (done()) return true;
    if (one(std::min(until, clock)) || now < clock) continue;
    for (Node* node : {&alice, &bob}) {
      if (node->router) {
        node->feed(core::Clock{{kWallStart.unix_nanoseconds + now.nanoseconds}});
      }
    }
    clock = now + kClockEvery;
  }
  return done();
}

}  // namespace covfefe::sim
