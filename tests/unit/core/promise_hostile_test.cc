// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <random>

#include "promise_world.h"

using namespace covfefe;
using namespace covfefe::core;
using namespace covfefe::test;

namespace {

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  std::uint32_t operator()() { return static_cast<std::uint32_t>(engine_()); }

 private:
  std::mt19937 engine_;
};

// mallory is bob's friend and says what it likes; carol is another friend of bob's.
struct Mob : PromiseWorld {
  Mob() {
    befriend(bob, mallory);
    befriend(bob, carol);
    mallory.deaf = true;
    bob.room(10'000'000);
    bob.quota(200'000);
  }
  void say(const wire::Control& message) { send(mallory, bob, message); }
  void need(std::uint32_t number, std::uint32_t rate) {
    say({wire::Need{number, rate, 83, wire::PromiseClass::Realtime, 0, 600, 0}});
  }
  [[nodiscard]] bool carol_is_served() {
    const RequestId id = carol.ask(some_of(bob, 10'000));
    run(Duration::seconds(2));
    const auto report = carol.answer<ReserveReport>(id);
    return report && report->ok;
  }

  PromiseNode& bob = add("bob");
  PromiseNode& mallory = add("mallory");
  PromiseNode& carol = add("carol");
};

}  // namespace

TEST_CASE("a million needs cost a few questions a second, and others are served as before") {
  Mob mob;
  for (std::uint32_t i = 1; i <= 1'000'000; ++i) {
    if (i % 10'000 == 0) mob.run(Duration::millis(100));  // ten seconds in all
    mob.need(i, 100);
  }
  CHECK(mob.bob.asked_shaper <= 8 + 4 * 10 + 2);
  CHECK(mob.count<wire::Ack>() == kGivenMost);
  CHECK(mob.count<wire::Ack>() + mob.count<wire::Nak>() <= 8 + 4 * 10 + 2);
  CHECK(mob.last<wire::Nak>()->reason == wire::NakReason::TooMany);
  CHECK(mob.bob.report().all.size() == kGivenMost);
  CHECK(mob.carol_is_served());
}

TEST_CASE("a greedy friend gets its quota and no more, whatever it asks") {
  Mob mob;
  Dice dice(7);
  for (std::uint32_t i = 1; i <= 400; ++i) {
    mob.need(i, dice() % 2 == 0 ? wire::kPromisedRateMost : dice() % 100'000 + 1);
    if (dice() % 3 == 0) mob.say({wire::Release{dice() % i + 1}});
    mob.run(Duration::millis(200));
    CHECK(mob.bob.leased_over(mob.mallory) <= 200'000);
  }
  CHECK(mob.carol_is_served());
}

TEST_CASE("a rate that overflows on the wire is refused with a reason") {
  Mob mob;
  mob.say({wire::Need{5, wire::kPromisedRateMost, 1, wire::PromiseClass::Bulk, wire::kDay,
                      wire::kDay, 1}});
  CHECK(mob.last<wire::Nak>()->reason == wire::NakReason::BadRequest);
  CHECK(mob.bob.asked_shaper == 0);
}

TEST_CASE("what a friend does not own it cannot renew, release or refuse") {
  Mob mob;
  REQUIRE(mob.carol_is_served());
  const std::uint32_t its = mob.carol.shown(PromiseKind::LeaseTaken)->id;
  const std::uint32_t bobs = mob.bob.shown(PromiseKind::LeaseGiven)->id;
  const std::size_t before = mob.bob.leases();
  for (const std::uint32_t number : {its, bobs, 1u, 0xffff'ffffu}) {
    mob.run(Duration::seconds(1));
    mob.say({wire::Extend{number, 600}});
    CHECK(mob.last<wire::Nak>()->reason == wire::NakReason::NotYours);
    mob.say({wire::Release{number}});
    CHECK(mob.last<wire::Nak>()->reason == wire::NakReason::NotYours);
    mob.say({wire::Nak{number, wire::NakReason::Capacity, 0, 0}});
    mob.say({wire::Ack{number, 1, 1, wire::PromiseClass::Bulk, 0, 0}});
  }
  CHECK(mob.bob.leases() == before);
  CHECK(mob.carol.shown(PromiseKind::LeaseTaken)->state == "in force");
}

TEST_CASE("a storm of extensions ends at the day that the ledger allows, and costs little") {
  Mob mob;
  mob.need(5, 100);
  const std::size_t before = mob.bob.asked_shaper;
  for (int i = 0; i < 100'000; ++i) {
    if (i % 1'000 == 0) mob.run(Duration::millis(100));
    mob.say({wire::Extend{5, wire::kDay}});
  }
  CHECK(mob.bob.asked_shaper - before <= 8 + 4 * 10 + 2);
  CHECK(mob.bob.shown(PromiseKind::LeaseGiven)->left <= kLeaseLongest);
  CHECK(mob.carol_is_served());
}

TEST_CASE(
    "a friend that flaps is heard six times and then once in ten seconds, the last word last") {
  Mob mob;
  std::size_t notices = 0;
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    mob.say({wire::Leaving{i % 2 == 0 ? 600u : 0u}});
    mob.say({wire::OnlineUntil{i % 2 == 0 ? 600u : 0u}});
    if (i % 1'000 == 999) mob.run(Duration::seconds(1));
  }
  notices = mob.bob.notices.size();
  CHECK(notices <= 8);
  mob.say({wire::Leaving{1'200}});
  const Instant meant = mob.now + Duration::seconds(1'200);
  mob.run(Duration::seconds(60));
  REQUIRE(mob.bob.leaving.contains(0));
  CHECK(mob.bob.leaving[0] == meant);
}

TEST_CASE("pleas in thousands leave one that waits") {
  Mob mob;
  mob.bob.ask(IntendQuery{IntentKind::Leaving, Duration::minutes(10)});
  const std::size_t before = mob.bob.notices.size();
  for (std::uint32_t i = 1; i <= 10'000; ++i) {
    mob.say({wire::Please{i, 600}});
    if (i % 1'000 == 0) mob.run(Duration::millis(100));
  }
  CHECK(mob.bob.report().all.size() == 2);
  REQUIRE(mob.last<wire::Nak>());
  CHECK(mob.last<wire::Nak>()->reason == wire::NakReason::TooMany);
  CHECK(mob.bob.notices.size() - before <= 8 + 4 + 1);
}

TEST_CASE("a policy that grants pleas is not drained beyond its sum by many friends") {
  Mob mob;
  PromisePolicy policy;
  policy.please_grant = Duration::minutes(30);
  mob.bob.step([&] { mob.bob.promises->policy(policy); });
  mob.bob.ask(IntendQuery{IntentKind::Leaving, Duration::minutes(10)});
  for (std::uint32_t i = 1; i <= 50; ++i) {
    mob.say({wire::Please{i, 600}});
    mob.send(mob.carol, mob.bob, {wire::Please{i, 600}});
    mob.run(Duration::millis(500));
  }
  CHECK(mob.bob.shown(PromiseKind::Leaving)->left <= Duration::minutes(40));
}

TEST_CASE(
    "promises that nobody asked for are given back, after a restart at most sixteen are believed") {
  Mob mob;
  mob.run(Duration::minutes(2));
  for (std::uint32_t i = 0; i < 1'000; ++i) {
    mob.say({wire::Ack{100'000 + i, 100, 83, wire::PromiseClass::Realtime, 0, 600}});
  }
  CHECK(mob.bob.report().all.empty());
  CHECK(mob.count<wire::Release>() == 16);
  mob.bob.restart();
  for (std::uint32_t i = 0; i < 1'000; ++i) {
    mob.say({wire::Ack{100'000 + i, 100, 83, wire::PromiseClass::Realtime, 0, 600}});
  }
  CHECK(mob.bob.report().all.size() == kTakenMost);
  CHECK_FALSE(mob.bob.promises->leased({0}, 304, mob.now));
  // What is only on its word earns it no credit.
  mob.run(Duration::minutes(11));
  CHECK(mob.bob.ended.empty());
}

TEST_CASE("a friend that acknowledges nothing fills a bounded box and nobody's memory") {
  Mob mob;
  mob.bob.channel_full = true;
  for (std::uint32_t i = 1; i <= 10'000; ++i) {
    mob.need(i, 100);
    if (i % 10 == 0) mob.run(Duration::millis(250));
  }
  mob.said.clear();
  mob.bob.channel_full = false;
  mob.run(Duration::seconds(1));
  CHECK(mob.count<wire::Ack>() + mob.count<wire::Nak>() <= Outbox::kMost);
}

TEST_CASE("a friend that takes and releases for hours does not fill the log") {
  Mob mob;
  for (std::uint32_t i = 1; i <= 2'000; ++i) {
    mob.need(i, 100);
    mob.say({wire::Release{i}});
    mob.run(Duration::millis(500));
  }
  CHECK(mob.count<wire::Ack>() >= 4'000);
  CHECK(mob.bob.notices.size() <= 32 + 1'000 / 5 + 1);
}

TEST_CASE("whatever is said in whatever order, leases and promises stay the same set") {
  for (unsigned seed = 1; seed <= 8; ++seed) {
    Mob mob;
    mob.bob.quota(60'000);
    Dice dice(seed);
    for (int i = 0; i < 2'000; ++i) {
      const std::uint32_t number = dice() % 24 + 1;
      switch (dice() % 9) {
        case 0:
        case 1:
          mob.say({wire::Need{number, dice() % 9'000 + 1, 83, wire::PromiseClass::Realtime,
                              dice() % 20, dice() % 60 + 1, 0}});
          break;
        case 2:
          mob.say({wire::Extend{number, dice() % 90 + 1}});
          break;
        case 3:
          mob.say({wire::Release{number}});
          break;
        case 4:
          mob.bob.room(dice() % 3 == 0 ? 20'000 : 10'000'000);
          break;
        case 5:
          mob.bob.shaper_answers = dice() % 4 != 0;
          break;
        case 6:
          mob.down(mob.bob, mob.mallory);
          mob.up(mob.bob, mob.mallory, dice() % 2 == 0 ? Boot::Same : Boot::New);
          break;
        case 7:
          if (dice() % 10 == 0) mob.bob.restart();
          break;
        default:
          mob.run(Duration::millis(dice() % 3'000));
      }
    }
    mob.bob.shaper_answers = true;
    mob.run(Duration::seconds(10));
    CHECK(mob.bob.leases() == mob.bob.report().all.size());
    std::uint64_t given = 0;
    for (const PromiseReport& one : mob.bob.report().all) {
      if (one.starts_in == Duration{}) given += one.wire_rate;
    }
    CHECK(given == mob.bob.leased_over(mob.mallory));
    mob.run(Duration::minutes(10));
    CHECK(mob.bob.report().all.empty());
    CHECK(mob.bob.ledger.in_force(mob.now) == 0);
  }
}
