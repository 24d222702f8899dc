// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/world.h"

#include <algorithm>

namespace covfefe::sim {

namespace {

constexpr Duration kClockEvery = Duration::seconds(10);
constexpr Duration kLeast = Duration::micros(1);

std::uint64_t mixed(std::uint64_t seed, const Address& address) {
  std::uint64_t value = seed;
  for (const std::uint8_t byte : address.bytes) {
    value = (value ^ byte) * 0x100000001b3;  // FNV-1a
  }
  return value;
}

}  // namespace

World::World(std::uint64_t seed) : random(seed), seed_(seed) {
  after(kClockEvery, [this] { clocks(); });
}

Node& World::add(std::string name) {
  if (nodes_.size() == kNodesMost) bug("more nodes than the world has room for");
  const auto number = static_cast<std::uint8_t>(nodes_.size() + 1);
  nodes_.push_back(std::make_unique<Node>(*this, number, std::move(name)));
  Node& node = *nodes_.back();
  at_[node.ip] = &node;
  return node;
}

void World::after(Duration time, std::function<void()> what) {
  events_.add(now + std::max(time, kLeast), std::move(what));
}

void World::clocks() {
  for (const auto& node : nodes_) {
    if (node->alive()) node->feed(core::Clock{wall()});
  }
  after(kClockEvery, [this] { clocks(); });
}

// ---- the network --------------------------------------------------------------------------------

std::pair<Address, Address> World::link(const Address& one, const Address& other) {
  return one < other ? std::pair{one, other} : std::pair{other, one};
}

void World::cut(const Node& one, const Node& other) {
  cut_.insert(link(one.ip, other.ip));
}

void World::mend(const Node& one, const Node& other) {
  cut_.erase(link(one.ip, other.ip));
}

void World::moved(Node& node, const Address& ip) {
  at_.erase(node.ip);
  at_[ip] = &node;
}

Duration World::way(const Address& from, const Address& to) const {
  if (weather.spread == Duration{}) return weather.delay;
  const auto [one, other] = link(from, to);
  const std::uint64_t mix = mixed(mixed(seed_, one), other);
  const double part = static_cast<double>(mix >> 11) / static_cast<double>(1ULL << 53);
  return weather.delay + Duration{static_cast<std::int64_t>(
                             part * static_cast<double>(weather.spread.nanoseconds))};
}

void World::send(const Datagram& datagram) {
  ++datagrams;
  Datagram copied = datagram;
  if (!tap(copied)) return;
  if (copied.bytes.size() > weather.largest || dice() < weather.loss) return;
  if (!weather.data_sockets_open && copied.to.port != kControlPort) return;
  if (!cut_.empty() && cut_.contains(link(copied.from.ip, copied.to.ip))) return;
  const int copies = dice() < weather.twice ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    const auto jitter =
        static_cast<std::int64_t>(dice() * static_cast<double>(weather.jitter.nanoseconds));
    events_.add(now + std::max(way(copied.from.ip, copied.to.ip) + Duration{jitter}, kLeast),
                copied);
  }
}

void World::deliver(const Datagram& datagram) {
  const auto found = at_.find(datagram.to.ip);
  const unsigned socket = static_cast<unsigned>(datagram.to.port) - kControlPort;
  if (found == at_.end() || socket > 2 || !found->second->alive()) return;
  const core::DatagramIn in{
      datagram.bytes, datagram.from, {datagram.to.ip, 1}, static_cast<std::uint8_t>(socket)};
  found->second->feed(core::Datagrams{{&in, 1}});
}

// ---- time ---------------------------------------------------------------------------------------

// A node has one timer that counts; those that it replaced do nothing when they come.
void World::timer_of(Node& node) {
  if (!node.alive()) return;
  const Instant due = node.router->next_deadline();
  if (due.is_never() || due >= node.awaited_timer_) return;
  node.awaited_timer_ = due;
  // A deadline that stays past would hold the clock still: the world moves on regardless.
  events_.add(std::max(due, now + Duration{1}), TimerOf{&node, due});
}

void World::fire(Node& node, Instant due) {
  if (due != node.awaited_timer_) return;  // an earlier one took its place
  node.awaited_timer_ = Instant::never();
  if (!node.alive()) return;
  if (node.router->next_deadline() <= now) {
    node.feed(core::Timer{});
  } else {
    timer_of(node);
  }
}

bool World::one(Instant until) {
  const Instant next = events_.next();
  if (next > until) {
    now = until;
    return false;
  }
  now = std::max(now, next);
  const What what = events_.take();
  if (const auto* datagram = std::get_if<Datagram>(&what)) deliver(*datagram);
  if (const auto* timer = std::get_if<TimerOf>(&what)) fire(*timer->node, timer->due);
  if (const auto* act = std::get_if<std::function<void()>>(&what)) (*act)();
  return true;
}

void World::run(Duration time) {
  const Instant until = now + time;
  while (one(until)) continue;
}

bool World::run_until(Duration most, const std::function<bool()>& done) {
  const Instant until = now + most;
  do {
    if (done()) return true;
  } while (one(until));
  return done();
}

bool World::run_until(Duration most, Duration pause, const std::function<bool()>& done) {
  const Instant until = now + most;
  while (!done()) {
    if (now >= until) return false;
    run(std::min(pause, until - now));
  }
  return true;
}

void Pair::start() {
  alice.befriend(bob);
  bob.befriend(alice);
  alice.boot();
  bob.boot();
}

}  // namespace covfefe::sim
