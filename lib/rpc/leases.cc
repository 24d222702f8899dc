// SPDX-License-Identifier: Apache-2.0
#include "rpc/leases.h"

#include <algorithm>
#include <set>

#include "base/bug.h"
#include "rpc/convert.h"

namespace covfefe::rpc {
namespace {

constexpr std::uint64_t kYear = std::uint64_t{366} * 24 * 3600 * 1000;  // in milliseconds

std::uint64_t millis_of(Duration time) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(time.nanoseconds, 0) / 1'000'000);
}

Result<LeaseClass> class_from(schema::LeaseClass from) {
  switch (from) {
    case schema::LeaseClass::REALTIME:
      return LeaseClass::Realtime;
    case schema::LeaseClass::BULK:
      return LeaseClass::Bulk;
    case schema::LeaseClass::NONE:
      break;
  }
  return Reject::WrongValue;
}

LeaseGrant grant_of(schema::Lease::Reader from) {
  return {from.getId(), from.getRate(), Instant{from.getFromNs()}, Instant{from.getUntilNs()}};
}

bool sensible(const LeaseGrant& grant) {
  return grant.lease != 0 && grant.from.nanoseconds >= 0 && grant.from <= grant.until &&
         !grant.until.is_never();
}

void write_grant(const LeaseGrant& from, schema::Lease::Builder to) {
  to.setId(from.lease);
  to.setRate(from.rate);
  to.setFromNs(from.from.nanoseconds);
  to.setUntilNs(from.until.nanoseconds);
}

}  // namespace

Result<Duration> duration_from(std::uint64_t milliseconds) {
  if (milliseconds > kYear) return Reject::WrongValue;
  return Duration::millis(static_cast<std::int64_t>(milliseconds));
}

Result<LeaseTerms> terms_from(schema::LeaseTerms::Reader from) {
  const auto lease_class = class_from(from.getClass());
  const auto starts_in = duration_from(from.getStartsInMs());
  const auto lasts = duration_from(from.getLastsMs());
  const auto over = from.getOver();
  if (!lease_class || !starts_in || !lasts) return Reject::WrongValue;
  LeaseTerms out;
  if (over.size() < 1 || over.size() > out.over.capacity()) return Reject::WrongLength;
  out.principal = {from.getPrincipal()};
  for (const std::uint32_t link : over) out.over.push_back({link});
  out.lease_class = *lease_class;
  out.rate = from.getRate();
  out.least = from.getLeast();
  out.starts_in = *starts_in;
  out.lasts = *lasts;
  out.tag = from.getTag();
  return out;
}

void write_terms(const LeaseTerms& from, schema::LeaseTerms::Builder to) {
  to.setPrincipal(from.principal.value);
  auto over = to.initOver(static_cast<capnp::uint>(from.over.size()));
  for (capnp::uint i = 0; i < over.size(); ++i) over.set(i, from.over[i].value);
  to.setClass(from.lease_class == LeaseClass::Realtime ? schema::LeaseClass::REALTIME
                                                       : schema::LeaseClass::BULK);
  to.setRate(from.rate);
  to.setLeast(from.least);
  to.setStartsInMs(millis_of(from.starts_in));
  to.setLastsMs(millis_of(from.lasts));
  to.setTag(from.tag);
}

Result<Lease> lease_from(schema::Lease::Reader from) {
  const auto terms = terms_from(from.getTerms());
  if (!terms) return terms.error();
  const Lease out{*terms, grant_of(from)};
  if (!sensible(out.grant)) return Reject::WrongValue;
  return out;
}

void write_lease(const Lease& from, schema::Lease::Builder to) {
  write_terms(from.terms, to.initTerms());
  write_grant(from.grant, to);
}

Result<std::vector<Lease>> leases_from(capnp::List<schema::Lease>::Reader from) {
  if (from.size() > kMaxLeases) return Reject::WrongLength;
  std::vector<Lease> out;
  out.reserve(from.size());
  std::set<std::uint32_t> ids;
  for (const auto one : from) {
    auto lease = lease_from(one);
    if (!lease) return lease.error();
    if (!ids.insert(lease->grant.lease).second) return Reject::Unexpected;
    out.push_back(*lease);
  }
  return out;
}

Result<LeaseAnswer> answer_from(schema::LeaseAnswer::Reader from) {
  if (from.isGranted()) {
    const LeaseGrant grant = grant_of(from.getGranted());
    if (!sensible(grant)) return Reject::WrongValue;
    return LeaseAnswer{grant};
  }
  const auto denied = from.getDenied();
  const auto lasts = duration_from(denied.getBestLastsMs());
  if (!lasts) return lasts.error();
  return LeaseAnswer{LeaseDenied{refusal_from(denied.getWhy()), denied.getBestRate(), *lasts}};
}

void write_answer(const LeaseAnswer& from, schema::LeaseAnswer::Builder to) {
  if (const auto* grant = std::get_if<LeaseGrant>(&from)) {
    return write_grant(*grant, to.initGranted());
  }
  const auto& denied = std::get<LeaseDenied>(from);
  auto out = to.initDenied();
  out.setWhy(to_schema(denied.why));
  out.setBestRate(denied.best_rate);
  out.setBestLastsMs(millis_of(denied.best_lasts));
}

// The numbers are those of the contract.
LeaseRefusal refusal_from(schema::LeaseRefusal from) {
  const auto value = static_cast<std::uint16_t>(from);
  const bool known = value >= static_cast<std::uint16_t>(LeaseRefusal::NoCapacity) &&
                     value <= static_cast<std::uint16_t>(LeaseRefusal::Capacity);
  return known ? static_cast<LeaseRefusal>(value) : LeaseRefusal::Unavailable;
}

schema::LeaseRefusal to_schema(LeaseRefusal why) {
  return static_cast<schema::LeaseRefusal>(why);
}

schema::IdleLane to_schema(IdleLane idle) {
  switch (idle) {
    case IdleLane::AlwaysOn:
      return schema::IdleLane::ALWAYS_ON;
    case IdleLane::Metered:
      return schema::IdleLane::METERED;
    case IdleLane::Off:
      return schema::IdleLane::OFF;
  }
  bug("an idle lane of no kind");
}

Result<std::vector<PlacedLink>> places_from(capnp::List<schema::LinkPlace>::Reader from) {
  if (from.size() > kMaxFriends) return Reject::WrongLength;
  std::vector<PlacedLink> out;
  std::set<std::uint32_t> friends;
  std::set<std::uint32_t> slots;
  for (const auto one : from) {
    const auto trust = trust_from(one.getTrust());
    PlacedLink link{{one.getFriendId()}, one.getSlot(), text(one.getPetname()), {}};
    if (!trust || !is_petname(link.petname)) return Reject::WrongValue;
    if (link.id.value == 0 || link.slot == 0 || link.slot > kMaxFriends) return Reject::WrongValue;
    if (!friends.insert(link.id.value).second || !slots.insert(link.slot).second) {
      return Reject::WrongValue;
    }
    link.trust = *trust;
    out.push_back(std::move(link));
  }
  return out;
}

void write_place(const PlacedLink& from, schema::LinkPlace::Builder to) {
  to.setFriendId(from.id.value);
  to.setSlot(from.slot);
  to.setPetname(from.petname);
  to.setTrust(to_schema(from.trust));
}

}  // namespace covfefe::rpc
