// SPDX-License-Identifier: Apache-2.0
// The edge router.peerdb: peerdb connects, the router calls. Reads the friends and reads them again
// when told that they changed; writes down what was measured, what became of promises and where
// friends were heard. While peerdb is away the last view stands and what is to be written waits,
// bounded. Thread: control.
#pragma once

#include <schema/peerdb.capnp.h>

#include <functional>
#include <map>

#include "batch.h"
#include "control_history.h"
#include "control_routes.h"
#include "crypto/entropy.h"

namespace covfefe::router {

class PeerdbEdge final : public rpc::EdgeHandler {
 public:
  struct Needs {
    rpc::Service& service;
    Log& log;
    crypto::Entropy& entropy;
    std::function<void(const std::vector<FriendRecord>&)> friends;  // told of every new view
    std::function<void(core::Remembered)> remembered;               // told once, after friends
    std::function<void(const History::Minutes&)> recalled = [](const History::Minutes&) {};
    // Told once: the last minutes of the uplink, newest first.
  };
  explicit PeerdbEdge(Needs needs)
      : needs_(std::move(needs)),
        routes_({needs_.service, needs_.log, needs_.remembered}),
        history_({needs_.service, needs_.log, [this] { return operation(); }, needs_.recalled}) {}

  void connected(capnp::Capability::Client peer) override;
  void gone() override;

  void read_friends();
  void learn(const core::EndpointLearned& learned);
  void measure(const core::StatusReport& report, WallTime now);
  // Every 10 s: turns totals into one sample for each friend that was up or moved bytes.
  void flush();
  void remember(core::Catalogue catalogue);
  void remember(const core::DestinationUsed& used) { routes_.note(used); }
  void remember(const core::PromiseOutcome& outcome, WallTime now);
  void remember(const History::Minutes& minutes) { history_.note(minutes); }
  void write();
  // Every second: what was to be remembered since.

  [[nodiscard]] const RouteMemory& routes() const { return routes_; }
  [[nodiscard]] const History& history() const { return history_; }
  [[nodiscard]] bool attached() const { return client_ != nullptr; }
  [[nodiscard]] const std::vector<FriendRecord>& friends() const { return friends_; }
  [[nodiscard]] const FriendRecord* find(FriendId id) const;
  [[nodiscard]] std::size_t waiting_samples() const { return samples_.waiting(); }
  [[nodiscard]] std::uint64_t lost_samples() const { return samples_.lost(); }
  [[nodiscard]] rpc::CallCount& observer_calls() { return observer_calls_; }

 private:
  using Client = schema::PeerdbForRouter::Client;
  using Operation = ByteArray<16>;
  struct Totals {
    std::int64_t at = 0;
    std::uint64_t rx_bytes = 0;
    std::uint64_t tx_bytes = 0;
    std::uint64_t lost = 0;
    std::uint64_t link_faults = 0;
    std::uint64_t onion_faults = 0;
    std::uint64_t circuits_destroyed = 0;
    std::uint64_t relayed_cells = 0;
    Duration up_for;
  };

  [[nodiscard]] static Totals totals_of(const core::FriendReport& report, WallTime now);
  [[nodiscard]] static MetricSample between(const Totals& before, const Totals& now);
  void watch(Client& client);
  void take(Result<std::vector<FriendRecord>> read);
  void send_endpoint();
  void send_samples();
  [[nodiscard]] Operation operation();

  Needs needs_;
  kj::Maybe<Client> client_;
  std::uint64_t epoch_ = 0;
  std::vector<FriendRecord> friends_;
  bool have_friends_ = false;
  bool reading_ = false;
  bool read_again_ = false;
  std::map<FriendId, core::EndpointLearned> endpoints_;  // newest of each friend, to be written
  bool endpoint_in_flight_ = false;
  std::map<FriendId, Totals> totals_;
  Batch<MetricSample, kMaxMetricSamples> samples_;
  rpc::CallCount observer_calls_;
  RouteMemory routes_;
  History history_;
};

}  // namespace covfefe::router
