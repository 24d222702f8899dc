// SPDX-License-Identifier: Apache-2.0
// What the operator says of promises and what is shown of them: every field, and every value that
// only a newer or a broken tool sends.
#include "cmd/router/control_promise_reports.h"

#include <capnp/message.h>
#include <doctest/doctest.h>

#include "rpc/convert.h"

using namespace covfefe;
using namespace covfefe::router;

namespace {

constexpr std::uint64_t kMinuteMs = 60'000;
constexpr std::uint64_t kHourMs = 60 * kMinuteMs;

struct Reserving {
  capnp::MallocMessageBuilder message;
  schema::Reservation::Builder asked = message.initRoot<schema::Reservation>();
  Reserving() {
    asked.setPayloadRate(10'240);
    asked.setPacket(83);
    asked.setClass(schema::LeaseClass::REALTIME);
    asked.setLastsMs(kHourMs);
  }
  core::ReserveQuery query() {
    auto read = reserve_query(asked.asReader());
    REQUIRE(std::holds_alternative<core::ReserveQuery>(read));
    return std::get<core::ReserveQuery>(read);
  }
  Refused refusal() {
    auto read = reserve_query(asked.asReader());
    REQUIRE(std::holds_alternative<Refused>(read));
    return std::get<Refused>(read);
  }
};

core::PromiseReport promise(std::uint32_t id, FriendId with) {
  core::PromiseReport out;
  out.id = id;
  out.kind = PromiseKind::LeaseGiven;
  out.friend_id = with;
  out.ours = true;
  out.with = "bob";
  out.payload_rate = 1'000;
  out.wire_rate = 2'500;
  out.lease_class = LeaseClass::Bulk;
  out.starts_in = Duration::seconds(2);
  out.left = Duration::minutes(3);
  out.state = "in force";
  return out;
}

}  // namespace

TEST_CASE("directions are out, in or both, and what nobody knows is both") {
  Reserving reserving;
  reserving.asked.setDirections(schema::Directions::OUT);
  CHECK(reserving.query().directions == core::Directions::Out);
  reserving.asked.setDirections(schema::Directions::IN);
  CHECK(reserving.query().directions == core::Directions::In);
  reserving.asked.setDirections(schema::Directions::BOTH);
  CHECK(reserving.query().directions == core::Directions::Both);
  reserving.asked.setDirections(static_cast<schema::Directions>(77));
  CHECK(reserving.query().directions == core::Directions::Both);
}

TEST_CASE("a class is realtime or bulk, and no third one") {
  Reserving reserving;
  CHECK(reserving.query().lease_class == LeaseClass::Realtime);
  reserving.asked.setClass(schema::LeaseClass::BULK);
  CHECK(reserving.query().lease_class == LeaseClass::Bulk);
  reserving.asked.setClass(static_cast<schema::LeaseClass>(77));
  CHECK(reserving.refusal() == "a reservation is realtime or bulk");
}

TEST_CASE("times of a reservation are taken up to their bounds and not beyond") {
  Reserving reserving;
  reserving.asked.setLastsMs(24 * kHourMs);
  reserving.asked.setStartsInMs(24 * kHourMs);
  CHECK(reserving.query().lasts == Duration::hours(24));
  CHECK(reserving.query().starts_in == Duration::hours(24));
  reserving.asked.setStartsInMs(24 * kHourMs + 1);
  CHECK(reserving.refusal() == "a reservation starts within 24 hours");
  reserving.asked.setLastsMs(24 * kHourMs + 1);
  CHECK(reserving.refusal() == "a reservation lasts 1 second to 24 hours");
  reserving.asked.setLastsMs(999);
  CHECK(reserving.refusal() == "a reservation lasts 1 second to 24 hours");
}

TEST_CASE("rates and packets are taken up to their bounds and not beyond") {
  Reserving reserving;
  reserving.asked.setPayloadRate(kLeaseRateMost);
  reserving.asked.setPacket(1'232);
  CHECK(reserving.query().payload_rate == kLeaseRateMost);
  CHECK(reserving.query().packet == 1'232);
  reserving.asked.setPacket(1'233);
  CHECK(reserving.refusal() == "a packet carries 1 to 1232 bytes of payload");
  reserving.asked.setPayloadRate(kLeaseRateMost + 1);
  CHECK(reserving.refusal() == "a reservation is of 1 B/s to 1 GiB/s");
}

TEST_CASE("who does not say how long it waits waits five seconds, and nobody more than a minute") {
  Reserving reserving;
  CHECK(reserving.query().timeout == Duration::seconds(5));
  reserving.asked.setTimeoutMs(250);
  CHECK(reserving.query().timeout == Duration::millis(250));
  reserving.asked.setTimeoutMs(UINT32_MAX);
  CHECK(reserving.query().timeout == Duration::minutes(1));
}

TEST_CASE("extensions, intentions and pleas have their bounds") {
  CHECK(std::get<core::ExtendQuery>(extend_query(7, 1'000)).by == Duration::seconds(1));
  CHECK(std::get<core::ExtendQuery>(extend_query(7, 24 * kHourMs)).id == 7);
  for (const std::uint64_t by : {std::uint64_t{999}, 24 * kHourMs + 1, UINT64_MAX}) {
    CHECK(std::get<Refused>(extend_query(7, by)) == "it is extended by 1 second to 24 hours");
  }
  using schema::Intent;
  const auto kind = [](Intent intent, std::uint64_t in) {
    return std::get<core::IntendQuery>(intend_query(intent, in)).kind;
  };
  CHECK(kind(Intent::NOTHING, UINT64_MAX) == core::IntentKind::None);
  CHECK(kind(Intent::LEAVING, 24 * kHourMs) == core::IntentKind::Leaving);
  CHECK(kind(Intent::ONLINE_UNTIL, 7 * 24 * kHourMs) == core::IntentKind::OnlineUntil);
  for (const std::uint64_t in : {kMinuteMs - 1, 24 * kHourMs + 1}) {
    CHECK(std::get<Refused>(intend_query(Intent::LEAVING, in)) ==
          "leaving is announced 1 minute to 24 hours ahead");
  }
  for (const std::uint64_t in : {kMinuteMs - 1, 7 * 24 * kHourMs + 1, UINT64_MAX}) {
    CHECK(std::get<Refused>(intend_query(Intent::ONLINE_UNTIL, in)) ==
          "online-until is announced 1 minute to 7 days ahead");
  }
  CHECK(std::get<Duration>(please_for(0)) == Duration{});
  CHECK(std::get<Duration>(please_for(24 * kHourMs)) == Duration::hours(24));
  CHECK(std::get<Refused>(please_for(24 * kHourMs + 1)) ==
        "a friend is asked for 1 minute to 24 hours");
}

TEST_CASE("what became of a reservation is told whole") {
  capnp::MallocMessageBuilder message;
  auto reply = message.initRoot<schema::ReserveReply>();
  write_reserve({false, 7, 10, 25, Duration::seconds(-1), "bob", "quota", "ask for less", 5,
                 Duration::minutes(2)},
                reply);
  CHECK_FALSE(reply.getOk());
  CHECK(reply.getId() == 7);
  CHECK(reply.getPayloadRate() == 10);
  CHECK(reply.getWireRate() == 25);
  CHECK(reply.getLastsMs() == 0);  // no time runs backwards
  CHECK(rpc::text(reply.getHow()) == "bob");
  CHECK(rpc::text(reply.getWhy()) == "quota");
  CHECK(rpc::text(reply.getNext()) == "ask for less");
  CHECK(reply.getBestRate() == 5);
  CHECK(reply.getBestLastsMs() == 2 * kMinuteMs);
}

TEST_CASE("what was done is told whole") {
  capnp::MallocMessageBuilder message;
  auto reply = message.initRoot<schema::PromiseReply>();
  write_done({true, "asked", "wait", Duration::minutes(1)}, reply);
  CHECK(reply.getOk());
  CHECK(rpc::text(reply.getWhat()) == "asked");
  CHECK(rpc::text(reply.getNext()) == "wait");
  CHECK(reply.getLeftMs() == kMinuteMs);
}

TEST_CASE("a promise is shown whole, realtime or bulk") {
  capnp::MallocMessageBuilder message;
  auto shown = message.initRoot<schema::Promise>();
  core::PromiseReport one = promise(9, {2});
  write_promise(one, shown);
  CHECK(shown.getId() == 9);
  CHECK(shown.getKind() == schema::PromiseKind::LEASE_GIVEN);
  CHECK(shown.getFriendId() == 2);
  CHECK(shown.getOurs());
  CHECK(rpc::text(shown.getWith()) == "bob");
  CHECK(shown.getPayloadRate() == 1'000);
  CHECK(shown.getWireRate() == 2'500);
  CHECK(shown.getClass() == schema::LeaseClass::BULK);
  CHECK(shown.getStartsInMs() == 2'000);
  CHECK(shown.getLeftMs() == 3 * kMinuteMs);
  CHECK(rpc::text(shown.getState()) == "in force");
  one.lease_class = LeaseClass::Realtime;
  write_promise(one, shown);
  CHECK(shown.getClass() == schema::LeaseClass::REALTIME);
}

TEST_CASE("what is announced to all is shown apart from what is promised to one") {
  core::PromisesReport all;
  all.all = {promise(1, {}), promise(2, {2}), promise(3, {}), promise(4, {3})};
  all.record = {{{2}, 5, 1}};
  capnp::MallocMessageBuilder message;
  auto status = message.initRoot<schema::RouterStatus>();
  write_announced(all, status);
  REQUIRE(status.getAnnounced().size() == 2);
  CHECK(status.getAnnounced()[0].getId() == 1);
  CHECK(status.getAnnounced()[1].getId() == 3);
  auto friends = status.initFriends(2);
  write_promises_of(all, {2}, friends[0]);
  write_promises_of(all, {3}, friends[1]);
  REQUIRE(friends[0].getPromises().size() == 1);
  CHECK(friends[0].getPromises()[0].getId() == 2);
  CHECK(friends[0].getKept() == 5);
  CHECK(friends[0].getBroken() == 1);
  CHECK(friends[1].getPromises()[0].getId() == 4);
  CHECK(friends[1].getKept() == 0);
}

TEST_CASE("of very many promises with one friend 512 are shown") {
  core::PromisesReport all;
  all.all.assign(kMostPromisesShown + 9, promise(1, {2}));
  capnp::MallocMessageBuilder message;
  auto shown = message.initRoot<schema::FriendStatus>();
  write_promises_of(all, {2}, shown);
  CHECK(shown.getPromises().size() == kMostPromisesShown);
}
