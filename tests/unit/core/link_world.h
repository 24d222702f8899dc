// SPDX-License-Identifier: Apache-2.0
// Several nodes' link layers on a virtual network with a virtual clock: real handshakes, real
// cells, the real control codec; latency, loss and size limits as the test says. Deterministic.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/link/links.h"
#include "crypto/drbg.h"
#include "rpc/control_codec.h"
#include "tests/support/fake_keystore.h"
#include "tests/unit/core/slot_shaper.h"

namespace covfefe::test {

class World;

struct Packet {
  std::vector<std::uint8_t> bytes;
  Endpoint from;
  Endpoint to;
};

class Node final : public core::LinkEvents, public core::Effects {
 public:
  Node(World& world, std::uint8_t number);

  void restart_router();  // a new Links with a new boot id; keystore and endpoints stay
  void befriend(Node& other);
  void load_friends();
  template <typename F>
  void step(F&& inputs);
  void timer();
  void receive(const Packet& packet, std::uint8_t socket);
  void answer_keystore();
  void complete();
  void slots();                        // what is due in the idle lanes leaves
  void move_to(std::uint8_t network);  // new addresses on all sockets
  void send_data(core::LinkSlot slot, core::Lane lane, core::CellSize size) {
    send_data(slot, core::unleased(lane), size);
  }
  void send_data(core::LinkSlot slot, FlowClass as, core::CellSize size);
  [[nodiscard]] core::LinkSlot slot(const Node& other) const;
  [[nodiscard]] core::FriendReport report(const Node& other) const;
  [[nodiscard]] std::uint64_t counter(const std::string& name) const;
  [[nodiscard]] bool up(const Node& other) const;

  // core::LinkEvents
  void on_cell(core::LinkSlot link, const core::CellHeader& header, ByteView onion,
               Instant now) override;
  void on_control(core::LinkSlot link, const wire::Control& message, Instant now) override;
  void on_destroy(core::LinkSlot link, CircuitId circuit, wire::DestroyReason reason,
                  Instant now) override;
  void on_build(core::LinkSlot link, const wire::BuildFrame& build, Instant now) override;
  void on_built(core::LinkSlot link, const wire::BuiltFrame& built, Instant now) override;
  void on_friend(core::LinkSlot link, const core::Friend& who) override;
  void on_link_up(core::LinkSlot link, core::Boot boot, Instant now) override;
  void on_link_down(core::LinkSlot link, Instant now) override;
  void on_link_gone(core::LinkSlot link) override;

  // core::Effects
  core::Frame acquire(core::Lane lane) override;
  void post(const core::Frame& frame, const core::Posting& posting) override;
  void release(const core::Frame& frame) override;
  void cancel(FlowId flow, std::uint32_t epoch) override;
  void deliver(std::span<const ByteView> packets) override;
  void ask(core::KeystoreRequest request) override;
  void tell(core::Report report) override;
  void ask(core::ShaperRequest) override {}
  void measured(FlowId flow, const core::PathSample& sample) override;

  World& world;
  FakeKeystore keystore;
  crypto::Drbg random;
  rpc::ControlCodec codec;
  std::unique_ptr<core::Links> links;
  std::array<Endpoint, 3> sockets{};
  core::FriendTable table;
  bool keystore_alive = true;
  bool shaper_stalled = false;  // frames leave, completions do not come back
  bool data_sockets = true;
  std::size_t frames_held = 0;
  SlotShaper shaper;  // asked only about what waits for slots

  std::deque<core::KeystoreRequest> asked;
  std::deque<core::Completion> completions;
  std::size_t asks = 0;

  struct Cell {
    core::CellHeader header;
    std::vector<std::uint8_t> onion;
  };
  std::vector<Cell> cells;
  std::vector<wire::Control> controls;
  std::vector<std::pair<CircuitId, wire::DestroyReason>> destroyed;
  std::vector<bool> ups;  // new_boot of each on_link_up
  int downs = 0;
  int gone = 0;
  std::vector<core::EndpointLearned> learned;
  std::map<std::uint8_t, std::size_t> posted_on;  // per socket
  struct Left {
    Instant at;
    core::Posting posting;
  };
  std::vector<Left> left;  // every datagram that was sent
  struct Measured {
    Instant at;
    FlowId flow;
    core::PathSample sample;
  };
  std::vector<Measured> samples;
  std::vector<core::LinkPlaces> places;
  std::vector<std::pair<FlowId, std::uint32_t>> cancels;
  std::size_t timers = 0;
  std::function<bool(const core::Posting&, const Packet&)>
      steal;                                        // true: the network never sees it
  std::function<void(core::KeystoreReply&)> twist;  // what its keystore says instead
  std::vector<std::vector<std::uint8_t>> pool;
  std::uint64_t cell_counter = 0;

 private:
  void transmit(const Held& one);
};

class World {
 public:
  World();

  Node& add();
  void run_for(Duration span);
  bool run_until(const std::function<bool()>& done, Duration most);
  void send(const Packet& packet);  // into the network, from whoever it says

  Instant now{Duration::seconds(1000).nanoseconds};
  Duration latency = Duration::millis(10);
  std::function<Duration(const Packet&)> queue;  // waits so much longer on the way
  std::size_t mtu = 1400;                        // longest datagram that passes
  std::function<bool(const Packet&)> lose;       // true: this one vanishes
  std::vector<std::unique_ptr<Node>> nodes;
  std::vector<Packet> captured;  // every datagram sent, when capture is on
  bool capture = false;

 private:
  [[nodiscard]] Instant next_event() const;
  void deliver_due();

  std::multimap<Instant, Packet> flying_;
};

template <typename F>
void Node::step(F&& inputs) {
  links->begin(world.now, *this);
  inputs();
  links->end();
}

// Two nodes that are friends of each other; load() starts them.
struct Two {
  World world;
  Node& a = world.add();
  Node& b = world.add();
  Two() {
    a.befriend(b);
    b.befriend(a);
  }
  void load() {
    a.load_friends();
    b.load_friends();
  }
  bool both_up(Duration most = Duration::seconds(2)) {
    return world.run_until([&] { return a.up(b) && b.up(a); }, most);
  }
  bool exchange(core::Lane lane = core::Lane::Bulk, core::CellSize size = core::CellSize::Large) {
    const std::size_t at_a = a.cells.size();
    const std::size_t at_b = b.cells.size();
    a.send_data(a.slot(b), lane, size);
    b.send_data(b.slot(a), lane, size);
    return world.run_until([&] { return a.cells.size() > at_a && b.cells.size() > at_b; },
                           Duration::millis(200));
  }
};

[[nodiscard]] Address test_ip(std::uint8_t network, std::uint8_t host);

}  // namespace covfefe::test
