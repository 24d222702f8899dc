// SPDX-License-Identifier: Apache-2.0
// Where a node waits: in the tree, for its time, for its deadline.
#include <algorithm>

#include "base/check.h"
#include "shape/rings.h"
#include "shape/scheduler.h"

namespace covfefe::shape {
namespace {

constexpr Duration kIdleCredit = Duration::millis(2);
// A guarantee that was not wanted is kept for so long.
constexpr std::uint32_t kDeadlineCell = kLargeCellWire;
// The deadline of a guarantee is one large cell after its clock.

FlowClass class_at(std::uint32_t flow) {
  return class_of(FlowId{flow});
}

}  // namespace

// ---- flows ------------------------------------------------------------------------------------

void Scheduler::start(std::uint32_t flow) {
  const std::uint32_t link = table_.node_of(flow / kFlowsPerLink);
  const FlowClass as = class_at(flow);
  if (as == FlowClass::Control) {
    const auto level = static_cast<std::uint32_t>(table_[link].level);
    QueueRing::append(table_, control_[level], flow);
    table_[flow].place = Place::Control;
    control_levels_ |= 1U << level;
  } else if (as == FlowClass::Leased) {
    tag_lease(flow);
  } else if (as == FlowClass::Relayed && held(link)) {
    return;
  }
  join(flow);
}

void Scheduler::after_take(std::uint32_t flow) {
  if (table_[flow].list.empty()) {
    retire(flow);
  } else if (class_at(flow) == FlowClass::Leased && table_[flow].place != Place::Wheel) {
    tag_lease(flow);
  }
}

void Scheduler::retire(std::uint32_t flow) {
  Node& node = table_[flow];
  if (node.active) leave(flow);
  node.draining = false;
  if (node.place == Place::Control) {
    const auto level = static_cast<std::uint32_t>(level_of(flow));
    QueueRing::remove(table_, control_[level], flow);
    node.place = Place::Nowhere;
    if (control_[level] == kNone) control_levels_ &= ~(1U << level);
  } else if (class_at(flow) == FlowClass::Leased) {
    unqueue(flow);
  }
}

// The link is not silent: what would hide in slots may as well go now.
void Scheduler::flush_paced(std::uint32_t link) {
  Node& node = table_[table_.node_of(link)];
  if (!node.paced) return;
  node.paced = false;
  const std::uint32_t control = flow_of(link, FlowClass::Control).value;
  const bool first = table_[control].list.empty();
  table_.splice(table_[control].list, table_.link(link).paced);
  if (first && !table_[control].list.empty()) start(control);
}

// ---- the tree ---------------------------------------------------------------------------------

void Scheduler::join(std::uint32_t node) {
  for (;;) {
    const std::uint32_t parent = tree_.parent_of(node);
    if (!tree_.join(node) || parent == table_.root() || held(parent)) return;
    wake_guarantee(parent);
    node = parent;
  }
}

void Scheduler::leave(std::uint32_t node) {
  for (;;) {
    const std::uint32_t parent = tree_.parent_of(node);
    if (!tree_.leave(node) || parent == table_.root()) return;
    release_guarantee(parent);
    if (!table_[parent].active) return;
    node = parent;
  }
}

void Scheduler::enter(std::uint32_t node) {
  if (table_[node].list.empty() || held(node)) return;
  wake_guarantee(node);
  join(node);
}

// ---- caps -------------------------------------------------------------------------------------

bool Scheduler::held(std::uint32_t node) {
  const Node& one = table_[node];
  if (one.cap_price == 0) return false;
  if (!one.parked && one.cap_clock > now_) park(node);
  return one.parked;
}

void Scheduler::park(std::uint32_t node) {
  Node& one = table_[node];
  if (one.active) leave(node);
  unqueue(node);
  one.parked = true;
  wheel_.insert(table_, node, wheel_.tick_after(one.cap_clock));
  if (!table_.is_link(node)) return;
  const std::uint32_t relayed = flow_of(node / kFlowsPerLink, FlowClass::Relayed).value;
  if (table_[relayed].active) leave(relayed);
}

void Scheduler::unpark(std::uint32_t node) {
  table_[node].parked = false;
  if (held(node)) return;
  enter(node);
  if (!table_.is_link(node)) return;
  const std::uint32_t relayed = flow_of(node / kFlowsPerLink, FlowClass::Relayed).value;
  if (!table_[relayed].list.empty() && !table_[relayed].active) join(relayed);
}

// ---- guarantees -------------------------------------------------------------------------------

Level Scheduler::level_of(std::uint32_t node) const {
  if (node >= table_.flows()) return static_cast<Level>(node - table_.flows());
  return table_[table_.node_of(node / kFlowsPerLink)].level;
}

Duration Scheduler::stretched(std::uint32_t node, std::uint32_t wire) const {
  const std::int64_t plain = table_[node].guarantee().of(wire);
  return {plain * stretch_[static_cast<std::size_t>(level_of(node))] >> 16};
}

void Scheduler::wake_guarantee(std::uint32_t node) {
  Node& one = table_[node];
  if (one.price == 0 || one.place != Place::Nowhere) return;
  one.clock = std::max(one.clock, now_ - kIdleCredit);
  queue_guarantee(node);
}

// By less than a tick it may be early; its clock does not forget.
void Scheduler::queue_guarantee(std::uint32_t node) {
  const Node& one = table_[node];
  if (wheel_.tick(one.clock) > wheel_.tick(now_)) {
    wheel_.insert(table_, node, wheel_.tick(one.clock));
    return;
  }
  if (behind_.empty()) behind_.set_earliest(behind_.tick(now_));
  behind_.insert(table_, node, behind_.tick(one.clock + stretched(node, kDeadlineCell)));
}

void Scheduler::release_guarantee(std::uint32_t node) {
  if (!table_[node].parked) unqueue(node);
}

// ---- leases -----------------------------------------------------------------------------------

void Scheduler::tag_lease(std::uint32_t flow) {
  unqueue(flow);
  Node& one = table_[flow];
  if (one.price == 0) return;
  const Duration credit = table_.link(flow / kFlowsPerLink).lease_credit;
  one.clock = std::max(one.clock, table_.arrival(one.list) - credit);
  if (wheel_.tick(one.clock) > wheel_.tick(now_)) {
    wheel_.insert(table_, flow, wheel_.tick(one.clock));
    return;
  }
  const Duration cost{one.guarantee().of(table_.front(one.list).wire)};
  if (leases_.empty()) leases_.set_earliest(leases_.tick(now_));
  leases_.insert(table_, flow, leases_.tick(one.clock + cost));
}

// ---- time -------------------------------------------------------------------------------------

void Scheduler::expire() {
  const std::int64_t now = wheel_.tick(now_);
  while (!wheel_.empty() && wheel_.first_tick() <= now) {
    const std::uint32_t node = wheel_.first();
    // After a pause longer than the wheel, what is put in again must not land in the past for ever.
    wheel_.set_earliest(wheel_.first_tick());
    wheel_.remove(table_, node);
    fire(node);
  }
  wheel_.set_earliest(now);
}

void Scheduler::fire(std::uint32_t node) {
  if (table_[node].parked) {
    unpark(node);
  } else if (node >= table_.flows() || table_.is_link(node)) {
    queue_guarantee(node);
  } else if (class_at(node) == FlowClass::Spare) {
    lanes_.expire(node, now_);
  } else {
    tag_lease(node);
  }
}

void Scheduler::unqueue(std::uint32_t node) {
  switch (table_[node].place) {
    case Place::Wheel:
      return wheel_.remove(table_, node);
    case Place::Leases:
      return leases_.remove(table_, node);
    case Place::Behind:
      return behind_.remove(table_, node);
    case Place::Nowhere:
    case Place::Slots:
    case Place::Control:
      return;
  }
}

}  // namespace covfefe::shape
