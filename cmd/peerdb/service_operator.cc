// SPDX-License-Identifier: Apache-2.0
#include "rpc/convert.h"
#include "rpc/errors.h"
#include "rpc/history.h"
#include "service_edges.h"

namespace covfefe::peerdb {
namespace {

constexpr std::size_t kMostSamples = 10'000;  // newest, as the contract says

class OperatorEdge final : public rpc::Served<schema::PeerdbOperator> {
 public:
  explicit OperatorEdge(Node& node) : Served(node.operator_calls), node_(node) {}

 protected:
  kj::Promise<void> inspect(InspectContext context) override {
    rpc::write_inspection(node_.inspect(), context.getResults().initInspection());
    return kj::READY_NOW;
  }

  kj::Promise<void> putFriend(PutFriendContext context) override {
    const auto params = context.getParams();
    auto reply = context.getResults().initReply();
    const auto operation = rpc::exactly<16>(params.getOperation());
    const auto record = rpc::friend_from(params.getFriend());
    if (!operation || !record) {
      reply.setRefused(schema::Refusal::MALFORMED);
      return kj::READY_NOW;
    }
    const auto id = node_.peers.put_friend(*operation, *record);
    if (!id) {
      reply.setRefused(refusal_for(node_, id.error()));
      return kj::READY_NOW;
    }
    reply.setFriendId(id->value);
    changed();
    return kj::READY_NOW;
  }

  kj::Promise<void> removeFriend(RemoveFriendContext context) override {
    const auto params = context.getParams();
    auto results = context.getResults();
    const auto operation = rpc::exactly<16>(params.getOperation());
    if (!operation) {
      results.setRefused(true);
      results.setWhy(schema::Refusal::MALFORMED);
      return kj::READY_NOW;
    }
    const auto done = node_.peers.remove_friend(*operation, FriendId{params.getFriendId()});
    if (!done) {
      results.setRefused(true);
      results.setWhy(refusal_for(node_, done.error()));
      return kj::READY_NOW;
    }
    changed();
    return kj::READY_NOW;
  }

  kj::Promise<void> friends(FriendsContext context) override {
    auto all = node_.peers.friends();
    if (!all) return unreadable(all.error());
    rpc::write_friends(*all, context.getResults());
    return kj::READY_NOW;
  }

  kj::Promise<void> metrics(MetricsContext context) override {
    const auto params = context.getParams();
    const auto samples =
        node_.peers.metrics(FriendId{params.getFriendId()}, params.getSince(), kMostSamples);
    if (!samples) return unreadable(samples.error());
    auto list = context.getResults().initSamples(static_cast<capnp::uint>(samples->size()));
    for (capnp::uint i = 0; i < list.size(); ++i) rpc::write_sample((*samples)[i], list[i]);
    return kj::READY_NOW;
  }

  kj::Promise<void> promises(PromisesContext context) override {
    const auto all = node_.promises.tallies();
    if (!all) return unreadable(all.error());
    auto list = context.getResults().initTallies(static_cast<capnp::uint>(all->size()));
    for (capnp::uint i = 0; i < list.size(); ++i) rpc::write_tally((*all)[i], list[i]);
    return kj::READY_NOW;
  }

  kj::Promise<void> capacityHistory(CapacityHistoryContext context) override {
    const auto params = context.getParams();
    const auto all = node_.capacity.history(params.getSeconds(), params.getMost());
    if (!all) return unreadable(all.error());
    auto list = context.getResults().initRecords(static_cast<capnp::uint>(all->size()));
    for (capnp::uint i = 0; i < list.size(); ++i) rpc::write_capacity((*all)[i], list[i]);
    return kj::READY_NOW;
  }

 private:
  kj::Promise<void> unreadable(const store::StoreError& error) {
    (void)refusal_for(node_, error);
    return rpc::to_exception(rpc::CallFailure::Broken, "the database cannot be read");
  }

  void changed() {
    ++node_.changes;
    node_.backup_due = true;
    for (auto& [id, observer] : node_.observers) {
      // An observer that is gone fails here; its connection's end removes it.
      observer.changedRequest().send().detach([](kj::Exception&&) {});
    }
  }

  Node& node_;
};

}  // namespace

capnp::Capability::Client operator_edge(Node& node) {
  return kj::heap<OperatorEdge>(node);
}

}  // namespace covfefe::peerdb
