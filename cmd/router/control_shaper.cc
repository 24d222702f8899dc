// SPDX-License-Identifier: Apache-2.0
#include "control_shaper.h"

#include <algorithm>
#include <set>

#include "rpc/convert.h"
#include "rpc/history.h"

namespace covfefe::router {
namespace {

using schema::ShaperForRouter;

constexpr kj::Duration kFailedPause = 500 * kj::MILLISECONDS;

class Observer final : public rpc::Served<schema::LeaseObserver> {
 public:
  explicit Observer(ShaperControl& control) : Served(control.observer_calls()), control_(control) {}

 protected:
  kj::Promise<void> revoked(RevokedContext context) override {
    const auto params = context.getParams();
    control_.revoked(params.getId(), params.getWhy());
    return kj::READY_NOW;
  }

 private:
  ShaperControl& control_;
};

TrustLevel level_of(core::Trust trust) {
  switch (trust) {
    case core::Trust::None:
      return TrustLevel::None;
    case core::Trust::Introduced:
      return TrustLevel::Introduced;
    case core::Trust::Known:
      return TrustLevel::Known;
    case core::Trust::Met:
      return TrustLevel::Met;
  }
  return TrustLevel::None;
}

}  // namespace

// Calls arrive in the order in which they were made: a shaper that gives leases back must know the
// links, and what the uplink carries, before it can.
void ShaperControl::connected(capnp::Capability::Client peer) {
  ++epoch_;
  auto client = peer.castAs<ShaperForRouter>();
  auto watch = client.watchRequest();
  watch.setObserver(kj::heap<Observer>(*this));
  needs_.service.run_beside(watch.send().ignoreResult());
  client_ = kj::mv(client);
  introduced_ = placing_ = measuring_ = false;
  give_back_.clear();
  send_recall();
  send_places();
  introduce();
}

void ShaperControl::gone() {
  ++epoch_;
  client_ = nullptr;
  introduced_ = placing_ = measuring_ = false;
  in_flight_ = releases_in_flight_ = 0;
  give_back_.clear();
  for (const auto& [request, since] : std::exchange(waiting_, {})) {
    needs_.to_data.push(core::ShaperReply{request, LeaseDenied{}});
  }
  needs_.log.record(Level::Notice, "shaper-gone", {{"leases", std::to_string(mirror_.size())}});
}

void ShaperControl::again(void (ShaperControl::*act)()) {
  const std::uint64_t epoch = epoch_;
  needs_.service.run_beside(
      needs_.service.timer().afterDelay(kFailedPause).then([this, epoch, act] {
        if (epoch == epoch_) (this->*act)();
      }));
}

void ShaperControl::introduce() {
  KJ_IF_MAYBE (client, client_) {
    const std::uint64_t epoch = epoch_;
    needs_.service.run_beside(
        client->leasesRequest()
            .send()
            .then([this, epoch](capnp::Response<ShaperForRouter::LeasesResults>&& answer) {
              if (epoch != epoch_) return;
              const auto held = rpc::leases_from(answer.getLeases());
              if (held) return adopt(*held);
              (void)disbelieve("leases");
              again(&ShaperControl::introduce);
            })
            // Also of an answer that throws while it is read.
            .catch_([this, epoch](kj::Exception&&) {
              if (epoch == epoch_) again(&ShaperControl::introduce);
            }));
  }
}

// The first shaper of this run tells what an earlier run of the router was granted. Afterwards the
// mirror is right: what a shaper holds beyond it was granted too late for anybody.
void ShaperControl::adopt(const std::vector<Lease>& held) {
  const Instant now = needs_.now();
  mirror_.sweep(now);
  core::LeasesKnown known;
  for (const Lease& one : held) {
    if (one.grant.until <= now || mirror_.has(one.grant.lease)) continue;
    if (told_known_) {
      give_back(one.grant.lease, one.terms.principal);
    } else if (mirror_.put(one)) {
      known.all.push_back(one);
    }
  }
  if (!std::exchange(told_known_, true)) {
    needs_.log.record(Level::Info, "leases", {{"found", std::to_string(known.all.size())}});
    needs_.sure.send(std::move(known));
  }
  if (mirror_.missing_in(held).empty()) {
    introduced_ = true;
    return;
  }
  restore();
}

void ShaperControl::restore() {
  KJ_IF_MAYBE (client, client_) {
    mirror_.sweep(needs_.now());
    const std::vector<Lease> given = mirror_.missing_in({});
    auto request = client->restoreRequest();
    auto list = request.initLeases(static_cast<capnp::uint>(given.size()));
    for (capnp::uint i = 0; i < list.size(); ++i) rpc::write_lease(given[i], list[i]);
    const std::uint64_t epoch = epoch_;
    needs_.service.run_beside(
        request.send()
            .then([this, epoch, given](capnp::Response<ShaperForRouter::RestoreResults>&& answer) {
              if (epoch == epoch_) restored(given, answer.getKept());
            })
            .catch_([this, epoch](kj::Exception&&) {
              if (epoch == epoch_) again(&ShaperControl::restore);
            }));
  }
}

void ShaperControl::restored(const std::vector<Lease>& given,
                             capnp::List<std::uint32_t>::Reader kept) {
  std::set<std::uint32_t> there;
  for (const std::uint32_t id : kept) there.insert(id);
  std::size_t lost = 0;
  for (const Lease& one : given) {
    if (there.contains(one.grant.lease) || !mirror_.drop(one.grant.lease)) continue;
    ++lost;
    needs_.sure.send(core::LeaseRevoked{one.grant.lease, LeaseRefusal::Capacity});
  }
  needs_.log.record(
      Level::Info, "leases-restored",
      {{"kept", std::to_string(given.size() - lost)}, {"lost", std::to_string(lost)}});
  introduced_ = true;
}

void ShaperControl::revoked(std::uint32_t id, schema::LeaseRefusal why) {
  give_back_.erase(id);
  if (!mirror_.drop(id)) return;
  needs_.sure.send(core::LeaseRevoked{id, rpc::refusal_from(why)});
}

void ShaperControl::set_places(std::vector<core::LinkPlace> places) {
  places_ = std::move(places);
  send_places();
}

void ShaperControl::set_friends(const std::vector<core::Friend>& friends) {
  friends_.clear();
  for (const core::Friend& one : friends) friends_.emplace(one.id, one);
  if (places_) send_places();
}

// One call is under way at most; what changed meanwhile goes with the next.
void ShaperControl::send_places() {
  if (!places_) return;
  place_again_ = placing_;
  if (placing_) return;
  KJ_IF_MAYBE (client, client_) {
    std::vector<PlacedLink> all;
    for (const core::LinkPlace& place : *places_) {
      const auto whose = friends_.find(place.id);
      if (whose == friends_.end()) continue;
      all.push_back({place.id, place.slot, whose->second.petname, level_of(whose->second.trust)});
    }
    auto request = client->placeRequest();
    auto list = request.initLinks(static_cast<capnp::uint>(all.size()));
    for (capnp::uint i = 0; i < list.size(); ++i) rpc::write_place(all[i], list[i]);
    placing_ = true;
    const std::uint64_t epoch = epoch_;
    const auto done = [this, epoch] {
      if (epoch != epoch_) return;
      placing_ = false;
      if (place_again_) send_places();
    };
    needs_.service.run_beside(request.send().ignoreResult().then(
        [done] { done(); }, [done](kj::Exception&&) { done(); }));
  }
}

void ShaperControl::recall(const std::vector<CapacityRecord>& newest_first) {
  const bool nothing_yet = lows_.empty();
  if (!nothing_yet) return;
  keep_minutes({newest_first.rbegin(), newest_first.rend()});
  send_recall();
}

void ShaperControl::keep_minutes(const std::vector<CapacityRecord>& oldest_first) {
  for (const CapacityRecord& one : oldest_first) {
    if (one.lowest != 0) lows_.push_back(one.lowest);
    if (lows_.size() > kRememberedMinutes) lows_.pop_front();
  }
}

void ShaperControl::send_recall() {
  if (lows_.empty()) return;
  KJ_IF_MAYBE (client, client_) {
    auto request = client->recallRequest();
    request.setLowWater(*std::min_element(lows_.begin(), lows_.end()));
    needs_.service.run_beside(request.send().ignoreResult());
  }
}

void ShaperControl::measure() {
  if (measuring_) return;
  KJ_IF_MAYBE (client, client_) {
    measuring_ = true;
    const std::uint64_t epoch = epoch_;
    needs_.service.run_beside(client->capacityRequest().send().then(
        [this, epoch](capnp::Response<ShaperForRouter::CapacityResults>&& answer) {
          if (epoch != epoch_) return;
          measuring_ = false;
          const auto minutes = rpc::minutes_from(answer.getSamples());
          if (!minutes) return (void)disbelieve("capacity");
          keep_minutes(*minutes);
          if (!minutes->empty()) needs_.measured(*minutes);
        },
        [this, epoch](kj::Exception&&) {
          if (epoch == epoch_) measuring_ = false;
        }));
  }
}

kj::Promise<std::string> ShaperControl::sentence() {
  KJ_IF_MAYBE (client, client_) {
    auto asked = client->statusRequest().send().then(
        [](capnp::Response<ShaperForRouter::StatusResults>&& answer) {
          const auto status = answer.getStatus();
          return "the shaper sent " + std::to_string(status.getSentDatagrams()) +
                 " datagrams, holds " + std::to_string(status.getQueuedDatagrams()) + " and met " +
                 std::to_string(status.getSendErrors()) + " send errors";
        });
    auto late =
        needs_.service.timer().afterDelay(kShaperPatience.nanoseconds * kj::NANOSECONDS).then([] {
          return std::string("the shaper does not answer on its control edge");
        });
    return asked.exclusiveJoin(kj::mv(late)).catch_([](kj::Exception&&) { return std::string(); });
  }
  // Later: g++ 12 takes a text in a promise that is kept at once for uninitialised.
  return kj::evalLater([] { return std::string(); });
}

}  // namespace covfefe::router
