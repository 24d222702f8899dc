// SPDX-License-Identifier: Apache-2.0
#include "os/clock.h"
#include "rpc/convert.h"
#include "rpc/errors.h"
#include "rpc/history.h"
#include "service_edges.h"

namespace covfefe::peerdb {
namespace {

class RouterEdge final : public rpc::Served<schema::PeerdbForRouter> {
 public:
  explicit RouterEdge(Node& node) : Served(node.router_calls), node_(node) {}
  ~RouterEdge() noexcept(false) {
    if (observer_ != 0) node_.observers.erase(observer_);
  }

 protected:
  kj::Promise<void> friends(FriendsContext context) override {
    auto all = node_.peers.friends();
    if (!all) return unreadable(all.error());
    rpc::write_friends(*all, context.getResults());
    return kj::READY_NOW;
  }

  kj::Promise<void> watch(WatchContext context) override {
    if (observer_ == 0) observer_ = node_.next_observer++;
    node_.observers.insert_or_assign(observer_, context.getParams().getObserver());
    return kj::READY_NOW;
  }

  kj::Promise<void> recordEndpoint(RecordEndpointContext context) override {
    const auto params = context.getParams();
    const auto operation = rpc::exactly<16>(params.getOperation());
    const auto endpoint = rpc::endpoint_from(params.getEndpoint());
    if (!operation || !endpoint) return refuse(context.getResults(), schema::Refusal::MALFORMED);
    const auto done =
        node_.peers.record_endpoint(*operation, FriendId{params.getFriendId()}, *endpoint);
    if (!done) return refuse(context.getResults(), refusal_for(node_, done.error()));
    return kj::READY_NOW;
  }

  kj::Promise<void> recordMetrics(RecordMetricsContext context) override {
    const auto params = context.getParams();
    const auto operation = rpc::exactly<16>(params.getOperation());
    const auto samples = rpc::samples_from(params.getSamples(), kMaxMetricSamples);
    if (!operation || !samples) return refuse(context.getResults(), schema::Refusal::MALFORMED);
    const auto done = node_.peers.record_metrics(*operation, *samples, os::wall_now());
    if (!done) return refuse(context.getResults(), refusal_for(node_, done.error()));
    return kj::READY_NOW;
  }

  kj::Promise<void> recordCatalogue(RecordCatalogueContext context) override {
    const auto catalogue = rpc::catalogue_from(context.getParams().getCatalogue());
    if (!catalogue) return refuse(context.getResults(), schema::Refusal::MALFORMED);
    const auto done = node_.routes.record_catalogue(*catalogue);
    if (!done) return refuse(context.getResults(), refusal_for(node_, done.error()));
    return kj::READY_NOW;
  }

  kj::Promise<void> catalogues(CataloguesContext context) override {
    const auto page = node_.routes.catalogues({context.getParams().getAfter()}, kCataloguesInPage);
    if (!page) return unreadable(page.error());
    auto list = context.getResults().initCatalogues(static_cast<capnp::uint>(page->size()));
    for (capnp::uint i = 0; i < list.size(); ++i) rpc::write_catalogue((*page)[i], list[i]);
    return kj::READY_NOW;
  }

  kj::Promise<void> recordDestinations(RecordDestinationsContext context) override {
    const auto params = context.getParams();
    const auto used = rpc::destinations_from(params.getUsed());
    const auto unused = rpc::destinations_from(params.getUnused());
    if (!used || !unused) return refuse(context.getResults(), schema::Refusal::MALFORMED);
    std::vector<DestinationChange> changes;
    for (const Address& address : *unused) changes.push_back({address, DestinationUse::Unused});
    for (const Address& address : *used) changes.push_back({address, DestinationUse::Used});
    const auto done = node_.routes.record_destinations(changes);
    if (!done) return refuse(context.getResults(), refusal_for(node_, done.error()));
    return kj::READY_NOW;
  }

  kj::Promise<void> destinations(DestinationsContext context) override {
    const auto all = node_.routes.destinations();
    if (!all) return unreadable(all.error());
    auto list = context.getResults().initAddresses(static_cast<capnp::uint>(all->size()));
    for (capnp::uint i = 0; i < list.size(); ++i) list.set(i, rpc::as_data((*all)[i].bytes));
    return kj::READY_NOW;
  }

  kj::Promise<void> recordPromises(RecordPromisesContext context) override {
    const auto params = context.getParams();
    const auto operation = rpc::exactly<16>(params.getOperation());
    const auto ends = rpc::promise_ends_from(params.getOutcomes());
    if (!operation || !ends) return refuse(context.getResults(), schema::Refusal::MALFORMED);
    const auto done = node_.promises.record(*operation, *ends, os::wall_now());
    if (!done) return refuse(context.getResults(), refusal_for(node_, done.error()));
    return kj::READY_NOW;
  }

  kj::Promise<void> recordCapacity(RecordCapacityContext context) override {
    const auto params = context.getParams();
    const auto operation = rpc::exactly<16>(params.getOperation());
    const auto minutes = rpc::capacity_from(params.getMinutes(), kMaxCapacityMinutes);
    if (!operation || !minutes) return refuse(context.getResults(), schema::Refusal::MALFORMED);
    const auto done = node_.capacity.record(*operation, *minutes, os::wall_now());
    if (!done) return refuse(context.getResults(), refusal_for(node_, done.error()));
    return kj::READY_NOW;
  }

  kj::Promise<void> capacityHistory(CapacityHistoryContext context) override {
    const auto all = node_.capacity.history(kCapacityMinute, context.getParams().getMost());
    if (!all) return unreadable(all.error());
    auto list = context.getResults().initMinutes(static_cast<capnp::uint>(all->size()));
    for (capnp::uint i = 0; i < list.size(); ++i) rpc::write_capacity((*all)[i], list[i]);
    return kj::READY_NOW;
  }

 private:
  template <typename Results>
  kj::Promise<void> refuse(Results results, schema::Refusal why) {
    results.setRefused(true);
    results.setWhy(why);
    return kj::READY_NOW;
  }

  kj::Promise<void> unreadable(const store::StoreError& error) {
    (void)refusal_for(node_, error);
    return rpc::to_exception(rpc::CallFailure::Broken, "the database cannot be read");
  }

  Node& node_;
  std::uint64_t observer_ = 0;  // key in Node::observers while this connection lives
};

}  // namespace

capnp::Capability::Client router_edge(Node& node) {
  return kj::heap<RouterEdge>(node);
}

}  // namespace covfefe::peerdb
