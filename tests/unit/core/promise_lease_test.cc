// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "promise_world.h"

using namespace covfefe;
using namespace covfefe::core;
using namespace covfefe::test;

namespace {

struct Two : PromiseWorld {
  Two() { befriend(alice, bob); }

  ReserveReport reserve(const ReserveQuery& query) {
    const RequestId id = alice.ask(query);
    run(Duration::seconds(4));
    const auto report = alice.answer<ReserveReport>(id);
    REQUIRE(report);
    return *report;
  }
  ReserveReport reserve(std::uint32_t rate) { return reserve(some_of(bob, rate)); }
  PromiseDone release(PromiseNode& node, std::uint32_t id) {
    const auto done = node.answer<PromiseDone>(node.ask(ReleaseQuery{id}));
    REQUIRE(done);
    return *done;
  }

  PromiseNode& alice = add("alice");
  PromiseNode& bob = add("bob");
};

std::uint64_t on_the_wire(std::uint32_t payload) {
  return wire_rate(payload, 83, {});
}

}  // namespace

TEST_CASE("what is reserved both ways is kept by both uplinks until its end") {
  Two two;
  const ReserveReport report = two.reserve(10'240);
  CHECK(report.ok);
  CHECK(report.payload_rate == 10'240);
  CHECK(report.wire_rate == on_the_wire(10'240));
  CHECK(report.how == "bob, both ways");
  CHECK(two.alice.leased_over(two.bob) == on_the_wire(10'240));
  CHECK(two.bob.leased_over(two.alice) == on_the_wire(10'240));
  const auto taken = two.alice.shown(PromiseKind::LeaseTaken);
  REQUIRE(taken);
  CHECK(taken->id == report.id);
  CHECK(taken->state == "in force");
  CHECK(taken->left > Duration::minutes(9));
  const auto given = two.bob.shown(PromiseKind::LeaseGiven);
  REQUIRE(given);
  CHECK(given->payload_rate == 10'240);
  CHECK(given->ours);
  CHECK_FALSE(taken->ours);
  CHECK(two.bob.noticed("keeps 10 KiB/s for alice for 10 min"));
  two.run(Duration::minutes(10));
  CHECK_FALSE(two.alice.shown(PromiseKind::LeaseTaken));
  CHECK_FALSE(two.bob.shown(PromiseKind::LeaseGiven));
  CHECK(two.alice.outcomes(PromiseKind::LeaseTaken, true) == 1);
  CHECK(two.alice.ended.size() == 1);
  CHECK(two.count<wire::Release>() == 0);
}

TEST_CASE("one direction alone takes one uplink alone") {
  Two two;
  ReserveQuery query = some_of(two.bob, 5'000);
  query.directions = Directions::Out;
  CHECK(two.reserve(query).ok);
  CHECK(two.alice.leased_over(two.bob) == on_the_wire(5'000));
  CHECK(two.bob.leased_over(two.alice) == 0);
  CHECK(two.said.empty());
  query.directions = Directions::In;
  const ReserveReport in = two.reserve(query);
  CHECK(in.ok);
  CHECK(in.wire_rate == on_the_wire(5'000));
  CHECK(two.alice.leased_over(two.bob) == on_the_wire(5'000));
  CHECK(two.bob.leased_over(two.alice) == on_the_wire(5'000));
}

TEST_CASE("what the friend refuses is undone on the own uplink, and its best offer is told") {
  Two two;
  two.bob.quota(20'000);
  const ReserveReport report = two.reserve(10'240);
  CHECK_FALSE(report.ok);
  CHECK(report.why.find("bob") != std::string::npos);
  CHECK(!report.next.empty());
  CHECK(report.best_rate > 4'000);
  CHECK(on_the_wire(report.best_rate) <= 20'000);
  CHECK(two.alice.leases() == 0);
  CHECK(two.alice.report().all.empty());
  CHECK(two.reserve(report.best_rate).ok);
}

TEST_CASE("what the own uplink refuses is never asked of the friend") {
  Two two;
  two.alice.room(20'000);
  const ReserveReport report = two.reserve(10'240);
  CHECK_FALSE(report.ok);
  CHECK(report.best_rate > 4'000);
  CHECK(two.said.empty());
}

TEST_CASE("no answer counts as no, and what may come of it later is given back") {
  Two two;
  two.passes = [](const wire::Control& c) { return !std::holds_alternative<wire::Ack>(c.message); };
  const RequestId id = two.alice.ask(some_of(two.bob, 1'000));
  two.run(Duration::millis(900));
  CHECK_FALSE(two.alice.answer<ReserveReport>(id));
  two.run(Duration::millis(200));
  REQUIRE(two.alice.answer<ReserveReport>(id));
  CHECK_FALSE(two.alice.answer<ReserveReport>(id)->ok);
  CHECK(two.alice.leases() == 0);
  CHECK(two.bob.leases() == 0);
}

TEST_CASE("a friend on a slow or silent link has longer to answer") {
  Two two;
  two.passes = [](const wire::Control&) { return false; };
  two.alice.friend_report.rtt = Duration::seconds(1);
  two.alice.friend_report.idle = IdleLane::AlwaysOn;
  two.alice.friend_report.peer_idle = IdleLane::Metered;
  const RequestId id = two.alice.ask(some_of(two.bob, 1'000));
  two.run(Duration::millis(3'370));
  CHECK_FALSE(two.alice.answer<ReserveReport>(id));
  two.run(Duration::millis(10));
  CHECK(two.alice.answer<ReserveReport>(id));
}

TEST_CASE("a shaper that does not answer is no longer waited for, and nothing stays taken") {
  Two two;
  two.alice.shaper_answers = false;
  const ReserveReport report = two.reserve(1'000);
  CHECK_FALSE(report.ok);
  CHECK(report.why.find("own") == std::string::npos);
  CHECK(two.said.empty());
  two.alice.shaper_answers = true;
  two.bob.shaper_answers = false;
  ReserveQuery query = some_of(two.bob, 1'000);
  CHECK_FALSE(two.reserve(query).ok);
  two.run(Duration::seconds(2));
  CHECK(two.alice.leases() == 0);
}

TEST_CASE("a lease that is granted when nobody waits any more is given back") {
  Two two;
  two.alice.shaper_sleeps = true;
  CHECK_FALSE(two.reserve(1'000).ok);
  two.alice.shaper_sleeps = false;
  two.run(Duration::seconds(1));
  CHECK(two.alice.asked_shaper == 2);
  CHECK(two.alice.leases() == 0);
}

TEST_CASE("nonsense is refused in a sentence and reaches nobody") {
  Two two;
  const auto refused = [&](auto change) {
    ReserveQuery query = some_of(two.bob, 1'000);
    change(query);
    const ReserveReport report = two.reserve(query);
    CHECK(!report.why.empty());
    CHECK(!report.next.empty());
    return !report.ok;
  };
  CHECK(refused([](ReserveQuery& q) { q.payload_rate = 0; }));
  CHECK(refused([](ReserveQuery& q) { q.payload_rate = 0xffff'ffff; }));
  CHECK(refused([](ReserveQuery& q) { q.payload_rate = 0x4000'0000; }));
  CHECK(refused([](ReserveQuery& q) { q.packet = 0; }));
  CHECK(refused([](ReserveQuery& q) { q.packet = 1'233; }));
  CHECK(refused([](ReserveQuery& q) { q.lasts = {}; }));
  CHECK(refused([](ReserveQuery& q) { q.lasts = Duration::hours(25); }));
  CHECK(refused([](ReserveQuery& q) { q.lasts = Duration::seconds(-5); }));
  CHECK(refused([](ReserveQuery& q) { q.lasts = {INT64_MAX}; }));
  CHECK(refused([](ReserveQuery& q) { q.starts_in = Duration::hours(25); }));
  CHECK(refused([](ReserveQuery& q) { q.starts_in = {INT64_MIN}; }));
  CHECK(two.said.empty());
  CHECK(two.alice.asked_shaper == 0);
}

TEST_CASE("a friend that is not up is not asked, and the operator hears what to do") {
  Two two;
  two.down(two.alice, two.bob);
  const ReserveReport report = two.reserve(1'000);
  CHECK_FALSE(report.ok);
  CHECK(report.why == "bob's link is down.");
  CHECK(report.next.find("covfefe why bob") != std::string::npos);
  CHECK(two.alice.leases() == 0);
}

TEST_CASE("a lease that starts later lets nothing pass before") {
  Two two;
  ReserveQuery query = some_of(two.bob, 10'240);
  query.starts_in = Duration::minutes(1);
  CHECK(two.reserve(query).ok);
  CHECK(two.alice.shown(PromiseKind::LeaseTaken)->state == "to come");
  CHECK_FALSE(two.alice.promises->leased({0}, 304, two.now));
  CHECK_FALSE(two.bob.promises->leased({0}, 304, two.now));
  two.run(Duration::minutes(1));
  CHECK(two.alice.promises->leased({0}, 304, two.now));
  CHECK(two.bob.promises->leased({0}, 304, two.now));
  CHECK_FALSE(two.bob.promises->leased({7}, 304, two.now));
  two.run(Duration::minutes(10));
  CHECK_FALSE(two.alice.promises->leased({0}, 304, two.now));
  CHECK_FALSE(two.bob.promises->leased({0}, 304, two.now));
}

TEST_CASE("only realtime leases make a cell leased") {
  Two two;
  ReserveQuery query = some_of(two.bob, 10'240);
  query.lease_class = LeaseClass::Bulk;
  CHECK(two.reserve(query).ok);
  CHECK(two.alice.leased_over(two.bob) > 0);
  CHECK_FALSE(two.alice.promises->leased({0}, 304, two.now));
}

TEST_CASE("a promise is extended on both uplinks") {
  Two two;
  const ReserveReport first = two.reserve(1'000);
  const RequestId id = two.alice.ask(ExtendQuery{first.id, Duration::minutes(30), {}});
  two.run(Duration::seconds(1));
  REQUIRE(two.alice.answer<ReserveReport>(id));
  CHECK(two.alice.answer<ReserveReport>(id)->ok);
  CHECK(two.alice.answer<ReserveReport>(id)->lasts > Duration::minutes(39));
  two.run(Duration::minutes(39));
  CHECK(two.alice.leased_over(two.bob) > 0);
  CHECK(two.bob.leased_over(two.alice) > 0);
  two.run(Duration::minutes(2));
  CHECK(two.alice.leases() == 0);
  CHECK(two.bob.leases() == 0);
  CHECK(two.alice.outcomes(PromiseKind::LeaseTaken, true) == 1);
}

TEST_CASE("an extension that is granted when nobody waits any more takes nothing away") {
  Two two;
  const ReserveReport first = two.reserve(1'000);
  two.alice.shaper_sleeps = true;
  const RequestId id = two.alice.ask(ExtendQuery{first.id, Duration::minutes(30), {}});
  two.run(Duration::seconds(3));
  REQUIRE(two.alice.answer<ReserveReport>(id));
  CHECK_FALSE(two.alice.answer<ReserveReport>(id)->ok);
  two.alice.shaper_sleeps = false;
  two.run(Duration::seconds(3));
  CHECK(two.alice.leases() == 1);
  CHECK(two.alice.shown(PromiseKind::LeaseTaken)->state == "in force");
  CHECK(two.alice.ask(ReleaseQuery{first.id}).value != 0);
  two.run(Duration::seconds(3));
  CHECK(two.alice.leases() == 0);
}

TEST_CASE("an extension that the friend refuses leaves the promise as it was") {
  Two two;
  const ReserveReport first = two.reserve(1'000);
  two.bob.shaper_answers = false;
  const RequestId id = two.alice.ask(ExtendQuery{first.id, Duration::minutes(30), {}});
  two.run(Duration::seconds(4));
  REQUIRE(two.alice.answer<ReserveReport>(id));
  CHECK_FALSE(two.alice.answer<ReserveReport>(id)->ok);
  two.bob.shaper_answers = true;
  CHECK(two.alice.shown(PromiseKind::LeaseTaken)->state == "in force");
  two.run(Duration::minutes(10));
  CHECK_FALSE(two.alice.shown(PromiseKind::LeaseTaken));
  CHECK(two.alice.leases() == 0);
  CHECK(two.alice.outcomes(PromiseKind::LeaseTaken, true) == 1);
}

TEST_CASE("nobody extends beyond a day, or what there is not") {
  Two two;
  const ReserveReport first = two.reserve(1'000);
  for (const Duration by : {Duration::hours(24), Duration{}, Duration{INT64_MAX}, Duration{-1}}) {
    const RequestId id = two.alice.ask(ExtendQuery{first.id, by, {}});
    REQUIRE(two.alice.answer<ReserveReport>(id));
    CHECK_FALSE(two.alice.answer<ReserveReport>(id)->ok);
  }
  bool known = true;
  two.alice.step([&] {
    known = two.alice.promises->ask(RequestId{99}, ExtendQuery{1, Duration::minutes(1), {}});
  });
  CHECK_FALSE(known);
}

TEST_CASE("what is released is free at both ends, and counts as kept") {
  Two two;
  const ReserveReport first = two.reserve(1'000);
  CHECK(two.release(two.alice, first.id).ok);
  CHECK(two.alice.leases() == 0);
  CHECK(two.bob.leases() == 0);
  CHECK(two.alice.report().all.empty());
  CHECK(two.bob.report().all.empty());
  CHECK(two.alice.outcomes(PromiseKind::LeaseTaken, true) == 1);
}

TEST_CASE("what is released while the link is down is given back when it is up") {
  Two two;
  const ReserveReport first = two.reserve(1'000);
  two.down(two.alice, two.bob);
  CHECK(two.release(two.alice, first.id).ok);
  CHECK(two.bob.leases() == 1);
  two.up(two.alice, two.bob);
  CHECK(two.bob.leases() == 0);
}

TEST_CASE("a lease that is taken back ends at both ends, and counts as broken") {
  Two two;
  CHECK(two.reserve(1'000).ok);
  CHECK(two.release(two.bob, two.bob.shown(PromiseKind::LeaseGiven)->id).ok);
  CHECK(two.alice.leases() == 0);
  CHECK(two.bob.leases() == 0);
  CHECK(two.alice.outcomes(PromiseKind::LeaseTaken, false) == 1);
  CHECK(two.alice.noticed("no longer"));
}

TEST_CASE("what the friend's uplink carries no more is revoked and told") {
  Two two;
  CHECK(two.reserve(10'240).ok);
  two.bob.room(1'000);
  CHECK(two.alice.outcomes(PromiseKind::LeaseTaken, false) == 1);
  CHECK(two.alice.leases() == 0);
  CHECK(two.alice.report().all.empty());
  CHECK(two.last<wire::Nak>()->reason == wire::NakReason::Capacity);
  CHECK_FALSE(two.bob.promises->leased({0}, 304, two.now));
}

TEST_CASE("what the own uplink carries no more is given back to the friend, who kept its word") {
  Two two;
  CHECK(two.reserve(10'240).ok);
  two.alice.room(1'000);
  CHECK(two.bob.leases() == 0);
  CHECK(two.alice.outcomes(PromiseKind::LeaseTaken, true) == 1);
  CHECK(two.alice.noticed("is over"));
}

TEST_CASE("a link that is down for more than a tenth of a lease breaks it, for less it does not") {
  for (const int minutes : {0, 2}) {
    Two two;
    CHECK(two.reserve(1'000).ok);
    two.down(two.alice, two.bob);
    two.run(Duration::minutes(minutes) + Duration::seconds(30));
    two.up(two.alice, two.bob);
    two.run(Duration::minutes(12));
    CHECK(two.alice.outcomes(PromiseKind::LeaseTaken, true) == (minutes == 0 ? 1 : 0));
    CHECK(two.alice.outcomes(PromiseKind::LeaseTaken, false) == (minutes == 0 ? 0 : 1));
  }
}

TEST_CASE("a router that restarts takes its promises up again, and its friends' leases go on") {
  for (const bool shaper_first : {true, false}) {
    Two two;
    CHECK(two.reserve(10'240).ok);
    const std::uint32_t id = two.alice.shown(PromiseKind::LeaseTaken)->id;
    two.run(Duration::minutes(1));
    two.down(two.alice, two.bob);
    two.alice.restart();
    if (!shaper_first) {
      // The friend is quicker than the shaper.
      two.alice.promises = std::make_unique<Promises>(two.alice, two.random());
      two.alice.friends();
    }
    two.up(two.alice, two.bob, Boot::New);
    if (!shaper_first) {
      LeasesKnown known;
      two.alice.ledger.each([&](const Lease& one) { known.all.push_back(one); });
      two.alice.step([&] { two.alice.promises->leases_known(known); });
    }
    const auto taken = two.alice.shown(PromiseKind::LeaseTaken);
    REQUIRE(taken);
    CHECK(taken->id == id);
    CHECK(taken->payload_rate == 10'240);
    CHECK(taken->wire_rate == on_the_wire(10'240));
    two.run(Duration::minutes(2));
    CHECK(two.alice.leased_over(two.bob) > 0);
    CHECK(two.alice.promises->leased({0}, 304, two.now));
    two.run(Duration::minutes(10));
    CHECK(two.alice.outcomes(PromiseKind::LeaseTaken, true) == 1);
    CHECK(two.alice.leases() == 0);
  }
}

TEST_CASE("a friend's router that restarts goes on with what it gave") {
  Two two;
  CHECK(two.reserve(10'240).ok);
  two.down(two.alice, two.bob);
  two.bob.restart();
  const auto before = two.bob.shown(PromiseKind::LeaseGiven);
  REQUIRE(before);
  CHECK(before->payload_rate == 0);
  two.up(two.alice, two.bob, Boot::New);
  CHECK(two.bob.shown(PromiseKind::LeaseGiven)->payload_rate == 10'240);
  CHECK(two.bob.leases() == 1);
  CHECK(two.bob.promises->leased({0}, 304, two.now));
  CHECK(two.alice.shown(PromiseKind::LeaseTaken)->state == "in force");
}

TEST_CASE("a friend that forgot everything is asked again, and what it refuses then is broken") {
  for (const bool lends : {true, false}) {
    Two two;
    CHECK(two.reserve(10'240).ok);
    two.down(two.alice, two.bob);

    two.bob.ledger = shape::Ledger{77};
    two.bob.room(1'000'000);
    two.bob.quota(100'000);
    two.bob.restart();
    PromisePolicy policy;
    policy.lend = lends;
    two.bob.step([&] { two.bob.promises->policy(policy); });
    two.up(two.alice, two.bob, Boot::New);
    two.run(Duration::seconds(1));
    CHECK(two.bob.leases() == (lends ? 1 : 0));
    CHECK(two.alice.leases() == (lends ? 1 : 0));
    CHECK(two.alice.outcomes(PromiseKind::LeaseTaken, false) == (lends ? 0 : 1));
  }
}

TEST_CASE("own halves that no friend knows of are released after a minute") {
  Two two;
  CHECK(two.reserve(10'240).ok);
  two.down(two.alice, two.bob);
  two.alice.restart();
  two.run(Duration::seconds(59));
  CHECK(two.alice.leases() == 1);
  two.run(Duration::seconds(2));
  CHECK(two.alice.leases() == 0);
}

TEST_CASE("what was reserved towards a friend alone outlives the router") {
  Two two;
  ReserveQuery query = some_of(two.bob, 5'000);
  query.directions = Directions::Out;
  const ReserveReport first = two.reserve(query);
  two.alice.restart();
  two.run(Duration::minutes(2));
  CHECK(two.alice.leases() == 1);
  CHECK(two.release(two.alice, first.id).ok);
  CHECK(two.alice.leases() == 0);
}

TEST_CASE("a friend that is removed takes its leases along") {
  Two two;
  CHECK(two.reserve(10'240).ok);
  two.bob.step([&] { two.bob.promises->on_link_gone({0}); });
  CHECK(two.bob.leases() == 0);
  CHECK(two.bob.report().all.empty());
}

TEST_CASE("a node that lends nothing says so") {
  Two two;
  PromisePolicy policy;
  policy.lend = false;
  two.bob.step([&] { two.bob.promises->policy(policy); });
  const ReserveReport report = two.reserve(1'000);
  CHECK_FALSE(report.ok);
  CHECK(report.why == "bob lends nothing to this node.");
  CHECK(two.bob.asked_shaper == 0);
}

TEST_CASE("a full control channel delays a promise and does not lose it") {
  Two two;
  two.alice.channel_full = true;
  const RequestId id = two.alice.ask(some_of(two.bob, 1'000));
  two.run(Duration::millis(400));
  two.alice.channel_full = false;
  two.run(Duration::millis(200));
  REQUIRE(two.alice.answer<ReserveReport>(id));
  CHECK(two.alice.answer<ReserveReport>(id)->ok);
}

TEST_CASE("three friends share one uplink: each has its own, and nobody gets another's") {
  PromiseWorld world;
  PromiseNode& hub = world.add("hub");
  PromiseNode& one = world.add("one");
  PromiseNode& other = world.add("other");
  world.befriend(hub, one);
  world.befriend(hub, other);
  hub.quota(50'000);
  const RequestId first = one.ask(some_of(hub, 10'000));
  const RequestId second = other.ask(some_of(hub, 12'000));
  CHECK(one.answer<ReserveReport>(first)->ok);
  CHECK(other.answer<ReserveReport>(second)->ok);
  CHECK(hub.leased_over(one) == on_the_wire(10'000));
  CHECK(hub.leased_over(other) == on_the_wire(12'000));
  // The numbers that one asked under mean nothing of another's.
  world.send(other, hub, {wire::Release{one.answer<ReserveReport>(first)->id}});
  CHECK(world.last<wire::Nak>()->reason == wire::NakReason::NotYours);
  world.send(other, hub, {wire::Extend{one.answer<ReserveReport>(first)->id, 60}});
  CHECK(world.last<wire::Nak>()->reason == wire::NakReason::NotYours);
  CHECK(hub.leased_over(one) == on_the_wire(10'000));
}
