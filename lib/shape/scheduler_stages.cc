// SPDX-License-Identifier: Apache-2.0
// What leaves next: control, leases, slots and guarantees, the rest.
#include <algorithm>
#include <bit>

#include "shape/scheduler.h"

namespace covfefe::shape {
namespace {

constexpr Duration kInteractiveTarget = Duration::millis(150);
constexpr Duration kBulkTarget = Duration::millis(500);
constexpr Duration kStanding = Duration::millis(5);  // CoDel's target and interval
constexpr Duration kInterval = Duration::millis(100);
constexpr std::uint32_t kNeverBelow = 2;  // datagrams of bulk that are not dropped for their age
constexpr std::uint8_t kMostDrops = 64;   // the interval shrinks no further
constexpr Duration kCapCredit = Duration::millis(2);
constexpr Duration kMostDebt = Duration::millis(100);
// Of a cap by leases, of a guarantee by an uplink that could not keep it: no more is remembered.
constexpr Duration kFarthest = Duration::seconds(8);

// Interval / sqrt(drops in a row).
Duration next_drop_in(std::uint8_t drops) {
  std::int64_t root = 1;
  while ((root + 1) * (root + 1) <= drops) ++root;
  return kInterval / root;
}

}  // namespace

bool Scheduler::decide(Decision& out) {
  if (control_levels_ != 0 && police_.free(now_)) {
    serve_control(out);
    return true;
  }
  if (!leases_.empty()) {
    serve_lease(out);
    return true;
  }
  while (lanes_.due()) {
    if (serve_slot(out)) return true;
  }
  if (!behind_.empty()) {
    serve_behind(out);
    return true;
  }
  if (tree_.empty()) return false;
  serve_rest(out);
  return true;
}

Item Scheduler::take(std::uint32_t flow) {
  const Item item = table_.pop(table_[flow].list, Fate::Sent);
  table_.state(flow).last_sent = now_;
  clock_.charge(item.wire);
  return item;
}

// ---- 0: control -------------------------------------------------------------------------------

void Scheduler::serve_control(Decision& out) {
  const auto level = static_cast<std::size_t>(std::bit_width(control_levels_)) - 1;
  const std::uint32_t flow = control_[level];
  control_[level] = table_[flow].queue_next;
  out = {take(flow), Verdict::Send};
  police_.charge(out.item.wire);
  after_take(flow);
  flush_paced(flow / kFlowsPerLink);
}

// ---- 1: leases --------------------------------------------------------------------------------

void Scheduler::serve_lease(Decision& out) {
  leases_.set_earliest(std::min(leases_.first_tick(), leases_.tick(now_)));
  const std::uint32_t flow = leases_.first();
  if (drop_stale(flow, out)) return;
  const std::uint32_t link = flow / kFlowsPerLink;
  Node& node = table_[flow];
  out = {take(flow), Verdict::Send};
  node.clock = node.clock + Duration{node.guarantee().of(out.item.wire)};
  table_.link(link).guaranteed_bytes += out.item.wire;
  after_take(flow);
  charge_caps(table_.node_of(link), table_.node_of(level_of(flow)), out.item.wire);
  flush_paced(link);
}

// ---- 2: slots and guarantees ------------------------------------------------------------------

bool Scheduler::serve_slot(Decision& out) {
  const std::uint32_t link = lanes_.take();
  LinkState& of = table_.link(link);
  Node& idle = table_[flow_of(link, FlowClass::Idle).value];
  Fifo& spares = table_[flow_of(link, FlowClass::Spare).value].list;
  const bool cells = !idle.list.empty() && !idle.draining;
  Fifo& list = !of.paced.empty() ? of.paced : cells ? idle.list : spares;
  if (list.empty()) return false;
  out = {table_.pop(list, Fate::Sent), Verdict::Send};
  clock_.charge(out.item.wire);
  of.guaranteed_bytes += out.item.wire;
  table_[table_.node_of(link)].paced = !of.paced.empty();
  if (!of.paced.empty() || !idle.list.empty() || !spares.empty()) lanes_.again(link, now_);
  return true;
}

void Scheduler::serve_behind(Decision& out) {
  behind_.set_earliest(std::min(behind_.first_tick(), behind_.tick(now_)));
  const std::uint32_t node = behind_.first();
  deliver(path_below(node), node, out);
}

// ---- 3: the rest ------------------------------------------------------------------------------

void Scheduler::serve_rest(Decision& out) {
  deliver(path_below(tree_.turn_of(table_.root())), table_.root(), out);
}

Scheduler::Path Scheduler::path_below(std::uint32_t node) const {
  const bool from_link = table_.is_link(node);
  const std::uint32_t level = from_link ? table_.node_of(table_[node].level) : node;
  const std::uint32_t child = from_link ? node : tree_.turn_of(node);
  return {level, child, table_.is_link(child) ? tree_.turn_of(child) : child};
}

// `payer` is the node whose guarantee this is, or the root where it is nobody's.
void Scheduler::deliver(const Path& path, std::uint32_t payer, Decision& out) {
  if (drop_stale(path.flow, out)) return;
  out = {take(path.flow), Verdict::Send};
  pay(path, payer, out.item.wire);
  after_take(path.flow);
  if (path.flow != path.child) tree_.settle(path.flow);
  tree_.settle(path.child);
  tree_.settle(path.level);
  const std::uint32_t link = table_.node_of(path.flow / kFlowsPerLink);
  charge_caps(link, path.level, out.item.wire);
  Node& one = table_[payer];
  if (payer != table_.root() && one.active && one.place == Place::Nowhere) queue_guarantee(payer);
  if (table_[link].paced) flush_paced(path.flow / kFlowsPerLink);
}

// What a guarantee paid for does not count as a share of the rest.
void Scheduler::pay(const Path& path, std::uint32_t payer, std::uint32_t wire) {
  const auto bytes = static_cast<std::int32_t>(wire);
  if (path.flow != path.child) table_[path.flow].deficit -= bytes;
  if (payer != path.child) table_[path.child].deficit -= bytes;
  if (payer == table_.root()) {
    table_[path.level].deficit -= bytes;
    return;
  }
  Node& one = table_[payer];
  behind_.remove(table_, payer);
  one.clock = std::max(one.clock, now_ - kMostDebt) + stretched(payer, wire);
  one.clock = std::min(one.clock, now_ + kFarthest);
  if (payer == path.child) table_.link(payer / kFlowsPerLink).guaranteed_bytes += wire;
}

// ---- caps -------------------------------------------------------------------------------------

void Scheduler::charge_caps(std::uint32_t link, std::uint32_t level, std::uint32_t wire) {
  charge_cap(link, wire);
  charge_cap(level, wire);
}

void Scheduler::charge_cap(std::uint32_t node, std::uint32_t wire) {
  Node& one = table_[node];
  if (one.cap_price == 0) return;
  const Duration cost{one.cap().of(wire) + 1};
  one.cap_clock = std::max(one.cap_clock, now_ - kCapCredit) + cost;
  one.cap_clock = std::min(one.cap_clock, now_ + kMostDebt + cost);
  if (one.active || table_.is_link(node)) (void)held(node);
}

// ---- age --------------------------------------------------------------------------------------

bool Scheduler::drop_stale(std::uint32_t flow, Decision& out) {
  if (!stale(flow)) return false;
  out = {table_.pop(table_[flow].list, Fate::Dropped), Verdict::Drop};
  after_take(flow);
  return true;
}

bool Scheduler::stale(std::uint32_t flow) {
  const Duration waited = now_ - table_.arrival(table_[flow].list);
  switch (class_of(FlowId{flow})) {
    case FlowClass::Leased: {
      const Duration target = table_.link(flow / kFlowsPerLink).lease_target;
      return target != Duration{} && waited > target;
    }
    case FlowClass::Interactive:
      return waited > kInteractiveTarget;
    case FlowClass::Bulk:
    case FlowClass::Relayed:
      return stands(table_.state(flow), waited);
    case FlowClass::Control:
    case FlowClass::Spare:
    case FlowClass::Idle:
      return false;
  }
  return false;
}

// A queue that stands loses one datagram an interval, then more often; a burst that drains loses
// none.
bool Scheduler::stands(FlowState& flow, Duration waited) const {
  if (flow.packets <= kNeverBelow || waited < kStanding) {
    flow.standing_until = kLongAgo;
    flow.standing_drops = 0;
    return false;
  }
  if (waited > kBulkTarget) return true;
  if (flow.standing_until == kLongAgo) {
    flow.standing_until = now_ + kInterval;
    return false;
  }
  if (now_ < flow.standing_until) return false;
  if (flow.standing_drops < kMostDrops) ++flow.standing_drops;
  flow.standing_until = now_ + next_drop_in(flow.standing_drops);
  return true;
}

}  // namespace covfefe::shape
