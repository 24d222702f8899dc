// SPDX-License-Identifier: Apache-2.0
// What the operator asks of reserved circuits.
#include <algorithm>
#include <bit>

#include "core/circuit/choice.h"
#include "core/circuit/reservations.h"
#include "core/promise/ids.h"
#include "wire/promises.h"

namespace covfefe::core {

namespace {

constexpr Duration kLongestLease = Duration::seconds(Reservations::kLongest);

std::string wrong(const ReserveQuery& query) {
  if (query.payload_rate == 0) return "a rate of nothing cannot be kept";
  if (query.packet == 0 || query.packet > wire::kPromisedPacketMost) {
    return "packets have 1 to " + std::to_string(wire::kPromisedPacketMost) + " bytes of payload";
  }
  if (query.starts_in > Duration{}) return "a circuit is kept from now on, not from later";
  if (query.lasts < Duration::seconds(1)) return "a time of nothing cannot be kept";
  if (query.lasts > kLongestLease) return "circuits keep a rate for four hours at most";
  return "";
}

}  // namespace

std::string why_not(LeaseRefusal why) {
  switch (why) {
    case LeaseRefusal::NoCapacity:
      return "this node's uplink has given out what it guarantees";
    case LeaseRefusal::Quota:
      return "this node's own share of its guarantees is used up";
    case LeaseRefusal::BadRequest:
      return "this node's shaper keeps no such rate or time";
    case LeaseRefusal::NoLink:
      return "this node's shaper does not know the friend that the circuit enters by";
    case LeaseRefusal::Policy:
      return "this node's configuration keeps nothing for it";
    case LeaseRefusal::NotYours:
    case LeaseRefusal::Unavailable:
    case LeaseRefusal::Capacity:
      break;
  }
  return "this node's shaper does not answer";
}

void Reservations::reserve(RequestId request, const ReserveQuery& query, Peer* peer) {
  ReserveReport report;
  report.why = wrong(query);
  const std::uint64_t wire =
      report.why.empty() ? wire_rate(query.payload_rate, query.packet, {}) : 0;
  if (query.lasts > kLongestLease) report.best_lasts = kLongestLease;
  if (report.why.empty() && wire > kLeaseRateMost) report.why = "no circuit carries so much";
  if (report.why.empty() && peer == nullptr) report.why = "nobody serves this address";
  if (report.why.empty() && all_.size() == kMost) {
    report.why = "this node keeps rates on " + std::to_string(kMost) + " circuits already";
  }
  if (!report.why.empty()) {
    report.next = "See `covfefe path` and `covfefe promises`.";
    reach_.reports.emplace_back(Answer{request, std::move(report)});
    return;
  }
  Reservation one;
  one.id = fresh_id();
  one.peer = peer->address;
  one.payload_rate = query.payload_rate;
  one.packet = query.packet;
  one.lease_class = query.lease_class;
  one.rate = std::bit_ceil(std::max(static_cast<std::uint32_t>(wire), kLeaseRateLeast));
  one.question = request;
  all_.push_back(std::move(one));
  begin(all_.back(), query.lasts, query.timeout > Duration{} ? query.timeout : kUsual);
}

void Reservations::extend(RequestId request, const ExtendQuery& query) {
  Reservation* one = find(query.id);
  ReserveReport report;
  const Duration left = one == nullptr ? Duration{} : one->ends - reach_.shared.now;
  if (one == nullptr || !one->in_force) {
    report.why = "nothing of this number is kept";
    report.next = "See `covfefe promises`.";
  } else if (one->phase != Phase::Rest) {
    report.why = "it is being moved to another circuit";
    report.next = "Ask again in a few seconds.";
  } else if (query.by <= Duration{} || query.by > kLongestLease - left) {
    report.why = "circuits keep a rate for four hours at most";
    report.best_lasts = kLongestLease - left;
  } else {
    one->question = request;
    return begin(*one, left + query.by, query.timeout > Duration{} ? query.timeout : kUsual);
  }
  reach_.reports.emplace_back(Answer{request, std::move(report)});
}

PromiseDone Reservations::release(const ReleaseQuery& query) {
  const auto found = std::ranges::find(all_, query.id, &Reservation::id);
  if (found == all_.end()) return {false, "Nothing of this number is kept.", "", {}};
  answer(*found, ReserveReport{});
  end(*found);
  const std::string peer = format_address(found->peer);
  all_.erase(found);
  return {true, "The rate to " + peer + " is kept no longer.", "", {}};
}

void Reservations::report(std::vector<PromiseReport>& out) const {
  for (const Reservation& one : all_) {
    PromiseReport& report = out.emplace_back();
    report.id = one.id;
    report.kind = PromiseKind::LeaseTaken;
    report.with = format_address(one.peer);
    report.payload_rate = one.payload_rate;
    report.wire_rate = one.rate;
    report.lease_class = one.lease_class;
    if (one.in_force) report.left = one.ends - reach_.shared.now;
    const Leg* leg = leg_of(one);
    const bool good = leg != nullptr && one.now.whole && parts_.legs.counts(*leg);
    report.state = !one.in_force ? "waits for an answer"
                   : good        ? "in force over " + one.now.how
                                 : "lost, another way is looked for";
  }
}

}  // namespace covfefe::core
