// SPDX-License-Identifier: Apache-2.0
#include "control_peerdb.h"

#include <algorithm>

namespace covfefe::router {
namespace {

using schema::PeerdbForRouter;

class Observer final : public rpc::Served<schema::FriendObserver> {
 public:
  explicit Observer(PeerdbEdge& edge) : Served(edge.observer_calls()), edge_(edge) {}

 protected:
  kj::Promise<void> changed(ChangedContext) override {
    edge_.read_friends();
    return kj::READY_NOW;
  }

 private:
  PeerdbEdge& edge_;
};

// A change that may succeed later stays queued; one that never will is dropped.
bool worth_repeating(schema::Refusal why) {
  return why == schema::Refusal::OVERLOADED || why == schema::Refusal::UNAVAILABLE ||
         why == schema::Refusal::IO;
}

std::uint32_t seconds_of(Duration duration) {
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(duration.nanoseconds / 1'000'000'000, 0, UINT32_MAX));
}

std::uint32_t bounded(std::uint64_t value) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, UINT32_MAX));
}

// A counter that started anew has not risen.
std::uint64_t risen(std::uint64_t before, std::uint64_t now) {
  return now - std::min(before, now);
}

}  // namespace

void PeerdbEdge::connected(capnp::Capability::Client peer) {
  ++epoch_;
  auto client = peer.castAs<PeerdbForRouter>();
  reading_ = endpoint_in_flight_ = false;
  samples_.failed();
  watch(client);
  routes_.connected(client);
  history_.connected(client);
  client_ = kj::mv(client);
  read_friends();
  flush();
}

void PeerdbEdge::gone() {
  ++epoch_;
  client_ = nullptr;
  routes_.gone();
  history_.gone();
  needs_.log.record(Level::Notice, "peerdb-gone");
}

// Watching comes before reading: a change in between is seen by one of the two.
void PeerdbEdge::watch(Client& client) {
  auto request = client.watchRequest();
  request.setObserver(kj::heap<Observer>(*this));
  needs_.service.run_beside(request.send().ignoreResult());
}

void PeerdbEdge::read_friends() {
  if (reading_) {
    read_again_ = true;
    return;
  }
  KJ_IF_MAYBE (client, client_) {
    reading_ = true;
    read_again_ = false;
    const std::uint64_t epoch = epoch_;
    needs_.service.run_beside(
        client->friendsRequest()
            .send()
            .then([this, epoch](capnp::Response<PeerdbForRouter::FriendsResults>&& answer) {
              if (epoch == epoch_) take(rpc::friends_from(answer.getFriends()));
            })
            // Also of an answer that throws while it is read.
            .catch_([this, epoch](kj::Exception&&) {
              if (epoch == epoch_) take(Reject::Unexpected);
            }));
  }
}

void PeerdbEdge::take(Result<std::vector<FriendRecord>> read) {
  reading_ = false;
  if (!read) {
    needs_.log.record(Level::Error, "friends-unreadable", {{"why", name_of(read.error())}});
  } else if (!have_friends_ || *read != friends_) {
    friends_ = std::move(*read);
    have_friends_ = true;
    std::erase_if(totals_, [this](const auto& entry) { return find(entry.first) == nullptr; });
    needs_.log.record(Level::Info, "friends", {{"count", std::to_string(friends_.size())}});
    needs_.friends(friends_);
    routes_.keep_only([this](FriendId id) { return find(id) != nullptr; });
  }
  if (have_friends_) routes_.read_once();
  if (read_again_) read_friends();
}

const FriendRecord* PeerdbEdge::find(FriendId id) const {
  const auto at = std::find_if(friends_.begin(), friends_.end(),
                               [id](const FriendRecord& one) { return one.id == id; });
  return at == friends_.end() ? nullptr : &*at;
}

void PeerdbEdge::remember(core::Catalogue catalogue) {
  if (find(catalogue.introducer) != nullptr) routes_.note(std::move(catalogue));
}

void PeerdbEdge::remember(const core::PromiseOutcome& outcome, WallTime now) {
  if (find(outcome.id) == nullptr) return;
  history_.note(PromiseEnd{outcome.id, outcome.kind, outcome.kept, now.unix_seconds()});
}

void PeerdbEdge::write() {
  routes_.write();
  history_.write();
}

PeerdbEdge::Operation PeerdbEdge::operation() {
  Operation out;
  needs_.entropy.fill(out);
  return out;
}

void PeerdbEdge::learn(const core::EndpointLearned& learned) {
  if (find(learned.id) == nullptr) return;
  endpoints_.insert_or_assign(learned.id, learned);
  send_endpoint();
}

void PeerdbEdge::send_endpoint() {
  if (endpoint_in_flight_ || endpoints_.empty()) return;
  KJ_IF_MAYBE (client, client_) {
    endpoint_in_flight_ = true;
    const core::EndpointLearned learned = endpoints_.begin()->second;
    endpoints_.erase(endpoints_.begin());
    auto request = client->recordEndpointRequest();
    request.setOperation(rpc::as_data(operation()));
    request.setFriendId(learned.id.value);
    rpc::write_endpoint(learned.endpoint, request.initEndpoint());
    const std::uint64_t epoch = epoch_;
    needs_.service.run_beside(request.send().ignoreResult().then(
        [this, epoch] {
          if (epoch != epoch_) return;
          endpoint_in_flight_ = false;
          send_endpoint();
        },
        [this, epoch, learned](kj::Exception&&) {
          // Not known to be written: unless something newer waits, it waits again.
          endpoints_.emplace(learned.id, learned);
          if (epoch == epoch_) endpoint_in_flight_ = false;
        }));
  }
}

PeerdbEdge::Totals PeerdbEdge::totals_of(const core::FriendReport& report, WallTime now) {
  return {now.unix_seconds(), report.rx_bytes,     report.tx_bytes,           report.lost,
          report.link_faults, report.onion_faults, report.circuits_destroyed, report.relayed_cells,
          report.up_for};
}

MetricSample PeerdbEdge::between(const Totals& before, const Totals& now) {
  MetricSample sample;
  sample.at = now.at;
  sample.seconds = bounded(now.at > before.at ? static_cast<std::uint64_t>(now.at - before.at) : 0);
  sample.rx_bytes = risen(before.rx_bytes, now.rx_bytes);
  sample.tx_bytes = risen(before.tx_bytes, now.tx_bytes);
  sample.lost = bounded(risen(before.lost, now.lost));
  sample.link_faults = bounded(risen(before.link_faults, now.link_faults));
  sample.onion_faults = bounded(risen(before.onion_faults, now.onion_faults));
  sample.circuits_destroyed = bounded(risen(before.circuits_destroyed, now.circuits_destroyed));
  sample.relayed_cells = risen(before.relayed_cells, now.relayed_cells);
  sample.up_seconds = seconds_of(now.up_for - before.up_for);
  return sample;
}

void PeerdbEdge::measure(const core::StatusReport& report, WallTime now) {
  for (const core::FriendReport& one : report.friends) {
    const Totals current = totals_of(one, now);
    const auto [at, first] = totals_.try_emplace(one.id, current);
    if (first) continue;
    MetricSample sample = between(std::exchange(at->second, current), current);
    sample.id = one.id;
    sample.rtt_micros = bounded(static_cast<std::uint64_t>(one.rtt.nanoseconds / 1'000));
    if (sample.rx_bytes != 0 || sample.tx_bytes != 0 || sample.up_seconds != 0)
      samples_.add(sample);
  }
  flush();
}

void PeerdbEdge::flush() {
  send_endpoint();
  send_samples();
}

void PeerdbEdge::send_samples() {
  KJ_IF_MAYBE (client, client_) {
    if (!samples_.begin([this] { return operation(); })) return;
    auto request = client->recordMetricsRequest();
    request.setOperation(rpc::as_data(samples_.operation()));
    auto list = request.initSamples(static_cast<capnp::uint>(samples_.size()));
    for (capnp::uint i = 0; i < list.size(); ++i) rpc::write_sample(samples_[i], list[i]);
    const std::uint64_t epoch = epoch_;
    needs_.service.run_beside(request.send().then(
        [this, epoch](capnp::Response<PeerdbForRouter::RecordMetricsResults>&& answer) {
          if (epoch != epoch_) return;
          if (answer.getRefused() && worth_repeating(answer.getWhy())) return samples_.failed();
          samples_.done();
        },
        [this, epoch](kj::Exception&&) {
          if (epoch == epoch_) samples_.failed();
        }));
  }
}

}  // namespace covfefe::router
