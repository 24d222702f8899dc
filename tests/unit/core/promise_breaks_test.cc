// SPDX-License-Identifier: Apache-2.0
// What becomes of a question, and of a promise, when link, friend or shaper go while it is open.
#include <doctest/doctest.h>

#include "promise_world.h"

using namespace covfefe;
using namespace covfefe::core;
using namespace covfefe::test;

namespace {

struct Two : PromiseWorld {
  Two() { befriend(alice, bob); }

  std::uint32_t reserved(const ReserveQuery& query) {
    const ReserveReport report = answered(alice.ask(query));
    REQUIRE(report.ok);
    return report.id;
  }
  std::uint32_t reserved() { return reserved(some_of(bob, 1'000)); }
  RequestId extend(std::uint32_t id) {
    return alice.ask(ExtendQuery{id, Duration::minutes(10), {}});
  }
  [[nodiscard]] ReserveReport answered(RequestId id) const {
    const auto report = alice.answer<ReserveReport>(id);
    REQUIRE(report);
    return *report;
  }
  [[nodiscard]] std::string state() {
    const auto taken = alice.shown(PromiseKind::LeaseTaken);
    return taken ? taken->state : "gone";
  }

  PromiseNode& alice = add("alice");
  PromiseNode& bob = add("bob");
};

}  // namespace

TEST_CASE("less than was asked for is given back, and told as the best there is") {
  Two two;
  two.bob.deaf = true;
  const RequestId id = two.alice.ask(some_of(two.bob, 1'000));
  const auto need = two.last<wire::Need>();
  REQUIRE(need);
  two.send(two.bob, two.alice,
           {wire::Ack{need->number, 999, need->packet, need->promise_class, 0, need->lasts}});
  CHECK(two.answered(id).why == "bob offers less than was asked for.");
  CHECK(two.answered(id).best_rate == 999);
  REQUIRE(two.last<wire::Release>());
  CHECK(two.last<wire::Release>()->number == need->number);
  CHECK(two.alice.leases() == 0);
}

TEST_CASE("a link that goes down while the friend is asked ends the question") {
  Two two;
  SUBCASE("for a promise: nothing stays taken") {
    two.bob.deaf = true;
    const RequestId id = two.alice.ask(some_of(two.bob, 1'000));
    two.down(two.alice, two.bob);
    CHECK(two.answered(id).why == "bob's link went down.");
    CHECK(two.alice.leases() == 0);
  }
  SUBCASE("for more time: the promise stays as it was") {
    const std::uint32_t promise = two.reserved();
    two.bob.deaf = true;
    const RequestId id = two.extend(promise);
    two.down(two.alice, two.bob);
    CHECK(two.answered(id).why == "bob's link went down.");
    CHECK(two.state() == "in force");
    CHECK(two.alice.leases() == 1);
  }
}

TEST_CASE("a link that goes down while the own shaper is asked ends the question, too") {
  Two two;
  SUBCASE("for a promise: nothing stays taken") {
    two.alice.shaper_sleeps = true;
    const RequestId id = two.alice.ask(some_of(two.bob, 1'000));
    two.down(two.alice, two.bob);
    two.alice.shaper_sleeps = false;
    two.alice.step([] {});
    CHECK(two.answered(id).why == "bob's link went down.");
    CHECK(two.alice.leases() == 0);
    CHECK(two.said.empty());
  }
  SUBCASE("for more time: the promise stays") {
    const std::uint32_t promise = two.reserved();
    two.alice.shaper_sleeps = true;
    const RequestId id = two.extend(promise);
    two.down(two.alice, two.bob);
    two.alice.shaper_sleeps = false;
    two.alice.step([] {});
    CHECK(two.answered(id).why == "bob's link went down.");
    CHECK(two.state() == "in force");
    CHECK(two.count<wire::Extend>() == 0);
  }
}

TEST_CASE("an extension that the own uplink cannot keep is refused, and the friend not asked") {
  Two two;
  two.alice.room(wire_rate(10'240, 83, {}) * 9 / 5);
  const std::uint32_t promise = two.reserved(some_of(two.bob, 10'240));
  ReserveQuery later = some_of(two.bob, 10'240);
  later.starts_in = Duration::minutes(11);
  CHECK(two.reserved(later) != promise);
  const RequestId id = two.extend(promise);
  CHECK_FALSE(two.answered(id).ok);
  CHECK(two.count<wire::Extend>() == 0);
  CHECK(two.state() == "in force");
  CHECK(two.alice.leases() == 2);
}

TEST_CASE("a friend that restarts while it is asked for more time is asked for the promise anew") {
  Two two;
  const std::uint32_t promise = two.reserved();
  two.bob.deaf = true;
  const RequestId id = two.extend(promise);
  two.bob.deaf = false;
  const std::size_t needs = two.count<wire::Need>();
  two.up(two.alice, two.bob, Boot::New);
  CHECK(two.answered(id).why == "bob restarted.");
  CHECK(two.count<wire::Need>() == needs + 1);
  CHECK(two.state() == "in force");
  CHECK(two.bob.leases() == 1);
}

TEST_CASE(
    "a friend that restarted and does not repeat its word is asked four times, then it broke") {
  Two two;
  two.reserved();
  two.passes = [](const wire::Control&) { return false; };
  const std::size_t needs = two.count<wire::Need>();
  two.up(two.alice, two.bob, Boot::New);
  two.run(Duration::minutes(1));
  CHECK(two.count<wire::Need>() >= needs + 3);
  CHECK(two.count<wire::Need>() <= needs + 4);
  CHECK(two.state() == "gone");
  CHECK(two.alice.leases() == 0);
  CHECK(two.alice.outcomes(PromiseKind::LeaseTaken, false) == 1);
}

TEST_CASE("a link that goes down while a friend is asked anew stops the asking until it is up") {
  Two two;
  two.reserved();
  two.passes = [](const wire::Control&) { return false; };
  two.up(two.alice, two.bob, Boot::New);
  two.down(two.alice, two.bob);
  const std::size_t needs = two.count<wire::Need>();
  two.run(Duration::seconds(50));
  CHECK(two.count<wire::Need>() == needs);
  CHECK(two.alice.leases() == 1);
  two.passes = [](const wire::Control&) { return true; };
  two.up(two.alice, two.bob, Boot::New);
  CHECK(two.count<wire::Need>() == needs + 1);
  CHECK(two.state() == "in force");
}

TEST_CASE("with a friend that is removed all that it promised or was asked for ends") {
  Two two;
  two.reserved();
  two.bob.deaf = true;
  const RequestId open = two.alice.ask(some_of(two.bob, 2'000));
  CHECK(two.alice.leases() == 2);
  two.alice.step([&] { two.alice.promises->on_link_gone({0}); });
  CHECK(two.answered(open).why == "bob is no friend any more.");
  CHECK(two.alice.leases() == 0);
  CHECK(two.alice.report().all.empty());
}
