// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "promise_world.h"

using namespace covfefe;
using namespace covfefe::core;
using namespace covfefe::test;

namespace {

struct Two : PromiseWorld {
  Two() { befriend(alice, bob); }

  PromiseDone intend(PromiseNode& node, IntentKind kind, Duration in = {}) {
    const auto done = node.answer<PromiseDone>(node.ask(IntendQuery{kind, in}));
    REQUIRE(done);
    return *done;
  }
  RequestId please(Duration by, Duration timeout = {}) {
    return alice.ask(PleaseQuery{{1}, by, timeout});
  }
  PromiseDone answered(bool yes, Duration by = {}) {
    const auto done = bob.answer<PromiseDone>(bob.ask(AnswerQuery{{1}, yes, by}));
    REQUIRE(done);
    return *done;
  }

  PromiseNode& alice = add("alice");
  PromiseNode& bob = add("bob");
};

}  // namespace

TEST_CASE("what a node announces reaches friends coarsely, at once or when they come up") {
  PromiseWorld world;
  PromiseNode& bob = world.add("bob");
  PromiseNode& alice = world.add("alice");
  PromiseNode& carol = world.add("carol");
  world.befriend(bob, alice);
  world.befriend(bob, carol);
  world.down(bob, carol);
  bob.ask(IntendQuery{IntentKind::OnlineUntil, Duration::seconds(3'420)});
  CHECK(world.last<wire::OnlineUntil>()->in == 3'300);
  REQUIRE(alice.shown(PromiseKind::OnlineUntil));
  CHECK(alice.shown(PromiseKind::OnlineUntil)->left == Duration::seconds(3'300));
  CHECK(alice.noticed("bob says that it stays online for 55 min"));
  CHECK_FALSE(carol.shown(PromiseKind::OnlineUntil));
  world.run(Duration::minutes(10));
  world.up(bob, carol);
  REQUIRE(carol.shown(PromiseKind::OnlineUntil));
  CHECK(carol.shown(PromiseKind::OnlineUntil)->left == Duration::minutes(45));
  CHECK(world.count<wire::OnlineUntil>() == 2);
  REQUIRE(bob.shown(PromiseKind::OnlineUntil));
  CHECK(bob.shown(PromiseKind::OnlineUntil)->ours);
  world.run(Duration::minutes(60));
  CHECK_FALSE(bob.shown(PromiseKind::OnlineUntil));
  CHECK_FALSE(alice.shown(PromiseKind::OnlineUntil));
  world.down(bob, alice);
  world.up(bob, alice);
  CHECK(world.count<wire::OnlineUntil>() == 2);
}

TEST_CASE("of announcements that wait for room only the newest is sent") {
  Two two;
  two.bob.channel_full = true;
  for (const int minutes : {10, 20, 30}) {
    two.intend(two.bob, IntentKind::Leaving, Duration::minutes(minutes));
  }
  two.bob.channel_full = false;
  two.run(Duration::seconds(1));
  CHECK(two.count<wire::Leaving>() == 1);
  CHECK(two.alice.leaving[0] > two.now + Duration::minutes(29));
}

TEST_CASE("nobody announces what cannot be") {
  Two two;
  for (const Duration in :
       {Duration{}, Duration::seconds(-1), Duration::hours(25), Duration{INT64_MAX}}) {
    CHECK_FALSE(two.intend(two.bob, IntentKind::Leaving, in).ok);
  }
  for (const Duration in :
       {Duration{}, Duration::minutes(4), Duration::hours(24 * 8), Duration{INT64_MIN}}) {
    CHECK_FALSE(two.intend(two.bob, IntentKind::OnlineUntil, in).ok);
  }
  CHECK(two.said.empty());
}

TEST_CASE("a friend that stays online as long as it said has kept its word") {
  for (const int down_minutes : {0, 1, 10}) {
    Two two;
    two.intend(two.bob, IntentKind::OnlineUntil, Duration::hours(1));
    two.run(Duration::minutes(20));
    if (down_minutes > 0) {
      two.down(two.alice, two.bob);
      two.run(Duration::minutes(down_minutes));
      two.up(two.alice, two.bob);
    }
    two.run(Duration::hours(1));
    CHECK(two.alice.outcomes(PromiseKind::OnlineUntil, true) == (down_minutes < 3 ? 1 : 0));
    CHECK(two.alice.outcomes(PromiseKind::OnlineUntil, false) == (down_minutes < 3 ? 0 : 1));
  }
}

TEST_CASE("who takes back or shortens what it announced has not kept it; who prolongs it has") {
  Two two;
  two.intend(two.bob, IntentKind::OnlineUntil, Duration::hours(2));
  two.intend(two.bob, IntentKind::OnlineUntil, Duration::hours(3));
  CHECK(two.alice.ended.empty());
  two.intend(two.bob, IntentKind::OnlineUntil, Duration::hours(1));
  CHECK(two.alice.outcomes(PromiseKind::OnlineUntil, false) == 1);
  two.intend(two.bob, IntentKind::None);
  CHECK(two.alice.outcomes(PromiseKind::OnlineUntil, false) == 2);
  CHECK_FALSE(two.alice.shown(PromiseKind::OnlineUntil));
  CHECK(two.alice.noticed("bob takes back"));
}

TEST_CASE("a friend that leaves is told to circuits, with its time, and that it stays") {
  Two two;
  two.intend(two.bob, IntentKind::Leaving, Duration::minutes(10));
  REQUIRE(two.alice.leaving.contains(0));
  CHECK(two.alice.leaving[0] == two.now + Duration::minutes(10));
  CHECK(two.alice.noticed("bob says that it leaves in 10 min"));
  two.intend(two.bob, IntentKind::Leaving, Duration::minutes(30));
  CHECK(two.alice.leaving[0] == two.now + Duration::minutes(30));
  two.intend(two.bob, IntentKind::None);
  CHECK(two.alice.leaving.empty());
  CHECK(two.alice.noticed("bob stays after all"));
  CHECK(two.alice.ended.empty());
}

TEST_CASE("leaving is kept by going in time, broken by going early or not at all") {
  struct Case {
    int leaves_after;  // minutes
    bool kept;
  };
  for (const Case& one : {Case{6, true}, Case{14, true}, Case{2, false}, Case{99, false}}) {
    Two two;
    two.intend(two.bob, IntentKind::Leaving, Duration::minutes(10));
    two.run(Duration::minutes(one.leaves_after < 99 ? one.leaves_after : 10));
    if (one.leaves_after < 99) two.down(two.alice, two.bob);
    two.run(Duration::minutes(30));
    CHECK(two.alice.outcomes(PromiseKind::Leaving, true) == (one.kept ? 1 : 0));
    CHECK(two.alice.outcomes(PromiseKind::Leaving, false) == (one.kept ? 0 : 1));
    CHECK(two.alice.leaving.empty());
  }
}

TEST_CASE("who left in time and comes back stays for circuits, and has kept its word") {
  Two two;
  two.intend(two.bob, IntentKind::Leaving, Duration::minutes(10));
  two.run(Duration::minutes(10));
  two.down(two.alice, two.bob);
  two.run(Duration::minutes(1));
  two.up(two.alice, two.bob, Boot::New);
  CHECK(two.alice.outcomes(PromiseKind::Leaving, true) == 1);
  CHECK(two.alice.leaving.empty());
}

TEST_CASE("a short break long before it leaves is no leaving") {
  Two two;
  two.intend(two.bob, IntentKind::Leaving, Duration::hours(1));
  two.run(Duration::minutes(5));
  two.down(two.alice, two.bob);
  two.run(Duration::minutes(1));
  two.up(two.alice, two.bob);
  two.run(Duration::minutes(54));
  two.down(two.alice, two.bob);
  two.run(Duration::minutes(60));
  CHECK(two.alice.outcomes(PromiseKind::Leaving, true) == 1);
  CHECK(two.alice.ended.size() == 1);
}

TEST_CASE("a friend asks this node to stay, the operator answers, the new time is announced") {
  Two two;
  two.intend(two.bob, IntentKind::Leaving, Duration::minutes(10));
  const RequestId asked = two.please(Duration::minutes(10), Duration::seconds(5));
  CHECK_FALSE(two.alice.answer<PromiseDone>(asked));
  CHECK(two.bob.noticed("alice asks this node to stay 10 min longer: covfefe answer alice"));
  REQUIRE(two.bob.shown(PromiseKind::Please));
  CHECK(two.bob.shown(PromiseKind::Please)->state == "asks +10 min, waits for an answer");
  CHECK(two.bob.shown(PromiseKind::Please)->left == Duration::minutes(10));
  CHECK(two.answered(true).ok);
  REQUIRE(two.alice.answer<PromiseDone>(asked));
  CHECK(two.alice.answer<PromiseDone>(asked)->ok);
  CHECK(two.alice.answer<PromiseDone>(asked)->what == "bob stays 10 min longer.");
  CHECK(two.alice.leaving[0] == two.now + Duration::minutes(20));
  CHECK_FALSE(two.bob.shown(PromiseKind::Please));
  CHECK(two.alice.shown(PromiseKind::Please)->state == "+10 min granted");
}

TEST_CASE("an answer that comes when nobody waits any more goes into the log") {
  Two two;
  two.intend(two.bob, IntentKind::Leaving, Duration::minutes(10));
  const RequestId asked = two.please(Duration::seconds(61), Duration::seconds(5));
  CHECK(two.last<wire::Please>()->by == 120);
  two.run(Duration::seconds(6));
  REQUIRE(two.alice.answer<PromiseDone>(asked));
  CHECK(two.alice.answer<PromiseDone>(asked)->what == "bob was asked to stay 2 min longer.");
  CHECK(two.answered(false).ok);
  CHECK(two.alice.noticed("bob does not stay longer"));
  CHECK(two.alice.shown(PromiseKind::Please)->state == "bob says no");
  CHECK_FALSE(two.answered(true).ok);
}

TEST_CASE("the operator may grant another time than was asked for") {
  Two two;
  two.intend(two.bob, IntentKind::Leaving, Duration::minutes(10));
  const RequestId asked = two.please(Duration::minutes(10), Duration::seconds(5));
  CHECK_FALSE(two.answered(true, Duration::hours(24)).ok);
  CHECK(two.answered(true, Duration::minutes(5)).ok);
  CHECK(two.alice.answer<PromiseDone>(asked)->left == Duration::minutes(5));
  CHECK(two.alice.leaving[0] == two.now + Duration::minutes(15));
}

TEST_CASE("a policy grants up to so much in all, then the operator is asked") {
  Two two;
  PromisePolicy policy;
  policy.please_grant = Duration::minutes(15);
  two.bob.step([&] { two.bob.promises->policy(policy); });
  two.intend(two.bob, IntentKind::Leaving, Duration::minutes(10));
  const RequestId first = two.please(Duration::minutes(10), Duration::seconds(1));
  REQUIRE(two.alice.answer<PromiseDone>(first));
  CHECK(two.alice.answer<PromiseDone>(first)->ok);
  CHECK(two.bob.noticed("stays 10 min longer because alice asked for it"));
  const RequestId second = two.please(Duration::minutes(10), Duration::seconds(1));
  CHECK_FALSE(two.alice.answer<PromiseDone>(second));
  CHECK(two.bob.shown(PromiseKind::Please));
  const RequestId third = two.please(Duration::minutes(5), Duration::seconds(1));
  REQUIRE(two.alice.answer<PromiseDone>(third));
  CHECK(two.alice.answer<PromiseDone>(third)->ok);
  CHECK(two.alice.leaving[0] == two.now + Duration::minutes(25));
}

TEST_CASE("a plea that nobody answers ends when the friend goes") {
  Two two;
  two.intend(two.bob, IntentKind::Leaving, Duration::minutes(10));
  two.please(Duration::minutes(10));
  two.run(Duration::minutes(11));
  CHECK_FALSE(two.bob.shown(PromiseKind::Please));
  CHECK_FALSE(two.alice.shown(PromiseKind::Please));
  CHECK_FALSE(two.answered(true).ok);
}

TEST_CASE("who stays after all has granted what was asked") {
  Two two;
  two.intend(two.bob, IntentKind::Leaving, Duration::minutes(10));
  const RequestId asked = two.please(Duration::minutes(10), Duration::seconds(5));
  two.intend(two.bob, IntentKind::None);
  REQUIRE(two.alice.answer<PromiseDone>(asked));
  CHECK(two.alice.answer<PromiseDone>(asked)->ok);
  CHECK(two.alice.leaving.empty());
}

TEST_CASE("nobody is asked to stay who does not go, or is not there") {
  Two two;
  const auto refused = [&](RequestId id) {
    const auto done = two.alice.answer<PromiseDone>(id);
    return done && !done->ok && !done->what.empty() && !done->next.empty();
  };
  CHECK(refused(two.please(Duration::minutes(10))));
  two.intend(two.bob, IntentKind::Leaving, Duration::minutes(10));
  CHECK(refused(two.please(Duration{})));
  CHECK(refused(two.please(Duration::hours(25))));
  CHECK(refused(two.alice.ask(PleaseQuery{{9}, Duration::minutes(1), {}})));
  two.down(two.alice, two.bob);
  CHECK(refused(two.please(Duration::minutes(10))));
  CHECK(two.count<wire::Please>() == 0);
}

TEST_CASE("who stays online may be asked to stay longer, too") {
  Two two;
  two.intend(two.bob, IntentKind::OnlineUntil, Duration::hours(1));
  const RequestId asked = two.please(Duration::minutes(10), Duration::seconds(5));
  CHECK(two.answered(true).ok);
  CHECK(two.alice.answer<PromiseDone>(asked)->ok);
  CHECK(two.alice.shown(PromiseKind::OnlineUntil)->left == Duration::minutes(70));
}
