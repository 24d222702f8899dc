// SPDX-License-Identifier: Apache-2.0
// Any number of nodes' builds and relayed circuits, joined by links in memory: Builds as it is,
// with real keys and real cells, between a link layer that loses nothing unless a test says so and
// sessions that only take notes.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <variant>
#include <vector>

#include "core/build/builds.h"
#include "core/build/lease_desk.h"
#include "core/circuit/shared.h"
#include "core/discovery/next_hops.h"
#include "crypto/build.h"
#include "crypto/drbg.h"

namespace covfefe::test {

using Bytes = std::vector<std::uint8_t>;

inline constexpr WallTime kWall{1'700'000'000'000'000'000};

struct SentBuild {
  CircuitId mine;
  Bytes packet;
};
struct SentBuilt {
  CircuitId yours;
  CircuitId mine;
  Bytes packet;
};
struct SentDestroy {
  CircuitId circuit;
  wire::DestroyReason reason;
};
struct SentCell {
  core::CellHeader header;
  Bytes onion;
};
using Sent = std::variant<SentBuild, SentBuilt, SentDestroy, SentCell>;

struct Made {
  core::BuildId id;
  CircuitId circuit;
  Duration rtt;
  std::size_t replies = 0;
  Bytes answer;
};
struct Failed {
  core::BuildId id;
  core::BuildFailure failure;
};
struct Ended {
  CircuitId circuit;
  wire::DestroyReason reason;
};
struct Granted {
  core::LeaseTerms terms;
  core::LeaseGrant grant;
};
struct Received {
  CircuitId circuit;
  Bytes body;
  core::Lane lane;
};

class BuildNode final : public core::CellSink,
                        public core::NextHops,
                        public core::BuildEvents,
                        public core::Effects {
 public:
  explicit BuildNode(std::uint8_t number, const core::CircuitPolicy& policy = {});

  // ---- what it is and did
  core::Shared& shared() { return *shared_; }
  core::Builds& builds() { return *builds_; }
  [[nodiscard]] std::uint64_t count(core::Count what) const { return shared_->tally.of(what); }
  [[nodiscard]] std::uint64_t gauge(std::string_view name) const;
  // Of Builds::count().
  [[nodiscard]] std::size_t circuits() const { return shared_->table.size(); }
  [[nodiscard]] const ByteArray<32>& onion_key() const { return onion_.public_key; }
  [[nodiscard]] const crypto::KeyPair& onion_pair() const { return onion_; }
  std::vector<Made> made;
  std::vector<Failed> failed;
  std::vector<Ended> lost;
  std::vector<CircuitId> unleased;        // own circuits
  std::vector<wire::BuildReply> replies;  // to the build that was made last
  std::vector<CircuitId> terminals;
  ByteArray<32> ephemeral{};  // of the build that ended here last
  std::vector<Received> received;
  std::function<void(CircuitId)> on_lost = [](CircuitId) {};

  // ---- what a test decides
  wire::BuildStatus grants = wire::BuildStatus::Granted;
  bool keystore_answers = true;
  bool shaper_answers = true;
  std::uint32_t capacity = 1u << 20;    // B/s that it leases, over all links together
  std::optional<Reject> keystore_says;  // instead of opening anything
  bool cells = true;                    // false: no cell to be had
  bool backlogged = false;
  bool frames = true;  // false: no BUILD, BUILT or DESTROY leaves

  // ---- links and time, called by the world
  struct Link {
    std::size_t to = 0;     // node
    core::LinkSlot theirs;  // slot there
    bool up = true;
  };
  std::vector<Link> links;                                                    // by slot
  std::map<wire::Handle, std::pair<core::LinkSlot, core::LinkSlot>> handles;  // to, only for
  struct Posted {
    core::LinkSlot link;
    Sent what;
  };
  std::deque<Posted> out;
  std::deque<core::KeystoreRequest> asked;
  std::deque<core::ShaperRequest> wanted;   // of the shaper
  std::map<std::uint32_t, Granted> ledger;  // its leases
  std::size_t takes = 0;

  void step(Instant now, const std::function<void()>& what);
  void take(core::LinkSlot link, const Sent& what);
  // Inside a step.
  bool answer_keystore(Instant now);
  // One request; false: nothing was asked.
  bool answer_shaper(Instant now);
  void revoke(Instant now, std::uint32_t lease);
  bool send(CircuitId circuit, std::uint8_t fill, std::size_t onion = wire::kLargeOnion,
            core::Lane lane = core::Lane::Bulk);
  // A cell of an own circuit; inside a step.
  [[nodiscard]] core::Circuit* only(core::CircuitRole role);
  // The one circuit of this role; null when there is none or more.
  void restart();
  // As a new process: everything is forgotten.

  // ---- CellSink
  MutableBytes open_cell(core::LinkSlot link, FlowClass as, core::CellSize size) override;
  void send_cell(const core::CellHeader& header) override;
  void abandon_cell() override { opened_.clear(); }
  bool send_control(core::LinkSlot, const wire::Control&, Instant) override { return true; }
  bool send_destroy(core::LinkSlot link, CircuitId circuit, wire::DestroyReason reason,
                    Instant) override;
  bool send_build(core::LinkSlot link, const wire::BuildFrame& build, Instant) override;
  bool send_built(core::LinkSlot link, const wire::BuiltFrame& built, Instant) override;
  RequestId next_request() override { return {++last_request_}; }
  [[nodiscard]] bool small_only(core::LinkSlot) const override { return false; }
  [[nodiscard]] core::FriendReport report(core::LinkSlot link, Instant) const override;
  [[nodiscard]] bool bulk_backlogged(core::LinkSlot) const override { return backlogged; }

  // ---- NextHops, BuildEvents, Effects
  [[nodiscard]] std::optional<core::LinkSlot> next_hop(const wire::Handle& handle,
                                                       core::LinkSlot from) const override;
  void on_built(core::BuildId build, const core::Built& built) override;
  void on_build_failed(core::BuildId build, const core::BuildFailure& failure) override;
  wire::BuildStatus on_terminal(const core::Terminal& terminal, MutableBytes answer) override;
  void on_circuit_lost(CircuitId circuit, wire::DestroyReason reason) override;
  void on_lease_ended(CircuitId circuit) override { unleased.push_back(circuit); }
  core::Frame acquire(core::Lane) override { return {}; }
  void post(const core::Frame&, const core::Posting&) override {}
  void release(const core::Frame&) override {}
  void cancel(FlowId, std::uint32_t) override {}
  void deliver(std::span<const ByteView>) override {}
  void ask(core::KeystoreRequest request) override { asked.push_back(std::move(request)); }
  void tell(core::Report) override {}
  void ask(core::ShaperRequest request) override { wanted.push_back(std::move(request)); }
  void measured(FlowId, const core::PathSample&) override {}

 private:
  bool post(core::LinkSlot link, Sent what);
  void cell(core::LinkSlot link, const SentCell& cell);
  void begin_anew();
  [[nodiscard]] core::ShaperReply answer(const core::ShaperRequest& request, Instant now);

  const core::CircuitPolicy policy_;
  crypto::Drbg random_;
  crypto::KeyPair onion_;
  std::set<Bytes> ephemerals_;  // the keystore's memory of builds
  std::unique_ptr<core::Shared> shared_;
  std::unique_ptr<core::Builds> builds_;
  Bytes opened_;
  core::LinkSlot opened_link_;
  core::Lane opened_lane_ = core::Lane::Bulk;
  std::uint64_t last_request_ = 0;
  std::uint32_t last_lease_ = 0;
};

class BuildWorld {
 public:
  explicit BuildWorld(std::size_t nodes, const core::CircuitPolicy& policy = {});
  // Node 0 is linked to 1, 1 to 2 and so on: as many slots as neighbours, in that order.

  BuildNode& at(std::size_t i) { return *nodes_[i]; }
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  void join(std::size_t a, std::size_t b);
  core::LinkSlot slot(std::size_t from, std::size_t to);

  [[nodiscard]] core::CircuitPath path(const std::vector<std::size_t>& nodes);
  // From nodes[0] over the others; makes the handles.
  std::optional<core::BuildId> start(const core::CircuitPath& path,
                                     const core::BuildTerms& terms = {});
  // By the node that the entry is a slot of: origin().
  std::optional<core::BuildId> start_over(const std::vector<std::size_t>& nodes);
  std::size_t origin = 0;

  void exchange();
  // Until nothing moves.
  void tick(Duration by);
  // In steps of at most 100 ms, with timers.
  void cut(std::size_t a, std::size_t b);
  void mend(std::size_t a, std::size_t b, core::Boot boot);
  void restart(std::size_t node);
  // A new process: neighbours see a new boot id.

  Instant now{1'000'000'000'000};
  Duration delay;  // that everything takes on a link
  std::function<bool(std::size_t from, std::size_t to, Sent& what)> tap =
      [](std::size_t, std::size_t, Sent&) { return true; };
  // Sees everything before it is delivered; false: it is lost.

 private:
  bool carry(std::size_t from);

  std::vector<std::unique_ptr<BuildNode>> nodes_;
  std::uint8_t last_handle_ = 0;
};

[[nodiscard]] std::vector<std::size_t> line(std::size_t nodes);
// 0, 1 … nodes - 1.

}  // namespace covfefe::test
