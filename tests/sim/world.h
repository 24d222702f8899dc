// SPDX-License-Identifier: Apache-2.0
// Whole routers on a virtual network: real Noise, real codec, a virtual clock, and a network that
// loses, delays, reorders and doubles datagrams as a seed tells it. The same seed gives the same
// run.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <vector>

#include "core/router.h"
#include "crypto/drbg.h"
#include "rpc/control_codec.h"
#include "tests/support/fake_keystore.h"

namespace covfefe::sim {

using Bytes = std::vector<std::uint8_t>;

inline constexpr std::uint16_t kControlPort = 6363;  // data sockets: the next two
inline constexpr WallTime kWallStart{1'700'000'000'000'000'000};

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
};

class World;

class Node final : public core::Effects {
 public:
  Node(World& world, std::uint8_t number);

  void boot();
  // A router process starts: new boot id, empty state; the keystore stays.
  void befriend(const Node& other, bool right_key = true);
  // Takes effect with the next push_friends.
  void push_friends();
  void keystore(bool attached);
  void keystore_attached(bool attached) { keystore_attached_ = attached; }
  // The same before boot().
  void shaper(bool attached);
  void move_to(const Address& ip);
  // The network gives this node another address; the router is not told.

  void feed(const core::Input& input);
  void tun(const Bytes& packet);
  void ping(const Node& to, std::uint16_t sequence, std::size_t size = 64, std::uint8_t dscp = 0);
  // An echo request from this node's applications; other nodes' hosts answer.
  [[nodiscard]] std::size_t pongs() const { return pongs_.size(); }
  [[nodiscard]] bool ponged(std::uint16_t sequence) const { return pongs_.contains(sequence); }
  [[nodiscard]] core::FriendReport about(std::size_t index = 0);
  [[nodiscard]] std::uint64_t counter(std::string_view name);
  [[nodiscard]] std::vector<core::Finding> why(const Address& peer);
  [[nodiscard]] bool session_up() { return about().session_up; }

  core::Frame acquire(core::Lane lane) override;
  void post(const core::Frame& frame, const core::Posting& posting) override;
  void release(const core::Frame& frame) override;
  void cancel(FlowId, std::uint32_t) override {}
  void deliver(std::span<const ByteView> packets) override;
  void ask(core::KeystoreRequest request) override;
  void tell(core::Report report) override;

  test::FakeKeystore keys;
  Address ip;
  std::unique_ptr<core::Router> router;
  std::vector<Bytes> delivered;  // everything that the TUN got, newest last
  std::size_t doubled = 0;       // echo requests that were delivered twice
  std::size_t asked = 0;         // of the keystore
  std::vector<core::Report> reports;

 private:
  friend class World;
  struct Sent {
    core::Posting posting;
    Bytes bytes;
  };
  void settle();
  void host(const Bytes& packet);
  template <typename Report>
  Report answer(const decltype(core::Query::what)& question);

  World& world_;
  crypto::Drbg random_;
  rpc::ControlCodec codec_;
  std::vector<core::Friend> friends_;
  bool keystore_attached_ = true;
  bool shaper_attached_ = true;
  std::map<std::uint32_t, Bytes> frames_;
  std::uint32_t next_frame_ = 1;
  std::vector<Sent> sent_;
  std::map<std::uint16_t, std::size_t> pongs_;
  std::map<std::pair<Address, std::uint16_t>, std::size_t> requests_;
  std::deque<Bytes> to_tun_;
  std::uint64_t next_query_ = 1;
  std::uint64_t life_ = 0;  // answers to an earlier router are dropped
};

class World {
 public:
  explicit World(std::uint64_t seed);

  void start();
  // Two friends, alice and bob, with everything attached, at time 1 s.
  void run(Duration time);
  bool run_until(Duration most, const std::function<bool()>& done);
  // Looks after every event; false: time is over.

  void send(const Datagram& datagram);
  // Into the network; whoever has the address gets it, perhaps.
  void after(Duration time, std::function<void()> what);
  double dice() { return std::uniform_real_distribution<double>(0, 1)(random); }

  Instant now{1'000'000'000};
  std::mt19937_64 random;
  Weather weather;
  std::function<bool(Datagram&)> tap = [](Datagram&) { return true; };
  // Sees every datagram that is sent; false: it is lost.
  Node alice;
  Node bob;

 private:
  struct Event {
    Instant at;
    std::uint64_t order;
    std::function<void()> what;
    bool operator>(const Event& o) const { return at != o.at ? at > o.at : order > o.order; }
  };
  void deliver(const Datagram& datagram);
  bool one(Instant until);

  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::uint64_t order_ = 0;
};

}  // namespace covfefe::sim
