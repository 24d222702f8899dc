// SPDX-License-Identifier: Apache-2.0
// A shaper on paper: grants what it is asked for, notes every call, and misbehaves as it is told.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "cmd/router/control_shaper.h"
#include "tests/rpc/router_support.h"
#include "tests/rpc/spoil.h"

namespace covfefe::router {

class PaperShaper final : public schema::ShaperForRouter::Server {
 public:
  struct Record {
    std::vector<std::string> calls;  // in the order in which they came
    std::map<std::uint32_t, Lease> held;
    std::vector<Lease> restored;
    std::vector<std::uint32_t> released;
    std::vector<std::vector<PlacedLink>> places;
    std::vector<schema::LeaseObserver::Client> observers;
    std::vector<CapacityRecord> minutes;
    std::uint64_t recalled = 0;
    std::uint32_t next_id = 100;
    std::function<Instant()> now;

    bool hangs = false;         // never answers
    bool fails = false;         // answers with a failure
    bool answers_late = false;  // takes are answered when `late` is fulfilled
    std::vector<kj::Own<kj::PromiseFulfiller<void>>> late;
    std::function<bool(const Lease&)> keeps = [](const Lease&) { return true; };
    std::function<void(schema::Lease::Builder)> lies = [](schema::Lease::Builder) {};
    bool spoils_leases = false;  // the lists in these answers are of another kind
    bool spoils_kept = false;
  };
  explicit PaperShaper(Record& record) : record_(record) {}

  kj::Promise<void> watch(WatchContext context) override {
    record_.calls.emplace_back("watch");
    record_.observers.push_back(context.getParams().getObserver());
    return manner();
  }
  kj::Promise<void> status(StatusContext context) override {
    auto status = context.getResults().initStatus();
    status.setSentDatagrams(12);
    status.setQueuedDatagrams(3);
    status.setSendErrors(1);
    return manner();
  }
  kj::Promise<void> place(PlaceContext context) override {
    record_.calls.emplace_back("place");
    record_.places.push_back(*rpc::places_from(context.getParams().getLinks()));
    return manner();
  }
  kj::Promise<void> recall(RecallContext context) override {
    record_.calls.emplace_back("recall");
    record_.recalled = context.getParams().getLowWater();
    return manner();
  }
  kj::Promise<void> leases(LeasesContext context) override {
    record_.calls.emplace_back("leases");
    auto list = context.getResults().initLeases(static_cast<capnp::uint>(record_.held.size()));
    capnp::uint at = 0;
    for (const auto& [id, lease] : record_.held) {
      rpc::write_lease(lease, list[at]);
      record_.lies(list[at++]);
    }
    if (record_.spoils_leases) test::put_struct(context.getResults(), 0);
    return manner();
  }
  kj::Promise<void> restore(RestoreContext context) override {
    record_.calls.emplace_back("restore");
    record_.restored = *rpc::leases_from(context.getParams().getLeases());
    std::vector<std::uint32_t> kept;
    for (const Lease& one : record_.restored) {
      if (!record_.keeps(one)) continue;
      record_.held.insert_or_assign(one.grant.lease, one);
      kept.push_back(one.grant.lease);
    }
    auto list = context.getResults().initKept(static_cast<capnp::uint>(kept.size()));
    for (capnp::uint i = 0; i < list.size(); ++i) list.set(i, kept[i]);
    if (record_.spoils_kept) test::put_struct(context.getResults(), 0);
    return manner();
  }
  kj::Promise<void> take(TakeContext context) override {
    record_.calls.emplace_back("take");
    const auto terms = *rpc::terms_from(context.getParams().getTerms());
    const Instant from = record_.now() + terms.starts_in;
    const Lease lease{terms, {record_.next_id++, terms.rate, from, from + terms.lasts}};
    record_.held.emplace(lease.grant.lease, lease);
    answer(lease, context.getResults().initAnswer());
    if (!record_.answers_late) return manner();
    auto pair = kj::newPromiseAndFulfiller<void>();
    record_.late.push_back(kj::mv(pair.fulfiller));
    return kj::mv(pair.promise);
  }
  kj::Promise<void> extend(ExtendContext context) override {
    record_.calls.emplace_back("extend");
    Lease& lease = record_.held.at(context.getParams().getId());
    lease.grant.until = lease.grant.until + *rpc::duration_from(context.getParams().getByMs());
    answer(lease, context.getResults().initAnswer());
    return manner();
  }
  kj::Promise<void> release(ReleaseContext context) override {
    const std::uint32_t id = context.getParams().getId();
    record_.released.push_back(id);
    record_.held.erase(id);
    return manner();
  }
  kj::Promise<void> capacity(CapacityContext context) override {
    record_.calls.emplace_back("capacity");
    const auto count = static_cast<capnp::uint>(record_.minutes.size());
    auto list = context.getResults().initSamples(count);
    for (capnp::uint i = 0; i < count; ++i) {
      list[i].setAt(record_.minutes[i].at);
      list[i].setRate(record_.minutes[i].rate);
      list[i].setLowest(record_.minutes[i].lowest);
    }
    return manner();
  }

 private:
  void answer(const Lease& lease, schema::LeaseAnswer::Builder to) {
    rpc::write_answer(rpc::LeaseAnswer{lease.grant}, to);
    record_.lies(to.getGranted());
  }
  kj::Promise<void> manner() {
    if (record_.hangs) return kj::NEVER_DONE;
    if (record_.fails) return rpc::to_exception(rpc::CallFailure::Broken, "no");
    return kj::READY_NOW;
  }
  Record& record_;
};

struct ShaperDesk : Desk {
  Instant now{1'000'000'000'000};
  std::vector<CapacityRecord> measured;
  SureMail sure{*service, *to_data};
  ShaperControl control{{*service, *to_data, sure, log, [this] { return now; },
                         [this](const std::vector<CapacityRecord>& minutes) {
                           measured.insert(measured.end(), minutes.begin(), minutes.end());
                         }}};
  PaperShaper::Record record;

  ShaperDesk() {
    record.now = [this] { return now; };
  }
  void connect() {
    control.connected(schema::ShaperForRouter::Client(kj::heap<PaperShaper>(record)));
  }
  void restart() {
    control.gone();
    const std::uint32_t next_id = record.next_id + 1'000;
    record = {};
    record.next_id = next_id;
    record.now = [this] { return now; };
    connect();
  }
  // A shaper that remembers nothing takes the place of the one before.

  static LeaseTerms terms(std::uint32_t principal) {
    LeaseTerms out;
    out.principal = {principal};
    out.over.push_back({principal});
    out.rate = 4'096;
    out.lasts = Duration::minutes(10);
    return out;
  }
  void take(std::uint64_t request, std::uint32_t principal = 2) {
    control.ask({{request}, core::LeaseTake{terms(principal)}});
  }
  void extend(std::uint64_t request, std::uint32_t lease, std::uint32_t principal = 2) {
    control.ask({{request}, core::LeaseExtend{{principal}, lease, Duration::minutes(5)}});
  }
  void release(std::uint64_t request, std::uint32_t lease, std::uint32_t principal = 2) {
    control.ask({{request}, core::LeaseRelease{{principal}, lease}});
  }
  kj::Promise<void> a_while() { return service->timer().afterDelay(120 * kj::MILLISECONDS); }
  // Long enough for a look at who waited too long.

  template <typename T>
  std::vector<T> mail_of() {
    std::vector<T> out;
    for (ToData& one : mail()) {
      if (auto* value = std::get_if<T>(&one)) out.push_back(std::move(*value));
    }
    return out;
  }
  std::vector<core::ShaperReply> replies() { return mail_of<core::ShaperReply>(); }
};

inline LeaseGrant grant_in(const core::ShaperReply& reply) {
  const auto* const grant = std::get_if<LeaseGrant>(&reply.answer);
  return grant != nullptr ? *grant : LeaseGrant{};
}
inline std::optional<LeaseRefusal> refusal_in(const core::ShaperReply& reply) {
  const auto* const denied = std::get_if<LeaseDenied>(&reply.answer);
  if (denied == nullptr) return std::nullopt;
  return denied->why;
}

}  // namespace covfefe::router
