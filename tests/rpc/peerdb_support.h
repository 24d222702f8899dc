// SPDX-License-Identifier: Apache-2.0
// Both contracts of schema/peerdb.capnp over in-memory pipes, on a real database.
#pragma once

#include <capnp/rpc-twoparty.h>
#include <doctest/doctest.h>
#include <kj/async-io.h>

#include "cmd/peerdb/service_edges.h"
#include "os/clock.h"
#include "rpc/convert.h"
#include "rpc/endpoint.h"
#include "rpc/history.h"
#include "tests/unit/store/temporary.h"

namespace covfefe::peerdb {

class SilentLog final : public Log {
 public:
  void write(Level, std::string_view) override {}
};

struct Bench {
  // One database behind both edges, each on a pipe of its own.
  store::TemporaryDirectory directory;
  store::StoreResult<store::Database> database =
      store::Database::open(directory.file("peers.db"), store::kNow);
  store::Peers peers{database.value()};
  store::Routes routes{database.value()};
  store::Promises promises{database.value()};
  store::Capacity capacity{database.value()};
  SilentLog log;
  int disk_failures = 0;
  Node node{database.value(),
            peers,
            routes,
            promises,
            capacity,
            log,
            [this] { ++disk_failures; },
            [] { return rpc::InspectedService{}; },
            {},
            {},
            {}};
  kj::AsyncIoContext io = kj::setupAsyncIo();
  kj::TwoWayPipe operator_pipe = kj::newTwoWayPipe();
  kj::TwoWayPipe router_pipe = kj::newTwoWayPipe();
  rpc::Endpoint operator_server{
      kj::mv(operator_pipe.ends[0]), rpc::Side::Acceptor, {}, operator_edge(node)};
  rpc::Endpoint operator_client{kj::mv(operator_pipe.ends[1]), rpc::Side::Connector, {}, nullptr};
  rpc::Endpoint router_server{
      kj::mv(router_pipe.ends[0]), rpc::Side::Connector, {}, router_edge(node)};
  kj::Own<rpc::Endpoint> router_client = kj::heap<rpc::Endpoint>(
      kj::mv(router_pipe.ends[1]), rpc::Side::Acceptor, rpc::Limits{}, nullptr);

  schema::PeerdbOperator::Client as_operator() {
    return operator_client.peer().castAs<schema::PeerdbOperator>();
  }
  schema::PeerdbForRouter::Client as_router() {
    return router_client->peer().castAs<schema::PeerdbForRouter>();
  }

  auto put(std::uint8_t operation, const FriendRecord& record) {
    auto request = as_operator().putFriendRequest();
    request.setOperation(rpc::as_data(store::operation(operation)));
    rpc::write_friend(record, request.initFriend());
    return request.send().wait(io.waitScope);
  }
};

class CountingObserver final : public schema::FriendObserver::Server {
 public:
  explicit CountingObserver(int& count) : count_(count) {}
  kj::Promise<void> changed(ChangedContext) override {
    ++count_;
    return kj::READY_NOW;
  }

 private:
  int& count_;
};

}  // namespace covfefe::peerdb
