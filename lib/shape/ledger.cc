// SPDX-License-Identifier: Apache-2.0
#include "shape/ledger.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace covfefe::shape {
namespace {

Duration clamp_lasting(Instant from, Instant until) {
  const Duration all = until - from;
  return all < kLeaseShortest ? Duration{} : std::min(all, kLeaseLongest);
}

}  // namespace

Ledger::Ledger(std::uint32_t first_id) : last_id_(first_id) {}

std::uint64_t Ledger::weight(const Lease& lease) {
  return std::uint64_t{lease.grant.rate} * lease.terms.over.size();
}

Ledger::Peak Ledger::peak(const Chosen& chosen, Window window, std::uint64_t limit) const {
  struct Step {
    Instant at;
    bool begins = false;
    std::uint64_t rate = 0;
  };
  std::vector<Step> steps;
  std::uint64_t sum = 0;
  for (const auto& [id, held] : leases_) {
    const LeaseGrant& g = held.lease.grant;
    if (g.until <= window.from || g.from >= window.until || !chosen(held.lease)) continue;
    if (g.from <= window.from) {
      sum += weight(held.lease);
    } else {
      steps.push_back({g.from, true, weight(held.lease)});
    }
    steps.push_back({g.until, false, weight(held.lease)});
  }
  // What ends at an instant makes room for what begins at it.
  std::sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) {
    return a.at != b.at ? a.at < b.at : a.begins < b.begins;
  });
  Peak out{sum, sum > limit ? window.from : Instant::never()};
  for (const Step& step : steps) {
    if (step.at >= window.until) break;
    sum = step.begins ? sum + step.rate : sum - step.rate;
    out.sum = std::max(out.sum, sum);
    if (sum > limit && out.exceeds.is_never()) out.exceeds = step.at;
  }
  return out;
}

std::uint64_t Ledger::quota_of(FriendId principal) const {
  if (principal.value == 0) return kBoundless;
  const auto known = principals_.find(principal);
  return known == principals_.end() ? 0 : known->second.quota;
}

bool Ledger::well_formed(const LeaseTerms& t) const {
  const bool rates = t.rate >= kLeaseRateLeast && t.rate <= kLeaseRateMost && t.least <= t.rate;
  const bool times = t.starts_in >= Duration{} && t.starts_in <= kLeaseLatestStart &&
                     t.lasts >= kLeaseShortest && t.lasts <= kLeaseLongest;
  const bool kinds = t.lease_class == LeaseClass::Realtime || t.lease_class == LeaseClass::Bulk;
  const bool distinct = t.over.size() == 1 || (t.over.size() == 2 && t.over[0] != t.over[1]);
  return rates && times && kinds && distinct;
}

bool Ledger::links_known(const LeaseTerms& terms) const {
  if (terms.principal.value != 0 && !principals_.contains(terms.principal)) return false;
  return std::all_of(terms.over.begin(), terms.over.end(),
                     [this](FriendId link) { return principals_.contains(link); });
}

bool Ledger::places_left(const LeaseTerms& terms) const {
  if (leases_.size() >= kLeasesMost) return false;
  std::size_t own = 0;
  std::size_t later = 0;
  for (const auto& [id, held] : leases_) {
    if (held.lease.terms.principal == terms.principal) ++own;
    if (held.lease.terms.principal.value != 0 && held.lease.grant.from > seen_) ++later;
  }
  // This node itself is bounded by the room only.
  if (terms.principal.value == 0) return true;
  if (own >= kLeasesOfPrincipal) return false;
  return terms.starts_in == Duration{} || later < kFutureLeases;
}

Ledger::Room Ledger::room_for(FriendId principal, Window window, std::uint64_t wanted) const {
  const auto left = [](std::uint64_t limit, std::uint64_t used) {
    return limit > used ? limit - used : 0;
  };
  const auto everyone = [](const Lease&) { return true; };
  const auto own = [principal](const Lease& one) { return one.terms.principal == principal; };
  const std::uint64_t quota = quota_of(principal);
  const Peak all = peak(everyone, window, left(room_, wanted));
  const Peak mine = peak(own, window, left(quota, wanted));
  Room out;
  const std::uint64_t in_room = left(room_, all.sum);
  const std::uint64_t in_quota = left(quota, mine.sum);
  out.free = std::min(in_room, in_quota);
  out.full_at = std::min(all.exceeds, mine.exceeds);
  if (wanted > room_ || wanted > quota) out.full_at = window.from;
  if (in_quota < in_room) out.why = quota == 0 ? LeaseRefusal::Policy : LeaseRefusal::Quota;
  return out;
}

Ledger::Answer Ledger::take(const LeaseTerms& terms, Instant now) {
  expire(now);
  if (!well_formed(terms)) return LeaseDenied{LeaseRefusal::BadRequest, 0, {}};
  if (!links_known(terms)) return LeaseDenied{LeaseRefusal::NoLink, 0, {}};
  if (!places_left(terms)) return LeaseDenied{LeaseRefusal::Quota, 0, {}};
  const Instant from = now + terms.starts_in;
  const Window window{from, from + terms.lasts};
  const std::uint64_t links = terms.over.size();
  const Room room = room_for(terms.principal, window, terms.rate * links);
  if (terms.rate * links <= room.free) return grant(terms, window, terms.rate);
  const auto fits = static_cast<std::uint32_t>(std::bit_floor(room.free / links));
  if (terms.least != 0 && fits >= terms.least && fits >= kLeaseRateLeast) {
    return grant(terms, window, fits);
  }
  LeaseDenied out{room.why, 0, {}};
  if (room.free / links >= kLeaseRateLeast) {
    out.best_rate = static_cast<std::uint32_t>(room.free / links);
  }
  if (!room.full_at.is_never()) out.best_lasts = clamp_lasting(from, room.full_at);
  return out;
}

Ledger::Answer Ledger::grant(const LeaseTerms& terms, Window window, std::uint32_t rate) {
  CHECK(rate <= terms.rate);
  Held held{{terms, {fresh_id(), rate, window.from, window.until}}, ++granted_};
  const LeaseGrant granted = held.lease.grant;
  leases_.emplace(granted.lease, std::move(held));
  return granted;
}

std::uint32_t Ledger::fresh_id() {
  do {
    ++last_id_;
  } while (last_id_ == 0 || leases_.contains(last_id_));
  return last_id_;
}

Ledger::Held* Ledger::find(FriendId principal, std::uint32_t id, Instant now) {
  expire(now);
  const auto at = leases_.find(id);
  if (at == leases_.end() || at->second.lease.terms.principal != principal) return nullptr;
  return &at->second;
}

Ledger::Answer Ledger::extend(FriendId principal, std::uint32_t id, Duration by, Instant now) {
  Held* const held = find(principal, id, now);
  if (held == nullptr) return LeaseDenied{LeaseRefusal::NotYours, 0, {}};
  LeaseGrant& g = held->lease.grant;
  // Compared in this order nothing can overflow.
  if (by <= Duration{} || by > kLeaseLongest) return LeaseDenied{LeaseRefusal::BadRequest, 0, {}};
  const Instant until = g.until + by;
  if (until - std::max(g.from, now) > kLeaseLongest) {
    return LeaseDenied{LeaseRefusal::BadRequest, 0, {}};
  }
  const std::uint64_t wanted = weight(held->lease);
  const Room room = room_for(principal, {g.until, until}, wanted);
  if (wanted > room.free) {
    LeaseDenied out{room.why, 0, {}};
    if (!room.full_at.is_never()) out.best_lasts = clamp_lasting(g.until, room.full_at);
    return out;
  }
  g.until = until;
  // Well formed however often it is extended: terms come back with restore().
  held->lease.terms.lasts = std::min(until - g.from, kLeaseLongest);
  return g;
}

Ledger::Answer Ledger::release(FriendId principal, std::uint32_t id, Instant now) {
  const Held* const held = find(principal, id, now);
  if (held == nullptr) return LeaseDenied{LeaseRefusal::NotYours, 0, {}};
  const LeaseGrant was = held->lease.grant;
  leases_.erase(id);
  return was;
}

bool Ledger::restore(const Lease& lease, Instant now) {
  expire(now);
  const LeaseGrant& g = lease.grant;
  if (const auto here = leases_.find(g.lease); here != leases_.end()) {
    const Lease& is = here->second.lease;
    return is.terms.principal == lease.terms.principal && is.grant.rate == g.rate;
  }
  const bool times = g.from < g.until && g.until > now && g.until - now <= kLeaseLongest * 2;
  const bool rates = g.rate >= kLeaseRateLeast && g.rate <= lease.terms.rate;
  if (g.lease == 0 || !times || !rates || !well_formed(lease.terms)) return false;
  if (!links_known(lease.terms) || !places_left(lease.terms)) return false;
  const Window window{std::max(g.from, now), g.until};
  if (weight(lease) > room_for(lease.terms.principal, window, weight(lease)).free) return false;
  leases_.emplace(g.lease, Held{lease, ++granted_});
  return true;
}

Instant Ledger::next_change() const {
  Instant out = Instant::never();
  for (const auto& [id, held] : leases_) {
    const LeaseGrant& g = held.lease.grant;
    out = std::min(out, g.from > seen_ ? g.from : g.until);
  }
  return out;
}

void Ledger::expire(Instant now) {
  seen_ = now;
  std::erase_if(leases_, [now](const auto& one) { return one.second.lease.grant.until <= now; });
}

LeaseSums Ledger::over(FriendId link, Instant now) const {
  LeaseSums out;
  for (const auto& [id, held] : leases_) {
    const LeaseGrant& g = held.lease.grant;
    const LeaseTerms& terms = held.lease.terms;
    if (g.from > now || g.until <= now) continue;
    if (std::find(terms.over.begin(), terms.over.end(), link) == terms.over.end()) continue;
    (terms.lease_class == LeaseClass::Realtime ? out.realtime : out.bulk) += g.rate;
  }
  return out;
}

std::uint64_t Ledger::in_force(Instant now) const {
  std::uint64_t out = 0;
  for (const auto& [id, held] : leases_) {
    const LeaseGrant& g = held.lease.grant;
    if (g.from <= now && g.until > now) out += weight(held.lease);
  }
  return out;
}

void Ledger::each(const std::function<void(const Lease&)>& visit) const {
  for (const auto& [id, held] : leases_) visit(held.lease);
}

// ---- what no longer fits
// -------------------------------------------------------------------------

bool Ledger::outranks(const Held& a, const Held& b) const {
  const auto rank = [this](const Held& one) {
    const FriendId who = one.lease.terms.principal;
    if (who.value == 0) return static_cast<int>(TrustLevel::Met) + 1;
    const auto known = principals_.find(who);
    return known == principals_.end() ? -1 : static_cast<int>(known->second.trust);
  };
  return rank(a) != rank(b) ? rank(a) > rank(b) : a.order < b.order;
}

void Ledger::revoke_at(Instant when, Revoked& out) {
  const Held* lowest = nullptr;
  for (const auto& [id, held] : leases_) {
    const LeaseGrant& g = held.lease.grant;
    if (g.from > when || g.until <= when) continue;
    if (lowest == nullptr || outranks(*lowest, held)) lowest = &held;
  }
  CHECK(lowest != nullptr);
  const std::uint32_t id = lowest->lease.grant.lease;
  out.push_back(id);
  leases_.erase(id);
}

Ledger::Revoked Ledger::fit(Instant now) {
  Revoked out;
  const auto everyone = [](const Lease&) { return true; };
  for (;;) {
    const Peak all = peak(everyone, {now, Instant::never()}, room_);
    if (all.exceeds.is_never()) return out;
    revoke_at(all.exceeds, out);
  }
}

Ledger::Revoked Ledger::set_room(std::uint64_t bytes_per_second, Instant now) {
  expire(now);
  room_ = std::min(bytes_per_second, kBoundless);
  return fit(now);
}

Ledger::Revoked Ledger::set_principals(std::map<FriendId, Principal> all, Instant now) {
  expire(now);
  principals_ = std::move(all);
  Revoked out;
  std::erase_if(leases_, [&](const auto& one) {
    const bool gone = !links_known(one.second.lease.terms);
    if (gone) out.push_back(one.first);
    return gone;
  });
  return out;
}

}  // namespace covfefe::shape
