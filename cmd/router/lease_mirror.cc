// SPDX-License-Identifier: Apache-2.0
#include "lease_mirror.h"

#include <algorithm>

namespace covfefe::router {
namespace {

// Between asking and granting time passes, and milliseconds are cut off on the way.
constexpr Duration kSlack = Duration::seconds(1);

}  // namespace

bool LeaseMirror::put(const Lease& lease) {
  if (all_.size() >= kMostLeases) return false;
  return all_.emplace(lease.grant.lease, lease).second;
}

void LeaseMirror::replace(const LeaseGrant& grant) {
  const auto at = all_.find(grant.lease);
  if (at == all_.end()) return;
  at->second.grant = grant;
  at->second.terms.lasts = std::min(grant.until - grant.from, kLeaseLongest);
}

const Lease* LeaseMirror::find(FriendId principal, std::uint32_t id) const {
  const auto at = all_.find(id);
  const bool own = at != all_.end() && at->second.terms.principal == principal;
  return own ? &at->second : nullptr;
}

void LeaseMirror::sweep(Instant now) {
  std::erase_if(all_, [now](const auto& entry) { return entry.second.grant.until <= now; });
}

std::vector<Lease> LeaseMirror::missing_in(const std::vector<Lease>& other) const {
  std::map<std::uint32_t, Lease> left = all_;
  for (const Lease& one : other) left.erase(one.grant.lease);
  std::vector<Lease> out;
  out.reserve(left.size());
  for (const auto& [id, lease] : left) out.push_back(lease);
  return out;
}

Fit fits(const LeaseTerms& asked, const LeaseGrant& granted, Instant now) {
  const std::uint32_t least = asked.least == 0 ? asked.rate : std::min(asked.least, asked.rate);
  const bool rate = granted.rate >= least && granted.rate <= asked.rate;
  const bool begins = granted.from <= now + asked.starts_in + kSlack;
  const bool ends = granted.until > now && granted.until - granted.from <= asked.lasts + kSlack;
  return rate && begins && ends ? Fit::Right : Fit::Wrong;
}

Fit extends(const Lease& before, const LeaseGrant& after, Duration by) {
  const bool same = after.lease == before.grant.lease && after.rate == before.grant.rate &&
                    after.from == before.grant.from;
  const bool longer =
      after.until >= before.grant.until && after.until - before.grant.until <= by + kSlack;
  return same && longer ? Fit::Right : Fit::Wrong;
}

}  // namespace covfefe::router
