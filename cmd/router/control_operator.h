// SPDX-License-Identifier: Apache-2.0
// The edge router.operator: shows, measures and explains; opens and closes own circuits and chooses
// the address that far ends see. Whoever holds it can change no friend and no file.
// Thread: control.
#pragma once

#include <schema/router.capnp.h>

#include <functional>

#include "control_keystore.h"
#include "control_peerdb.h"
#include "questions.h"
#include "rpc/inspect.h"

namespace covfefe::router {

struct ConfigReply {  // as RouterOperator.apply
  bool ok = false;
  std::vector<std::string> changed;
  std::string why;
};

struct OperatorView {
  std::string name;  // of this node
  Address address;
  KeystoreEdge& keystore;
  PeerdbEdge& peerdb;
  Questions& questions;
  rpc::CallCount& calls;
  const Attached& attached;                          // TUN and rings, as the data thread told last
  std::function<kj::Promise<std::string>()> shaper;  // one sentence about its state
  std::function<rpc::InspectedService(Measured, core::StatusReport)> describe;
  std::function<ConfigReply(const std::string& text)> apply;
};
// Everything that an operator's connection looks at; outlives the connections.

inline constexpr rpc::Limits kOperatorLimits{.traversal_words = rpc::kFriendListWords};
// The library holds answers to the same limit as questions, and status names every friend.

[[nodiscard]] capnp::Capability::Client operator_capability(const OperatorView& view);

}  // namespace covfefe::router
