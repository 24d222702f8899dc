// SPDX-License-Identifier: Apache-2.0
// What router and shaper say to each other about leases and links, as values (base/leases.h) and as
// schema/shaper.capnp. A value that the contract cannot mean is refused; whether a lease is
// sensible is the ledger's to say. Readers may throw as those of convert.h do.
#pragma once

#include <schema/shaper.capnp.h>

#include <string>
#include <variant>
#include <vector>

#include "base/leases.h"
#include "base/records.h"
#include "base/result.h"

namespace covfefe::rpc {

inline constexpr std::size_t kMaxLeases = 4'096;  // in one list
inline constexpr std::size_t kMaxCapacitySamples = 600;

using LeaseAnswer = std::variant<LeaseGrant, LeaseDenied>;

[[nodiscard]] Result<Duration> duration_from(std::uint64_t milliseconds);
// At most a year.

[[nodiscard]] Result<LeaseTerms> terms_from(schema::LeaseTerms::Reader from);
void write_terms(const LeaseTerms& from, schema::LeaseTerms::Builder to);

[[nodiscard]] Result<Lease> lease_from(schema::Lease::Reader from);
void write_lease(const Lease& from, schema::Lease::Builder to);
[[nodiscard]] Result<std::vector<Lease>> leases_from(capnp::List<schema::Lease>::Reader from);
// All or nothing, at most kMaxLeases, no two of one id.

[[nodiscard]] Result<LeaseAnswer> answer_from(schema::LeaseAnswer::Reader from);
void write_answer(const LeaseAnswer& from, schema::LeaseAnswer::Builder to);
// Of a grant, without the terms: who asked knows them.

[[nodiscard]] LeaseRefusal refusal_from(schema::LeaseRefusal from);
// Unavailable for what is none.
[[nodiscard]] schema::LeaseRefusal to_schema(LeaseRefusal why);
[[nodiscard]] schema::IdleLane to_schema(IdleLane idle);

[[nodiscard]] Result<std::vector<PlacedLink>> places_from(
    capnp::List<schema::LinkPlace>::Reader from);
// At most kMaxFriends, no two of one friend or one slot.
void write_place(const PlacedLink& from, schema::LinkPlace::Builder to);

}  // namespace covfefe::rpc
