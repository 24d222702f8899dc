// SPDX-License-Identifier: Apache-2.0
#include "shape/capacity_caps.h"

#include <algorithm>

namespace covfefe::shape {
namespace {

constexpr Duration kCalm = Duration::millis(5);
constexpr Duration kCongested = Duration::millis(15);
constexpr std::uint64_t kDemand = 16'384;  // less than this a second is not worth a cap

}  // namespace

LinkCaps::LinkCaps(std::uint32_t links) : caps_(links) {
  changed_.reserve(links);
}

void LinkCaps::step(const CapacityLinks& links, const LinksView& view, Instant now) {
  if (view.queue > kCalm) return;
  for (const std::uint32_t at : links.listed()) look(at, links[at], view, now);
}

void LinkCaps::look(std::uint32_t at, const LinkRecord& link, const LinksView& view, Instant now) {
  Cap& cap = caps_[at];
  if (now < cap.next) return;
  if (!CapacityLinks::fresh(link, now)) {
    if (cap.rate != 0) set(at, 0);
    return;
  }
  const Duration settle = link.rtt + link.interval + link.interval;
  if (link.queue > view.queue + kCongested && link.rate >= kDemand) {
    const std::uint64_t wanted = link.newest_rate / 10 * 9;
    if (cap.rate == 0) cap.least = std::max(wanted / 2, kDemand / 2);
    cap.next = now + settle + settle;
    set(at, std::max(wanted, cap.least));
  } else if (cap.rate != 0 && link.queue < view.queue + kCalm) {
    cap.next = now + settle + settle;
    const bool needless = cap.rate / 4 > link.rate || cap.rate > view.rate * 2;
    set(at, needless ? 0 : cap.rate + cap.rate / 8);
  }
}

void LinkCaps::set(std::uint32_t at, std::uint64_t rate) {
  Cap& cap = caps_[at];
  cap.rate = rate;
  if (!cap.told) return;
  cap.told = false;
  changed_.push_back(at);
}

void LinkCaps::forget(std::uint32_t link) {
  if (caps_[link].rate != 0) set(link, 0);
  caps_[link].next = {};
}

bool LinkCaps::take(LinkCap& out) {
  if (changed_.empty()) return false;
  const std::uint32_t link = changed_.back();
  changed_.pop_back();
  caps_[link].told = true;
  out = {link, caps_[link].rate};
  return true;
}

}  // namespace covfefe::shape
