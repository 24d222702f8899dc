// SPDX-License-Identifier: Apache-2.0
// The operator's words about promised bandwidth and announced intentions: from the contract to the
// packet thread's questions and back. What is out of range is refused here in one sentence; what is
// granted is decided by the packet thread, the friend and the shaper. Thread: control.
#pragma once

#include <schema/router.capnp.h>

#include <variant>

#include "base/records.h"
#include "core/io.h"

namespace covfefe::router {

inline constexpr std::size_t kMostPromisesShown = 512;
// In one reply: about 20 words each, within what an operator's tool reads.

using Refused = std::string;  // one sentence

[[nodiscard]] std::variant<core::ReserveQuery, Refused> reserve_query(
    schema::Reservation::Reader from);
// Without the peer.
[[nodiscard]] std::variant<core::ExtendQuery, Refused> extend_query(std::uint32_t id,
                                                                    std::uint64_t by_ms);
[[nodiscard]] std::variant<core::IntendQuery, Refused> intend_query(schema::Intent intent,
                                                                    std::uint64_t in_ms);
[[nodiscard]] std::variant<Duration, Refused> please_for(std::uint64_t by_ms);
// Also of an answer, where 0 is what was asked.

void write_reserve(const core::ReserveReport& from, schema::ReserveReply::Builder to);
void write_done(const core::PromiseDone& from, schema::PromiseReply::Builder to);
void write_promise(const core::PromiseReport& from, schema::Promise::Builder to);

void write_announced(const core::PromisesReport& from, schema::RouterStatus::Builder to);
void write_promises_of(const core::PromisesReport& from, FriendId id,
                       schema::FriendStatus::Builder to);
// Those with one friend, and how many it kept.

}  // namespace covfefe::router
