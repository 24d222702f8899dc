// SPDX-License-Identifier: Apache-2.0
// Promises and the uplink's history, as values (base/promises.h, base/records.h) and as schema/.
// Lists are taken whole or refused whole; readers may throw as those of convert.h do.
#pragma once

#include <schema/peerdb.capnp.h>
#include <schema/shaper.capnp.h>

#include <vector>

#include "base/promises.h"
#include "base/records.h"
#include "base/result.h"

namespace covfefe::rpc {

[[nodiscard]] Result<PromiseKind> promise_kind_from(schema::PromiseKind kind);
[[nodiscard]] schema::PromiseKind to_schema(PromiseKind kind);

[[nodiscard]] Result<std::vector<PromiseEnd>> promise_ends_from(
    capnp::List<schema::PromiseOutcome>::Reader from);
// At most kMaxPromiseOutcomes, each somebody's.
void write_promise_end(const PromiseEnd& from, schema::PromiseOutcome::Builder to);

[[nodiscard]] Result<PromiseTally> tally_from(schema::PromiseTally::Reader from);
void write_tally(const PromiseTally& from, schema::PromiseTally::Builder to);

[[nodiscard]] Result<std::vector<CapacityRecord>> capacity_from(
    capnp::List<schema::CapacityRecord>::Reader from, std::size_t at_most);
// Of minutes or hours, at times after 1970.
void write_capacity(const CapacityRecord& from, schema::CapacityRecord::Builder to);

[[nodiscard]] Result<std::vector<CapacityRecord>> minutes_from(
    capnp::List<schema::CapacitySample>::Reader from);
// What the shaper measured: at most kMaxCapacitySamples (rpc/leases.h).

}  // namespace covfefe::rpc
