// SPDX-License-Identifier: Apache-2.0
// Promises and the uplink's history across a process boundary: they come back as they were, and
// values that the contract cannot mean are refused.
#include "rpc/history.h"

#include <capnp/message.h>
#include <doctest/doctest.h>

#include "rpc/leases.h"

using namespace covfefe;
using namespace covfefe::rpc;

namespace {

constexpr PromiseKind kKinds[] = {PromiseKind::LeaseGiven, PromiseKind::LeaseTaken,
                                  PromiseKind::OnlineUntil, PromiseKind::Leaving,
                                  PromiseKind::Please};

}  // namespace

TEST_CASE("every kind of promise comes back, none and one from the future do not") {
  for (const PromiseKind kind : kKinds) CHECK(*promise_kind_from(to_schema(kind)) == kind);
  CHECK(promise_kind_from(schema::PromiseKind::NONE).error() == Reject::WrongValue);
  CHECK(promise_kind_from(static_cast<schema::PromiseKind>(6)).error() == Reject::WrongValue);
}

TEST_CASE("ends of promises are somebody's and bounded") {
  capnp::MallocMessageBuilder message;
  using Params = schema::PeerdbForRouter::RecordPromisesParams;
  auto list = message.initRoot<Params>().initOutcomes(2);
  const PromiseEnd kept{{3}, PromiseKind::Leaving, true, 1'700'000'000};
  const PromiseEnd broken{{4}, PromiseKind::LeaseTaken, false, 1'700'000'001};
  write_promise_end(kept, list[0]);
  write_promise_end(broken, list[1]);
  CHECK(*promise_ends_from(list.asReader()) == std::vector<PromiseEnd>{kept, broken});
  list[1].setFriendId(0);
  CHECK(promise_ends_from(list.asReader()).error() == Reject::WrongValue);
  list[1].setFriendId(4);
  list[1].setKind(schema::PromiseKind::NONE);
  CHECK(promise_ends_from(list.asReader()).error() == Reject::WrongValue);
  list[1].setKind(schema::PromiseKind::PLEASE);
  list[1].setAt(-1);
  CHECK(promise_ends_from(list.asReader()).error() == Reject::WrongValue);
  auto many = message.initRoot<Params>().initOutcomes(kMaxPromiseOutcomes + 1);
  CHECK(promise_ends_from(many.asReader()).error() == Reject::Overloaded);
}

TEST_CASE("a tally comes back as it was and is somebody's") {
  capnp::MallocMessageBuilder message;
  auto builder = message.initRoot<schema::PromiseTally>();
  const PromiseTally tally{{7}, PromiseKind::OnlineUntil, UINT64_MAX, 2, 1'700'000'000};
  write_tally(tally, builder);
  CHECK(*tally_from(builder.asReader()) == tally);
  builder.setFriendId(0);
  CHECK(tally_from(builder.asReader()).error() == Reject::WrongValue);
}

TEST_CASE("a history of the uplink is of minutes or hours, and bounded") {
  capnp::MallocMessageBuilder message;
  using Params = schema::PeerdbForRouter::RecordCapacityParams;
  auto list = message.initRoot<Params>().initMinutes(2);
  const CapacityRecord minute{1'700'000'040, 60, 5, 4, 3, 2};
  const CapacityRecord hour{1'700'000'400, 3'600, UINT64_MAX, 0, 3, 2};
  write_capacity(minute, list[0]);
  write_capacity(hour, list[1]);
  CHECK(*capacity_from(list.asReader(), 2) == std::vector<CapacityRecord>{minute, hour});
  CHECK(capacity_from(list.asReader(), 1).error() == Reject::Overloaded);
  list[1].setSeconds(61);
  CHECK(capacity_from(list.asReader(), 2).error() == Reject::WrongValue);
  list[1].setSeconds(60);
  list[1].setAt(0);
  CHECK(capacity_from(list.asReader(), 2).error() == Reject::WrongValue);
}

TEST_CASE("what the shaper measured becomes minutes; lists too long or of no time are refused") {
  capnp::MallocMessageBuilder message;
  using Results = schema::ShaperForRouter::CapacityResults;
  auto list = message.initRoot<Results>().initSamples(1);
  list[0].setAt(1'700'000'040);
  list[0].setRate(5);
  list[0].setLowest(4);
  list[0].setSent(3);
  list[0].setCuts(2);
  CHECK(minutes_from(list.asReader())->at(0) == CapacityRecord{1'700'000'040, 60, 5, 4, 3, 2});
  list[0].setAt(-60);
  CHECK(minutes_from(list.asReader()).error() == Reject::WrongValue);
  auto many = message.initRoot<Results>().initSamples(kMaxCapacitySamples + 1);
  CHECK(minutes_from(many.asReader()).error() == Reject::Overloaded);
}
