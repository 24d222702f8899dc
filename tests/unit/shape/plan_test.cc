// SPDX-License-Identifier: Apache-2.0
#include "shape/plan.h"

#include <doctest/doctest.h>

namespace covfefe {
namespace {

using shape::Amount;
using shape::Level;
using shape::Plan;
using shape::Policy;

constexpr std::uint64_t kTenMegabit = 1'250'000;
constexpr FriendId kBob{1};
constexpr FriendId kCarol{2};

Policy policy() {
  Policy out;
  out.donate = {0, 500};
  out.levels = {
      {{{}, {}, 1, {}}, {{}, {}, 2, {0, 20}}, {{}, {}, 4, {0, 100}}, {{0, 200}, {}, 8, {0, 250}}}};
  return out;
}
std::vector<PlacedLink> two() {
  return {{kBob, 1, "bob", TrustLevel::Met}, {kCarol, 2, "carol", TrustLevel::Known}};
}
std::vector<PlacedLink> many(std::uint32_t count) {
  std::vector<PlacedLink> out;
  for (std::uint32_t i = 1; i <= count; ++i) {
    out.push_back({FriendId{i}, i, "f" + std::to_string(i), TrustLevel::Known});
  }
  return out;
}
std::size_t at(Level level) {
  return static_cast<std::size_t>(level);
}

TEST_CASE("one line of capacity makes a whole plan") {
  const Plan plan = make_plan(policy(), two(), {kTenMegabit, kTenMegabit, 0});
  CHECK(plan.levels[at(Level::Met)].reserve == 250'000);
  CHECK(plan.levels[at(Level::Met)].weight == 8);
  CHECK(plan.levels[at(Level::Relayed)].cap == 625'000);
  CHECK(plan.floors == 2 * 4 * (256 + 48));
  CHECK(plan.idle_period == Duration::millis(250));
  CHECK(plan.promised_most == 1'000'000);
  CHECK(plan.room == 1'000'000 - 62'500 - plan.floors);
  CHECK(plan.principals.at(kBob).quota == plan.room / 4);
  CHECK(plan.principals.at(kCarol).quota == plan.room / 10);
  CHECK(plan.scales[at(Level::Met)] == 1'000);
}

TEST_CASE("without a known capacity nothing is kept, capped or refused") {
  const Plan plan = make_plan(policy(), two(), {0, 0, 0});
  CHECK(plan.levels[at(Level::Met)].reserve == 0);
  CHECK(plan.levels[at(Level::Relayed)].cap == 0);
  CHECK(plan.room == shape::kBoundless);
  CHECK(plan.principals.at(kBob).quota == shape::kBoundless);
  CHECK(plan.idle_period == Duration::millis(250));
  CHECK(shape::Entitlements(plan, {}).of(kBob, {}) == 0);
}

TEST_CASE("idle lanes never take more than a tenth: all slow down together") {
  for (const std::uint32_t links : {100U, 1'000U, 4'096U}) {
    CAPTURE(links);
    const std::uint64_t rate = 125'000;
    const Plan plan = make_plan(policy(), many(links), {rate, rate, 0});
    CHECK(plan.idle_slowed);
    CHECK(plan.floors <= rate / 10);
    CHECK(plan.floors >= rate / 10 - links);
    for (const auto& [id, link] : plan.links) {
      CHECK_UNARY(link.plan.idle_period == plan.idle_period);
    }
  }
}

TEST_CASE("a metered lane stays at one cell a second until everybody is slower than that") {
  Policy p = policy();
  p.friends["f1"].idle = IdleLane::Metered;
  p.friends["f2"].idle = IdleLane::Off;
  Plan plan = make_plan(p, many(10), {kTenMegabit, kTenMegabit, 0});
  CHECK(plan.links.at(FriendId{1}).plan.idle_period == Duration::seconds(1));
  CHECK(plan.links.at(FriendId{2}).plan.idle_period == Duration{});
  CHECK(plan.links.at(FriendId{3}).plan.idle_period == Duration::millis(250));
  CHECK(plan.floors == 8 * 4 * 304 + 304);
  plan = make_plan(p, many(10), {10'000, 10'000, 0});
  CHECK(plan.idle_period > Duration::seconds(1));
  CHECK(plan.links.at(FriendId{1}).plan.idle_period == plan.idle_period);
  CHECK(plan.floors <= 1'000);
}

TEST_CASE("a friend's own lines count before those of its level") {
  Policy p = policy();
  p.friends["bob"] = {{100'000, 0}, {500'000, 0}, 7, Amount{50'000, 0}, IdleLane::Off};
  const Plan plan = make_plan(p, two(), {kTenMegabit, kTenMegabit, 0});
  const shape::LinkPlan& bob = plan.links.at(kBob).plan;
  CHECK(bob.level == Level::Met);
  CHECK(bob.share.reserve == 100'000);
  CHECK(bob.share.cap == 500'000);
  CHECK(bob.share.weight == 7);
  CHECK(plan.principals.at(kBob).quota == 50'000);
  p.friends["bob"].quota = Amount{};
  CHECK(make_plan(p, two(), {0, 0, 0}).principals.at(kBob).quota == 0);
  p.friends["bob"].quota.reset();
  p.lend = false;
  CHECK(make_plan(p, two(), {kTenMegabit, kTenMegabit, 0}).principals.at(kBob).quota == 0);
}

TEST_CASE("when the capacity falls the least trusted lose their reserves first") {
  Policy p = policy();
  p.levels[3].reserve = {400'000, 0};
  p.levels[2].reserve = {400'000, 0};
  p.friends["carol"].reserve = {100'000, 0};
  const Plan plan = make_plan(p, two(), {625'000, 625'000, 100'000});
  CHECK(plan.scales[at(Level::Met)] == 1'000);
  // 625,000 - 31,250 control - 2,432 idle - 100,000 leased - 400,000 met = 91,318 of 500,000
  CHECK(plan.scales[at(Level::Known)] == 182);
  CHECK(make_plan(p, two(), {200'000, 200'000, 100'000}).scales[at(Level::Known)] == 0);
}

TEST_CASE("entitlements add up to no more than the line") {
  Policy p = policy();
  p.levels[3].reserve = {};
  const shape::Uplink line{kTenMegabit, kTenMegabit, 50'000};
  const Plan plan = make_plan(p, two(), line);
  const shape::Entitlements entitled(plan, line);
  const std::uint64_t bob = entitled.of(kBob, {50'000, 0});
  const std::uint64_t carol = entitled.of(kCarol, {});
  CHECK(bob > carol);
  CHECK(bob + carol <= kTenMegabit);
  CHECK(bob - 50'000 == (kTenMegabit - plan.floors - 50'000) * 8 / 13);
  CHECK(entitled.of(FriendId{9}, {}) == 0);
}

}  // namespace
}  // namespace covfefe
