// SPDX-License-Identifier: Apache-2.0
#include "rpc/history.h"

#include "base/bug.h"
#include "rpc/leases.h"

namespace covfefe::rpc {

Result<PromiseKind> promise_kind_from(schema::PromiseKind kind) {
  switch (kind) {
    case schema::PromiseKind::LEASE_GIVEN:
      return PromiseKind::LeaseGiven;
    case schema::PromiseKind::LEASE_TAKEN:
      return PromiseKind::LeaseTaken;
    case schema::PromiseKind::ONLINE_UNTIL:
      return PromiseKind::OnlineUntil;
    case schema::PromiseKind::LEAVING:
      return PromiseKind::Leaving;
    case schema::PromiseKind::PLEASE:
      return PromiseKind::Please;
    case schema::PromiseKind::NONE:
      break;
  }
  return Reject::WrongValue;
}

schema::PromiseKind to_schema(PromiseKind kind) {
  switch (kind) {
    case PromiseKind::LeaseGiven:
      return schema::PromiseKind::LEASE_GIVEN;
    case PromiseKind::LeaseTaken:
      return schema::PromiseKind::LEASE_TAKEN;
    case PromiseKind::OnlineUntil:
      return schema::PromiseKind::ONLINE_UNTIL;
    case PromiseKind::Leaving:
      return schema::PromiseKind::LEAVING;
    case PromiseKind::Please:
      return schema::PromiseKind::PLEASE;
  }
  bug("a promise of no kind");
}

Result<std::vector<PromiseEnd>> promise_ends_from(
    capnp::List<schema::PromiseOutcome>::Reader from) {
  if (from.size() > kMaxPromiseOutcomes) return Reject::Overloaded;
  std::vector<PromiseEnd> out;
  out.reserve(from.size());
  for (const auto one : from) {
    const Result<PromiseKind> kind = promise_kind_from(one.getKind());
    if (!kind || one.getFriendId() == 0 || one.getAt() < 0) return Reject::WrongValue;
    out.push_back({{one.getFriendId()}, *kind, one.getKept(), one.getAt()});
  }
  return out;
}

void write_promise_end(const PromiseEnd& from, schema::PromiseOutcome::Builder to) {
  to.setFriendId(from.id.value);
  to.setKind(to_schema(from.kind));
  to.setKept(from.kept);
  to.setAt(from.at);
}

Result<PromiseTally> tally_from(schema::PromiseTally::Reader from) {
  const Result<PromiseKind> kind = promise_kind_from(from.getKind());
  if (!kind || from.getFriendId() == 0) return Reject::WrongValue;
  return PromiseTally{
      {from.getFriendId()}, *kind, from.getKept(), from.getBroken(), from.getLastAt()};
}

void write_tally(const PromiseTally& from, schema::PromiseTally::Builder to) {
  to.setFriendId(from.id.value);
  to.setKind(to_schema(from.kind));
  to.setKept(from.kept);
  to.setBroken(from.broken);
  to.setLastAt(from.last_at);
}

Result<std::vector<CapacityRecord>> capacity_from(capnp::List<schema::CapacityRecord>::Reader from,
                                                  std::size_t at_most) {
  if (from.size() > at_most) return Reject::Overloaded;
  std::vector<CapacityRecord> out;
  out.reserve(from.size());
  for (const auto one : from) {
    const std::uint32_t seconds = one.getSeconds();
    const bool known = seconds == kCapacityMinute || seconds == kCapacityHour;
    if (!known || one.getAt() <= 0) return Reject::WrongValue;
    out.push_back(
        {one.getAt(), seconds, one.getRate(), one.getLowest(), one.getSent(), one.getCuts()});
  }
  return out;
}

void write_capacity(const CapacityRecord& from, schema::CapacityRecord::Builder to) {
  to.setAt(from.at);
  to.setSeconds(from.seconds);
  to.setRate(from.rate);
  to.setLowest(from.lowest);
  to.setSent(from.sent);
  to.setCuts(from.cuts);
}

Result<std::vector<CapacityRecord>> minutes_from(capnp::List<schema::CapacitySample>::Reader from) {
  if (from.size() > kMaxCapacitySamples) return Reject::Overloaded;
  std::vector<CapacityRecord> out;
  out.reserve(from.size());
  for (const auto one : from) {
    if (one.getAt() <= 0) return Reject::WrongValue;
    out.push_back({one.getAt(), kCapacityMinute, one.getRate(), one.getLowest(), one.getSent(),
                   one.getCuts()});
  }
  return out;
}

}  // namespace covfefe::rpc
