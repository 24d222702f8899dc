// SPDX-License-Identifier: Apache-2.0
#include "shape/idle_lanes.h"

#include "shape/rings.h"

namespace covfefe::shape {
namespace {

constexpr std::int64_t kJitterPart = 10;

}  // namespace

// SplitMix64: the order of calls alone decides.
std::uint64_t IdleLanes::random() {
  std::uint64_t z = random_ += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

void IdleLanes::set_period(std::uint32_t link, Duration period) {
  LinkState& of = table_.link(link);
  if (of.idle_period == period) return;
  disarm(link);
  of.idle_period = period;
  if (!on(link)) return;
  const auto width = static_cast<std::uint64_t>(period.nanoseconds);
  table_[node_of(link)].clock = {static_cast<std::int64_t>(random() % width)};
}

void IdleLanes::skip_to(std::uint32_t link, Instant now) {
  Instant& grid = table_[node_of(link)].clock;
  if (grid > now) return;
  const Duration period = table_.link(link).idle_period;
  grid = grid + period * ((now - grid).nanoseconds / period.nanoseconds + 1);
}

void IdleLanes::place(std::uint32_t link, Instant now) {
  LinkState& of = table_.link(link);
  const std::int64_t most = of.idle_period.nanoseconds / kJitterPart;
  const auto choices = static_cast<std::uint64_t>(2 * most + 1);
  const auto chosen = static_cast<std::int64_t>(random() % choices);
  of.slot_at = table_[node_of(link)].clock + Duration{chosen - most};
  expire(node_of(link), now);
}

void IdleLanes::arm(std::uint32_t link, Instant now) {
  if (!on(link) || table_[node_of(link)].place != Place::Nowhere) return;
  skip_to(link, now);
  place(link, now);
}

void IdleLanes::disarm(std::uint32_t link) {
  const std::uint32_t node = node_of(link);
  if (table_[node].place == Place::Wheel) wheel_.remove(table_, node);
  if (table_[node].place == Place::Slots) {
    QueueRing::remove(table_, due_, node);
    table_[node].place = Place::Nowhere;
  }
}

void IdleLanes::expire(std::uint32_t node, Instant now) {
  const Instant at = table_.link(node / kFlowsPerLink).slot_at;
  if (at > now) {
    wheel_.insert(table_, node, wheel_.tick_after(at));
    return;
  }
  QueueRing::append(table_, due_, node);
  table_[node].place = Place::Slots;
}

std::uint32_t IdleLanes::take() {
  const std::uint32_t node = due_;
  QueueRing::remove(table_, due_, node);
  table_[node].place = Place::Nowhere;
  const std::uint32_t link = node / kFlowsPerLink;
  table_[node].clock = table_[node].clock + table_.link(link).idle_period;
  return link;
}

void IdleLanes::again(std::uint32_t link, Instant now) {
  const Duration period = table_.link(link).idle_period;
  if (table_[node_of(link)].clock + period * 2 < now) skip_to(link, now);
  place(link, now);
}

}  // namespace covfefe::shape
