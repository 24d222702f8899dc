// SPDX-License-Identifier: Apache-2.0
#include "shape/plan.h"

#include <algorithm>

namespace covfefe::shape {
namespace {

constexpr std::uint64_t kNanoseconds = 1'000'000'000;

// kBoundless and what is above it stand for no limit; below it no product overflows.
std::uint64_t share_of(std::uint64_t of, std::uint32_t per_mille) {
  return of >= kBoundless ? kBoundless : of / 1'000 * per_mille + of % 1'000 * per_mille / 1'000;
}

Level level_of(TrustLevel trust) {
  switch (trust) {
    case TrustLevel::None:
      return Level::None;
    case TrustLevel::Introduced:
      return Level::Introduced;
    case TrustLevel::Known:
      return Level::Known;
    case TrustLevel::Met:
      return Level::Met;
  }
  return Level::None;
}

const FriendPolicy& policy_of(const Policy& policy, const PlacedLink& link) {
  static const FriendPolicy kNothing;
  const auto found = policy.friends.find(link.petname);
  return found == policy.friends.end() ? kNothing : found->second;
}

std::uint64_t slot_rate(std::uint64_t wire, Duration period) {
  if (period.nanoseconds <= 0) return 0;
  return wire * kNanoseconds / static_cast<std::uint64_t>(period.nanoseconds);
}

Duration period_for(std::uint64_t wire, std::uint64_t rate) {
  return {static_cast<std::int64_t>(wire * kNanoseconds / std::max<std::uint64_t>(rate, 1))};
}

struct Lanes {
  std::uint64_t on = 0;
  std::uint64_t metered = 0;
};

// One period for all, so that the slowness of one link says nothing about it (A23).
Duration common_period(const Lanes& lanes, std::uint64_t wire, std::uint64_t rate) {
  if (rate == 0) return kIdlePeriod;
  const std::uint64_t most = share_of(rate, kIdleShare);
  const std::uint64_t metered = slot_rate(lanes.metered * wire, kMeteredPeriod);
  if (slot_rate(lanes.on * wire, kIdlePeriod) + metered <= most) return kIdlePeriod;
  if (most > metered) {
    const Duration period = period_for(lanes.on * wire, most - metered);
    if (period <= kMeteredPeriod) return period;
  }
  return period_for((lanes.on + lanes.metered) * wire, most);
}

Duration period_of(IdleLane lane, Duration common) {
  switch (lane) {
    case IdleLane::AlwaysOn:
      return common;
    case IdleLane::Metered:
      return std::max(common, kMeteredPeriod);
    case IdleLane::Off:
      return {};
  }
  return {};
}

std::uint64_t less(std::uint64_t a, std::uint64_t b) {
  return a > b ? a - b : 0;
}

void plan_levels(const Policy& policy, std::uint64_t capacity, Plan& out) {
  for (std::size_t i = 0; i < policy.levels.size(); ++i) {
    const LevelPolicy& from = policy.levels[i];
    out.levels[static_cast<std::size_t>(level_of(static_cast<TrustLevel>(i)))] = {
        of_capacity(from.reserve, capacity), of_capacity(from.cap, capacity), from.weight};
  }
  out.levels[static_cast<std::size_t>(Level::Relayed)] = {0, of_capacity(policy.donate, capacity),
                                                          1};
}

void plan_links(const Policy& policy, const std::vector<PlacedLink>& links, std::uint64_t capacity,
                Plan& out) {
  for (const PlacedLink& link : links) {
    const FriendPolicy& own = policy_of(policy, link);
    const IdleLane idle = own.idle.value_or(policy.idle);
    LinkPlan plan;
    plan.level = level_of(link.trust);
    plan.share = {of_capacity(own.reserve, capacity), of_capacity(own.cap, capacity), own.weight};
    plan.idle_period = period_of(idle, out.idle_period);
    out.links[link.id] = {link.slot, plan, idle};
  }
}

void plan_idle(const Policy& policy, const std::vector<PlacedLink>& links, std::uint64_t rate,
               Plan& out) {
  const std::uint64_t wire = kSmallCell + kUdpIpv6 + policy.overhead;
  Lanes lanes;
  for (const PlacedLink& link : links) {
    const IdleLane idle = policy_of(policy, link).idle.value_or(policy.idle);
    if (idle == IdleLane::AlwaysOn) ++lanes.on;
    if (idle == IdleLane::Metered) ++lanes.metered;
  }
  out.idle_period = common_period(lanes, wire, rate);
  out.idle_slowed = out.idle_period > kIdlePeriod;
  out.floors = slot_rate(lanes.on * wire, out.idle_period) +
               slot_rate(lanes.metered * wire, std::max(out.idle_period, kMeteredPeriod));
}

void plan_promises(const Policy& policy, const std::vector<PlacedLink>& links,
                   std::uint64_t low_water, Plan& out) {
  const std::uint64_t control =
      out.control != 0 ? out.control : std::max(kControlLeast, share_of(low_water, kControlShare));
  out.promised_most = low_water == 0 ? kBoundless : share_of(low_water, kPromisedShare);
  out.room = low_water == 0 ? kBoundless : less(out.promised_most, control + out.floors);
  for (const PlacedLink& link : links) {
    const Amount quota =
        policy_of(policy, link)
            .quota.value_or(policy.levels[static_cast<std::size_t>(link.trust)].quota);
    const std::uint64_t rate =
        quota.bytes_per_second != 0 ? quota.bytes_per_second : share_of(out.room, quota.per_mille);
    out.principals[link.id] = {link.trust, policy.lend && quota != Amount{} ? rate : 0};
  }
}

// From the most trusted down: each level keeps what is left of its reserves.
void plan_scales(const Uplink& uplink, Plan& out) {
  out.scales.fill(1'000);
  if (uplink.rate == 0) return;
  const std::uint64_t control = out.control != 0
                                    ? out.control
                                    : std::max(kControlLeast, share_of(uplink.rate, kControlShare));
  std::uint64_t left = less(uplink.rate, control + out.floors + uplink.leased);
  for (const Level level : {Level::Met, Level::Known, Level::Introduced, Level::None}) {
    const auto index = static_cast<std::size_t>(level);
    std::uint64_t wanted = out.levels[index].reserve;
    for (const auto& [id, link] : out.links) {
      if (link.plan.level == level) wanted += link.plan.share.reserve;
    }
    if (wanted == 0) continue;
    if (wanted > left) out.scales[index] = static_cast<std::uint32_t>(left * 1'000 / wanted);
    left = less(left, wanted);
  }
}

}  // namespace

std::uint64_t of_capacity(Amount amount, std::uint64_t capacity) {
  if (amount.bytes_per_second != 0) return amount.bytes_per_second;
  return share_of(capacity, amount.per_mille);
}

Plan make_plan(const Policy& policy, const std::vector<PlacedLink>& links, const Uplink& uplink) {
  Plan out;
  out.control = of_capacity(policy.control, uplink.rate);
  if (out.control != 0) out.control = std::max(out.control, kControlLeast);
  plan_levels(policy, uplink.rate, out);
  plan_idle(policy, links, uplink.rate, out);
  plan_links(policy, links, uplink.rate, out);
  plan_promises(policy, links, uplink.low_water, out);
  plan_scales(uplink, out);
  return out;
}

LinkPlan with_lease(LinkPlan plan, std::uint64_t bulk_leased) {
  plan.share.reserve += bulk_leased;
  return plan;
}

Entitlements::Entitlements(const Plan& plan, const Uplink& uplink)
    : plan_(plan), unlimited_(uplink.rate == 0) {
  std::uint64_t reserved = 0;
  for (const auto& [id, one] : plan.links) {
    reserved += scaled(one.plan);
    siblings_[static_cast<std::size_t>(one.plan.level)] += one.plan.share.weight;
  }
  weights_ = plan.levels[static_cast<std::size_t>(Level::Relayed)].weight;
  for (std::size_t i = 0; i < kLevels; ++i) {
    if (siblings_[i] != 0) weights_ += plan.levels[i].weight;
  }
  rest_ = less(uplink.rate, plan.floors + uplink.leased + reserved);
}

std::uint64_t Entitlements::scaled(const LinkPlan& link) const {
  return link.share.reserve * plan_.scales[static_cast<std::size_t>(link.level)] / 1'000;
}

std::uint64_t Entitlements::of(FriendId id, const LeaseSums& leased) const {
  const auto found = plan_.links.find(id);
  if (found == plan_.links.end() || unlimited_) return 0;
  const LinkPlan& link = found->second.plan;
  const auto level = static_cast<std::size_t>(link.level);
  const std::uint64_t share =
      rest_ * plan_.levels[level].weight / weights_ * link.share.weight / siblings_[level];
  const std::uint64_t sum = scaled(link) + share;
  const std::uint64_t capped = link.share.cap != 0 ? std::min(sum, link.share.cap) : sum;
  return capped + leased.realtime + leased.bulk;
}

}  // namespace covfefe::shape
