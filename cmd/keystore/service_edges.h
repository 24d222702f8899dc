// SPDX-License-Identifier: Apache-2.0
// The two capabilities of the keystore: what the router may ask and what the operator may. Both
// work on one Node, which outlives every connection; neither has a method that returns a seed, a
// private key or a PSK. Thread: the KJ loop's.
#pragma once

#include <schema/keystore.capnp.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "keys/onion_keys.h"
#include "keys/vault.h"
#include "rpc/inspect.h"
#include "rpc/serve.h"

namespace covfefe::keystore {

struct Clocks {
  std::function<Instant()> monotonic;
  std::function<WallTime()> wall;
  [[nodiscard]] keys::Moment now() const { return {monotonic(), wall()}; }
};

struct Counters {
  std::uint64_t initiated = 0;
  std::uint64_t finished = 0;
  std::uint64_t responded = 0;
  std::uint64_t refused = 0;  // of the three above
  std::uint64_t certified = 0;
  std::uint64_t builds_opened = 0;
  std::uint64_t builds_refused = 0;
  std::uint64_t endorsed = 0;
  std::uint64_t revoked = 0;
  std::uint64_t failed_unlocks = 0;
  std::uint64_t failed_saves = 0;
};

struct Node {
  std::string name;
  const keys::Place& place;
  crypto::Entropy& random;
  Log& log;
  Clocks clocks;
  std::function<rpc::InspectedService()> inspect;

  std::unique_ptr<keys::Vault> vault;  // null while locked
  std::vector<FriendRecord> friends;   // the last table that the router loaded while locked
  std::vector<keys::Seen> seen;
  Instant next_unlock;  // one try a second
  Counters counters;
  rpc::CallCount router_calls;
  rpc::CallCount operator_calls;
  std::optional<keys::OnionKeys> onion;    // made at the start; used while not locked
  std::function<void()> disk_failed = {};  // what is durable is unknown: the process must end
  std::string way_in = {};                 // while locked: what an operator can do
};

[[nodiscard]] capnp::Capability::Client router_edge(Node& node);
[[nodiscard]] capnp::Capability::Client operator_edge(Node& node);
// A fresh bootstrap capability; the Node is borrowed.

[[nodiscard]] keys::SealedResult<void> open_vault(Node& node, ByteView secret);
// Credential or passphrase. On success the waiting table of friends is loaded.

[[nodiscard]] schema::Refusal refusal_for(Node& node, const keys::VaultError& error);
// A disk that refuses is logged, and ends the process if nobody knows what it holds now; the rest
// is what callers send and is only counted.

void write_identity(const Node& node, schema::Identity::Builder to);
// Stays empty while locked.

}  // namespace covfefe::keystore
