// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/check.h"
#include "shape/scheduler.h"

namespace covfefe::shape {
namespace {

constexpr std::uint64_t kControlPart = 20;
constexpr std::uint64_t kControlLeast = 8'192;
constexpr std::uint32_t kLongestBurst = (1 << 24) - 1;
constexpr Duration kLongestIdlePeriod = Duration::seconds(3'600);

// Among the flows of a link: a little of much beats much of little.
constexpr std::array<std::uint16_t, kFlowClasses> kWeights = {
    8,  // Control beyond its rate
    4,  // Leased, excess
    1,  // Bulk
    1,  // Spare: never in the tree
    1,  // Relayed: of its own level
    4,  // Interactive
    4,  // Idle
};

Account account_of(FlowClass as, Level level) {
  switch (as) {
    case FlowClass::Control:
      return Account::Control;
    case FlowClass::Leased:
      return Account::Leases;
    case FlowClass::Relayed:
      return Account::Relayed;
    case FlowClass::Spare:
    case FlowClass::Idle:
      return Account::Idle;
    case FlowClass::Bulk:
    case FlowClass::Interactive:
      break;
  }
  return static_cast<Account>(level);
}

std::uint16_t weight_of(std::uint32_t asked) {
  return static_cast<std::uint16_t>(std::clamp<std::uint32_t>(asked, 1, kMostWeight));
}

}  // namespace

void Scheduler::set_rate(std::uint64_t bytes_per_second) {
  clock_.set_rate(bytes_per_second);
  tree_.set_rate(bytes_per_second);
  set_police();
}

void Scheduler::set_control(std::uint64_t bytes_per_second) {
  control_rate_ = bytes_per_second;
  set_police();
}

void Scheduler::set_police() {
  const std::uint64_t rule =
      clock_.rate() == 0 ? 0 : std::max(clock_.rate() / kControlPart, kControlLeast);
  police_.set_rate(control_rate_ == 0 ? rule : control_rate_);
}

void Scheduler::set_level(Level level, const Share& share) {
  refit(table_.node_of(level), share);
}

void Scheduler::set_relayed(std::uint64_t cap, std::uint32_t weight) {
  set_level(Level::Relayed, {.reserve = 0, .cap = cap, .weight = weight});
}

void Scheduler::set_scale(Level level, std::uint32_t per_mille) {
  const std::uint32_t within = std::clamp<std::uint32_t>(per_mille, 1, 1'000);
  stretch_[static_cast<std::size_t>(level)] = (1U << 16) * 1'000 / within;
}

void Scheduler::set_link(std::uint32_t link, const LinkPlan& plan) {
  CHECK(link < table_.links() && plan.level != Level::Relayed);
  const std::uint32_t control = flow_of(link, FlowClass::Control).value;
  const std::uint32_t relayed = flow_of(link, FlowClass::Relayed).value;
  const std::uint32_t node = table_.node_of(link);
  if (table_[control].place == Place::Control) retire(control);
  if (table_[node].active) leave(node);
  if (table_[relayed].active) leave(relayed);
  table_[node].level = plan.level;
  for (std::uint32_t as = 0; as < kFlowClasses; ++as) {
    const std::uint32_t flow = link * kFlowsPerLink + as;
    table_.move_account(flow, account_of(static_cast<FlowClass>(as), plan.level));
    table_[flow].weight = kWeights[as];
  }
  table_[relayed].weight = weight_of(plan.relayed_weight);
  refit(node, plan.share);
  set_lane(link, plan.idle_period);
  if (!table_[control].list.empty() && table_[control].place == Place::Nowhere) start(control);
  if (!table_[relayed].list.empty() && !table_[relayed].active) start(relayed);
}

// Whatever waits for slots goes on waiting for the new ones; without slots, with everything else.
void Scheduler::set_lane(std::uint32_t link, Duration period) {
  lanes_.set_period(link, std::clamp(period, Duration{}, kLongestIdlePeriod));
  const std::uint32_t idle = flow_of(link, FlowClass::Idle).value;
  if (lanes_.on(link)) {
    table_[idle].draining = table_[idle].active;
    const bool spares = !table_[flow_of(link, FlowClass::Spare).value].list.empty();
    const bool cells = !table_[idle].list.empty();
    if (spares || cells || !table_.link(link).paced.empty()) lanes_.arm(link, now_);
    return;
  }
  flush_paced(link);
  if (!table_[idle].list.empty() && !table_[idle].active) start(idle);
}

void Scheduler::refit(std::uint32_t node, const Share& share) {
  Node& one = table_[node];
  if (one.active) leave(node);
  unqueue(node);
  one.parked = false;
  const bool capped = share.cap != 0 && share.reserve > share.cap;
  one.set_guarantee(price_of(capped ? share.cap : share.reserve));
  one.set_cap(price_of(share.cap));
  one.weight = weight_of(share.weight);
  enter(node);
}

void Scheduler::set_lease(std::uint32_t link, const LinkLease& lease) {
  CHECK(link < table_.links());
  const std::uint32_t flow = flow_of(link, FlowClass::Leased).value;
  LinkState& of = table_.link(link);
  table_[flow].set_guarantee(price_of(lease.rate));
  of.lease_credit = {table_[flow].guarantee().of(std::min(lease.burst, kLongestBurst))};
  of.lease_target = lease.target;
  if (!table_[flow].list.empty()) tag_lease(flow);
}

void Scheduler::remove_link(std::uint32_t link) {
  set_lease(link, {});
  set_link(link, {});
}

}  // namespace covfefe::shape
