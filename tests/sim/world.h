// SPDX-License-Identifier: Apache-2.0
// Whole routers on a virtual network: real Noise, real codec, a virtual clock, and a network that
// loses, delays, reorders and doubles datagrams as a seed tells it. The same seed gives the same
// run. Time costs only what happens in it: no event looks at nodes that it does not concern.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tests/sim/events.h"
#include "tests/sim/node.h"

namespace covfefe::sim {

inline constexpr WallTime kWallStart{1'700'000'000'000'000'000};
inline constexpr std::size_t kNodesMost = 250;  // of one world: addresses and keystore seeds

struct Datagram {
  Endpoint from;
  Endpoint to;
  Bytes bytes;
};

struct Weather {
  double loss = 0;
  double twice = 0;
  Duration delay = Duration::millis(5);
  Duration jitter{};              // uniform, on top of delay: reorders
  std::size_t largest = 1500;     // longer datagrams vanish
  bool data_sockets_open = true;  // false: only the control port is reachable
  Duration spread{};              // every pair of hosts has a fixed delay of up to this on top
};

class World {
 public:
  explicit World(std::uint64_t seed);

  Node& add(std::string name);
  // The number of nodes never shrinks: a node that is gone has crashed.
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  Node& operator[](std::size_t index) { return *nodes_[index]; }

  void run(Duration time);
  bool run_until(Duration most, const std::function<bool()>& done);
  // Looks after every event; false: time is over.
  bool run_until(Duration most, Duration pause, const std::function<bool()>& done);
  // Looks at every pause: for questions that cost more than an event does.

  void send(const Datagram& datagram);
  // Into the network; whoever has the address gets it, perhaps.
  void cut(const Node& one, const Node& other);
  void mend(const Node& one, const Node& other);
  // Of a cut pair nothing reaches the other.
  void after(Duration time, std::function<void()> what);
  void timer_of(Node& node);
  // The node's deadline may be another now.
  void moved(Node& node, const Address& ip);
  double dice() { return std::uniform_real_distribution<double>(0, 1)(random); }
  [[nodiscard]] WallTime wall() const { return {kWallStart.unix_nanoseconds + now.nanoseconds}; }

  Instant now{1'000'000'000};
  std::mt19937_64 random;
  Weather weather;
  std::uint64_t datagrams = 0;  // that were sent
  std::function<bool(Datagram&)> tap = [](Datagram&) { return true; };
  // Sees every datagram that is sent; false: it is lost.
  std::function<void(Node&, const core::KeystoreRequest&, const core::KeystoreReply&)> keystore_tap;
  // Sees what every keystore was asked and answers.

 private:
  struct TimerOf {
    Node* node;
    Instant due;
  };
  using What = std::variant<std::monostate, Datagram, TimerOf, std::function<void()>>;
  void deliver(const Datagram& datagram);
  void fire(Node& node, Instant due);
  void clocks();
  bool one(Instant until);
  [[nodiscard]] Duration way(const Address& from, const Address& to) const;
  static std::pair<Address, Address> link(const Address& one, const Address& other);

  std::uint64_t seed_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::map<Address, Node*> at_;
  std::set<std::pair<Address, Address>> cut_;
  Events<What> events_;
};

class Pair final : public World {
 public:
  explicit Pair(std::uint64_t seed) : World(seed) {}

  void start();
  // Two friends, alice and bob, with everything attached, at time 1 s.

  Node& alice = add("alice");
  Node& bob = add("bob");
};

}  // namespace covfefe::sim
