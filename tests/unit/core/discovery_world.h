// SPDX-License-Identifier: Apache-2.0
// Several discoveries in one process: friends joined by links that carry encoded control messages,
// in virtual time, each with a keystore that changes its onion key with every epoch.
#pragma once

#include <map>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "core/discovery/discovery.h"
#include "crypto/drbg.h"
#include "rpc/control_codec.h"
#include "wire/link_frames.h"

namespace covfefe::core::test {

class DiscoveryWorld;

class DiscoveryNode final : public CellSink, public Effects {
 public:
  DiscoveryNode(DiscoveryWorld& world, std::size_t index, const CircuitPolicy& policy);

  // ---- CellSink
  MutableBytes open_cell(LinkSlot, FlowClass, CellSize) override { return {}; }
  void send_cell(const CellHeader&) override {}
  void abandon_cell() override {}
  bool send_control(LinkSlot link, const wire::Control& message, Instant now) override;
  bool send_destroy(LinkSlot, CircuitId, wire::DestroyReason, Instant) override { return false; }
  bool send_build(LinkSlot, const wire::BuildFrame&, Instant) override { return false; }
  bool send_built(LinkSlot, const wire::BuiltFrame&, Instant) override { return false; }
  RequestId next_request() override { return {++requests_}; }
  bool small_only(LinkSlot) const override { return false; }
  FriendReport report(LinkSlot, Instant) const override { return {}; }
  bool bulk_backlogged(LinkSlot) const override { return false; }

  // ---- Effects
  Frame acquire(Lane) override { return {}; }
  void post(const Frame&, const Posting&) override {}
  void release(const Frame&) override {}
  void cancel(FlowId, std::uint32_t) override {}
  void deliver(std::span<const ByteView>) override {}
  void ask(KeystoreRequest request) override;
  void tell(Report report) override;
  void ask(ShaperRequest) override {}
  void measured(FlowId, const PathSample&) override {}

  template <typename Event>
  void step(Event&& event);  // one step of the discovery at the world's time
  void restart();            // a new process: only what was told survives, and is given back

  [[nodiscard]] LinkSlot link_to(std::size_t other) const;
  [[nodiscard]] std::uint64_t counted(const std::string& name) const;
  [[nodiscard]] std::vector<CircuitPath> paths(std::size_t to, std::size_t most = 1);
  [[nodiscard]] bool knows(std::size_t to);
  [[nodiscard]] OnionKeys keys() const;

  DiscoveryWorld& world;
  std::size_t index;
  CircuitPolicy policy;
  std::string name;
  StaticKey static_key{};
  Address address;
  std::unique_ptr<Discovery> discovery;
  std::map<LinkSlot, Friend> friends;
  std::map<LinkSlot, std::size_t> other_end;
  std::map<FriendId, Catalogue> told;
  std::vector<Answer> answers;
  std::size_t window = 1'000'000;   // control messages that the links still take
  std::vector<std::uint8_t> heard;  // every descriptor that came, as bytes

 private:
  std::unique_ptr<crypto::Drbg> random_;
  std::uint64_t requests_ = 0;
  std::uint64_t starts_ = 0;
};

class DiscoveryWorld {
 public:
  explicit DiscoveryWorld(std::size_t nodes, const CircuitPolicy& policy = {0, 2, {}, {}});

  DiscoveryNode& operator[](std::size_t index) { return *nodes_[index]; }
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }

  struct Terms {
    Visibility first = Visibility::Reachable;   // what a allows of the friendship
    Visibility second = Visibility::Reachable;  // what b does
    Trust trust = Trust::Met;
  };
  void befriend(std::size_t a, std::size_t b) { befriend(a, b, Terms()); }
  void befriend(std::size_t a, std::size_t b, const Terms& terms);
  void show(std::size_t a, std::size_t b, Visibility how);  // a changes its setting for b
  void part(std::size_t a, std::size_t b);                  // each removes the other
  void up(std::size_t a, std::size_t b, Boot boot = Boot::New);
  void down(std::size_t a, std::size_t b);

  void run(Duration time);
  void to_epoch(std::uint32_t epoch, Duration within = {});  // until then
  void send(std::size_t from, LinkSlot link, const wire::Control& message);
  void inject(std::size_t to, std::size_t as, const wire::Control& message);
  // As if `as` had said it, at once and through the codec.

  [[nodiscard]] std::vector<std::size_t> walk(const CircuitPath& path, std::size_t origin);
  // The nodes that a build along the path would pass; it ends early where a handle or key is wrong.
  [[nodiscard]] std::uint32_t epoch() const;
  [[nodiscard]] WallTime wall() const;

  Instant now{1'000'000'000};
  bool keys_last_a_day = false;

 private:
  struct Flight {
    Instant at;
    std::uint64_t order;
    std::size_t to;
    LinkSlot link;
    std::vector<std::uint8_t> bytes;
    bool operator>(const Flight& o) const { return at != o.at ? at > o.at : order > o.order; }
  };
  void arrive(const Flight& flight);

  std::vector<std::unique_ptr<DiscoveryNode>> nodes_;
  std::priority_queue<Flight, std::vector<Flight>, std::greater<>> flights_;
  std::uint64_t order_ = 0;
  std::uint32_t friend_ids_ = 0;
  Instant clock_at_{};
  rpc::ControlCodec codec_;
};

template <typename Event>
void DiscoveryNode::step(Event&& event) {
  discovery->begin(world.now, *this);
  event(*discovery);
  discovery->timer();
  discovery->end();
}

}  // namespace covfefe::core::test
