// SPDX-License-Identifier: Apache-2.0
#include "os/clock.h"
#include "rpc/convert.h"
#include "rpc/errors.h"
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
    if (!all) {
      (void)refusal_for(node_, all.error());
      return rpc::to_exception(rpc::CallFailure::Broken, "the database cannot be read");
    }
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

 private:
  template <typename Results>
  kj::Promise<void> refuse(Results results, schema::Refusal why) {
    results.setRefused(true);
    results.setWhy(why);
    return kj::READY_NOW;
  }

  Node& node_;
  std::uint64_t observer_ = 0;  // key in Node::observers while this connection lives
};

}  // namespace

capnp::Capability::Client router_edge(Node& node) {
  return kj::heap<RouterEdge>(node);
}

}  // namespace covfefe::peerdb
