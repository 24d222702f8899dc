// SPDX-License-Identifier: Apache-2.0
#include "os/clock.h"
#include "rpc/errors.h"
#include "rpc/leases.h"
#include "service_desk.h"

namespace covfefe::shaper {
namespace {

class RouterEdge final : public rpc::Served<schema::ShaperForRouter> {
 public:
  explicit RouterEdge(Desk& desk) : Served(desk.router_calls), desk_(desk) {}
  ~RouterEdge() noexcept(false) {
    if (watcher_ != 0) desk_.unwatch(watcher_);
  }

 protected:
  kj::Promise<void> status(StatusContext context) override {
    write_status(desk_.live(), context.getResults().initStatus());
    return kj::READY_NOW;
  }

  kj::Promise<void> place(PlaceContext context) override {
    auto links = rpc::places_from(context.getParams().getLinks());
    if (!links) return malformed();
    desk_.books().place(std::move(*links), os::monotonic_now());
    desk_.settle();
    return kj::READY_NOW;
  }

  kj::Promise<void> take(TakeContext context) override {
    const auto terms = rpc::terms_from(context.getParams().getTerms());
    if (!terms) return deny(context.getResults().initAnswer());
    return answer(desk_.books().take(*terms, os::monotonic_now()),
                  context.getResults().initAnswer());
  }

  kj::Promise<void> extend(ExtendContext context) override {
    const auto params = context.getParams();
    const auto by = rpc::duration_from(params.getByMs());
    if (!by) return deny(context.getResults().initAnswer());
    return answer(
        desk_.books().extend({params.getPrincipal()}, params.getId(), *by, os::monotonic_now()),
        context.getResults().initAnswer());
  }

  kj::Promise<void> release(ReleaseContext context) override {
    const auto params = context.getParams();
    return answer(
        desk_.books().release({params.getPrincipal()}, params.getId(), os::monotonic_now()),
        context.getResults().initAnswer());
  }

  kj::Promise<void> leases(LeasesContext context) override {
    const shape::Ledger& ledger = desk_.books().ledger();
    auto list = context.getResults().initLeases(static_cast<capnp::uint>(ledger.size()));
    capnp::uint next = 0;
    ledger.each([&](const Lease& lease) { rpc::write_lease(lease, list[next++]); });
    return kj::READY_NOW;
  }

  kj::Promise<void> restore(RestoreContext context) override {
    const auto leases = rpc::leases_from(context.getParams().getLeases());
    if (!leases) return malformed();
    const auto kept = desk_.books().restore(*leases, os::monotonic_now());
    auto list = context.getResults().initKept(static_cast<capnp::uint>(kept.size()));
    for (capnp::uint i = 0; i < list.size(); ++i) list.set(i, kept[i]);
    desk_.settle();
    return kj::READY_NOW;
  }

  kj::Promise<void> watch(WatchContext context) override {
    if (watcher_ != 0) desk_.unwatch(watcher_);
    watcher_ = desk_.watch(context.getParams().getObserver());
    return kj::READY_NOW;
  }

  kj::Promise<void> capacity(CapacityContext context) override {
    const auto minutes = desk_.take_minutes();
    auto list = context.getResults().initSamples(static_cast<capnp::uint>(minutes.size()));
    for (capnp::uint i = 0; i < list.size(); ++i) {
      const MinuteRecord& from = minutes[i];
      list[i].setAt(from.at);
      list[i].setRate(from.sample.rate);
      list[i].setLowest(from.sample.lowest);
      list[i].setSent(from.sample.sent);
      list[i].setCuts(from.sample.cuts);
    }
    return kj::READY_NOW;
  }

  kj::Promise<void> recall(RecallContext context) override {
    desk_.books().recall(context.getParams().getLowWater());
    desk_.settle();
    return kj::READY_NOW;
  }

 private:
  static kj::Promise<void> malformed() {
    return rpc::to_exception(rpc::CallFailure::Broken, "a value that the contract forbids");
  }
  static kj::Promise<void> deny(schema::LeaseAnswer::Builder to) {
    rpc::write_answer(LeaseDenied{LeaseRefusal::BadRequest, 0, {}}, to);
    return kj::READY_NOW;
  }
  kj::Promise<void> answer(const rpc::LeaseAnswer& from, schema::LeaseAnswer::Builder to) {
    rpc::write_answer(from, to);
    if (std::holds_alternative<LeaseGrant>(from)) desk_.settle();
    return kj::READY_NOW;
  }

  Desk& desk_;
  std::uint64_t watcher_ = 0;  // its number at the desk while this connection lives
};

}  // namespace

capnp::Capability::Client router_edge(Desk& desk) {
  return kj::heap<RouterEdge>(desk);
}

}  // namespace covfefe::shaper
