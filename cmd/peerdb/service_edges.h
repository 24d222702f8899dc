// SPDX-License-Identifier: Apache-2.0
// The two capabilities of peerdb: what the router may ask and what the operator may. Both work on
// one Node, which outlives every connection. Thread: the KJ loop's.
#pragma once

#include <schema/peerdb.capnp.h>

#include <functional>
#include <map>

#include "base/log.h"
#include "rpc/inspect.h"
#include "rpc/serve.h"
#include "store/capacity.h"
#include "store/peers.h"
#include "store/promises.h"
#include "store/routes.h"

namespace covfefe::peerdb {

struct Node {
  store::Database& database;
  store::Peers& peers;
  store::Routes& routes;
  store::Promises& promises;
  store::Capacity& capacity;
  Log& log;
  std::function<void()> disk_failed;  // what is durable is unknown: the process must end
  std::function<rpc::InspectedService()> inspect;

  rpc::CallCount router_calls;
  rpc::CallCount operator_calls;
  std::map<std::uint64_t, schema::FriendObserver::Client> observers;
  std::uint64_t next_observer = 1;
  std::uint64_t changes = 0;  // friends added, changed or removed since start
  std::uint64_t refusals = 0;
  bool backup_due = false;  // a friend changed since the last backup
};

[[nodiscard]] capnp::Capability::Client router_edge(Node& node);
[[nodiscard]] capnp::Capability::Client operator_edge(Node& node);
// A fresh bootstrap capability; the Node is borrowed.

[[nodiscard]] schema::Refusal refusal_for(Node& node, const store::StoreError& error);
// Logs and counts it, ends the process on a failed disk, and says it in the contract's words.

}  // namespace covfefe::peerdb
