// SPDX-License-Identifier: Apache-2.0
// What the operator is told, from the packet thread's reports to the contract. Thread: control.
#pragma once

#include <schema/router.capnp.h>

#include "control_names.h"

namespace covfefe::router {

inline constexpr std::size_t kMostCircuitsShown = 512;
// In one reply: about 60 words each, within what an operator's tool reads.

void write_friend_report(const core::FriendReport& from, schema::FriendStatus::Builder to);
void write_relayed(const core::RelayedReport& from, schema::Relayed::Builder to);
// Without the petname.
void write_counts(const core::CircuitsReport& from, schema::CircuitCounts::Builder to);
void write_circuit(const core::CircuitReport& from, const OperatorNames& names,
                   schema::Circuit::Builder to);
void write_circuits(const std::vector<core::CircuitReport>& from, const OperatorNames& names,
                    schema::CircuitsReply::Builder to);
void write_path(const core::PathReport& from, schema::PathReply::Builder to);
void write_ping(const core::PingReport& from, schema::PingReply::Builder to);
void write_looked(const Named& from, schema::Looked::Builder to);
void write_identity(const core::IdentityReport& from, schema::FarIdentity::Builder to);

}  // namespace covfefe::router
