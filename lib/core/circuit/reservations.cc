// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/reservations.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "core/circuit/choice.h"
#include "core/circuit/naming.h"
#include "core/promise/ids.h"

namespace covfefe::core {

namespace {

// A28.
std::uint32_t on_ladder(Duration lasts) {
  for (const std::uint32_t step : {60u, 600u, 3'600u}) {
    if (lasts <= Duration::seconds(step)) return step;
  }
  return Reservations::kLongest;
}

std::string hop_name(const CircuitPath& path, std::size_t hop, const Peers& peers) {
  const auto names = hops_of(path, peers);
  return hop < names.size() ? names[hop] : "the far end";
}

std::string said(const BuildFailure& failure, const std::string& hop) {
  switch (failure.fault) {
    case BuildFault::NoRoom:
      return "no room for another circuit";
    case BuildFault::Timeout:
      return "no answer to the build in time";
    case BuildFault::Destroyed:
    case BuildFault::Forged:
      return "the build was lost at or behind " + hop;
    case BuildFault::WrongOffer:
      return hop + " offers what was not asked for";
    case BuildFault::Refused:
      break;
  }
  if (failure.status != wire::BuildStatus::NoCapacity) return hop + " refuses the circuit";
  if (failure.best == 0) return hop + " keeps no rate";
  return hop + " keeps " + std::to_string(failure.best) + " B/s at most";
}

}  // namespace

// ---- finding ------------------------------------------------------------------------------------

Reservations::Reservation* Reservations::find(std::uint32_t id) {
  const auto found = std::ranges::find(all_, id, &Reservation::id);
  return found == all_.end() ? nullptr : &*found;
}

std::uint32_t Reservations::fresh_id() {
  while (true) {
    const std::uint32_t id = any_promise(kCircuitPromises, reach_.shared.random);
    if (find(id) == nullptr) return id;
  }
}

PeerSession* Reservations::session_of(const Reservation& one) const {
  const Peer* peer = reach_.peers.find(one.peer);
  return peer != nullptr && live(peer->remote) ? peer->remote : nullptr;
}

const Leg* Reservations::leg_of(const Reservation& one) const {
  PeerSession* session = session_of(one);
  return session == nullptr ? nullptr : find_leg(*session, one.now.circuit);
}

// ---- one attempt --------------------------------------------------------------------------------

void Reservations::begin(Reservation& one, Duration lasts, Duration patience) {
  one.phase = Phase::Session;
  one.next = Try{};
  one.next.lasts = lasts;
  one.deadline = reach_.shared.now + patience;
  one.retry_at = Instant::never();
  if (Peer* peer = reach_.peers.find(one.peer)) parts_.dials.want(*peer, patience);
  next_path(one);
}

// Step Q7, covfefe-protocol(7): the own uplink first.
void Reservations::next_path(Reservation& one) {
  PeerSession* session = session_of(one);
  if (session == nullptr) return;
  auto found = parts_.legs.reservable(*session, one.next.avoid, one.now.circuit);
  if (found.path.empty()) {
    const bool first = one.next.trouble.empty();
    return give_up(one, first ? "there is no path that is not in use" : one.next.trouble);
  }
  ++one.next.tries;
  one.next.path = std::move(found.path);
  one.next.replaces = found.replaces;
  const CircuitPath& path = one.next.path.front();
  one.next.avoid.add(path);
  one.phase = Phase::Leasing;
  const Peer* entry = reach_.peers.at(path.entry);
  LeaseTerms terms;
  terms.over.push_back(entry == nullptr ? FriendId{} : entry->id);
  terms.lease_class = one.lease_class;
  terms.rate = one.rate;
  terms.lasts = one.next.lasts;
  one.next.asked = reach_.builds.leases().take(terms);
}

bool Reservations::reply(const ShaperReply& reply) {
  const auto found = std::ranges::find_if(all_, [&reply](const Reservation& one) {
    return one.phase == Phase::Leasing && one.next.asked == reply.request;
  });
  if (found == all_.end()) return false;
  if (const auto* grant = std::get_if<LeaseGrant>(&reply.answer)) {
    found->next.own = *grant;
    build(*found);
    return true;
  }
  const auto& denied = std::get<LeaseDenied>(reply.answer);
  found->next.best = denied.best_rate;
  give_up(*found, why_not(denied.why));
  return true;
}

void Reservations::build(Reservation& one) {
  PeerSession* session = session_of(one);
  if (session == nullptr) return try_again(one, "the session is gone");
  Legs::Plan plan;
  plan.replaces = one.next.replaces;
  plan.reservation = one.id;
  const bool realtime = one.lease_class == LeaseClass::Realtime;
  plan.terms.circuit_class = realtime ? wire::CircuitClass::Realtime : wire::CircuitClass::Bulk;
  plan.terms.rate = plan.terms.least_rate = one.rate;
  plan.terms.duration = on_ladder(one.next.lasts);
  // A leg is replaced before its lifetime is over: not before its reservation is, if it can be.
  plan.terms.lifetime = plan.terms.duration < 3'600 ? 3'600 : kLongest;
  one.phase = Phase::Building;
  if (!parts_.legs.start(*session, one.next.path.front(), plan))
    try_again(one, "the build could not be sent");
}

void Reservations::try_again(Reservation& one, std::string trouble) {
  release_own(std::exchange(one.next.own, {}).lease);
  one.next.trouble = trouble;
  if (one.next.tries >= kTries) return give_up(one, std::move(trouble));
  one.phase = Phase::Session;
  next_path(one);
}

void Reservations::failed(const Attempt& attempt, const BuildFailure& failure) {
  Reservation* one = find(attempt.reservation);
  if (one == nullptr || one->phase != Phase::Building) return;
  if (failure.status == wire::BuildStatus::NoCapacity) {
    one->next.best = std::max(one->next.best, failure.best);
  }
  try_again(*one, said(failure, hop_name(attempt.path, failure.hop, reach_.peers)));
}

void Reservations::built(const Attempt& attempt, const Built& built) {
  Reservation* one = find(attempt.reservation);
  if (one != nullptr && one->phase == Phase::Building) return stands(*one, attempt, built);
  // Nobody wants it any more.
  if (PeerSession* session = attempt.session) {
    parts_.legs.drop(*session, built.circuit, wire::DestroyReason::Done);
  }
}

void Reservations::stands(Reservation& one, const Attempt& attempt, const Built& built) {
  Try next = std::move(one.next);
  std::uint32_t granted = one.rate;
  std::string how;
  for (std::size_t hop = 0; hop < built.replies.size(); ++hop) {
    const std::uint32_t rate = built.replies[hop].rate;
    granted = std::min(granted, rate);
    how += (how.empty() ? "" : ", ") + hop_name(attempt.path, hop, reach_.peers) + " " +
           std::to_string(rate) + " B/s";
  }
  CircuitLease lease;
  lease.rate = granted;
  lease.until = next.own.until;
  if (one.lease_class == LeaseClass::Realtime) lease.allowance.set(granted);
  reach_.builds.lease(built.circuit, lease);
  parts_.legs.leased(*attempt.session, built.circuit, lease.until);
  if (one.now.circuit.value != 0) parts_.legs.retire(*attempt.session, one.now.circuit);
  release_own(one.now.lease);
  one.now = {built.circuit, next.own.lease, true, how};
  one.ends = next.own.until;
  one.phase = Phase::Rest;
  one.deadline = Instant::never();
  const bool again = std::exchange(one.in_force, true) && !one.question;
  if (again) notice(one, "the rate kept to " + format_address(one.peer) + " is in force again");
  ReserveReport report;
  report.ok = true;
  report.id = one.id;
  report.payload_rate = one.payload_rate;
  report.wire_rate = one.rate;
  report.lasts = one.ends - reach_.shared.now;
  report.how = "both ways: " + how;
  answer(one, std::move(report));
}

// ---- when it does not come to that --------------------------------------------------------------

void Reservations::release_own(std::uint32_t lease) {
  if (lease != 0) reach_.builds.leases().release(FriendId{}, lease);
}

// What is under way, not what is in force.
void Reservations::stop(Reservation& one) {
  if (one.phase == Phase::Leasing) reach_.builds.leases().forget(one.next.asked);
  one.phase = Phase::Rest;
  one.deadline = Instant::never();
  const std::uint32_t id = one.id;
  reach_.attempts.abandon([id](const Attempt& a) { return a.reservation == id; });
  release_own(std::exchange(one.next.own, {}).lease);
}

void Reservations::give_up(Reservation& one, std::string trouble) {
  stop(one);
  const Line line;
  ReserveReport report;
  report.why = std::move(trouble);
  report.best_rate = payload_rate(std::bit_floor(one.next.best), one.packet, line);
  report.next = report.best_rate > 0 ? "Ask for less." : "Try again later, or over other friends.";
  one.retry_at = reach_.shared.now + kAgain;
  answer(one, std::move(report));
}

void Reservations::answer(Reservation& one, ReserveReport report) {
  if (!one.question) return;
  const RequestId request = *std::exchange(one.question, std::nullopt);
  reach_.reports.emplace_back(Answer{request, std::move(report)});
}

void Reservations::notice(const Reservation&, std::string what) {
  reach_.reports.emplace_back(PromiseNotice{FriendId{}, std::move(what)});
}

void Reservations::end(Reservation& one) {
  stop(one);
  release_own(std::exchange(one.now.lease, 0));
  PeerSession* session = session_of(one);
  // With the circuit end the leases of its hops.
  if (session != nullptr && one.now.circuit.value != 0) {
    parts_.legs.drop(*session, one.now.circuit, wire::DestroyReason::Done);
  }
}

void Reservations::lease_ended(CircuitId circuit) {
  for (Reservation& one : all_) {
    if (one.now.circuit != circuit || !one.now.whole) continue;
    one.now.whole = false;
    notice(one, "a hop on the way to " + format_address(one.peer) +
                    " keeps its rate no longer; another way is looked for");
  }
}

bool Reservations::revoked(std::uint32_t lease) {
  const auto found = std::ranges::find_if(all_, [lease](const Reservation& one) {
    return lease != 0 && (one.now.lease == lease || one.next.own.lease == lease);
  });
  if (found == all_.end()) return false;
  Reservation& one = *found;
  if (one.next.own.lease == lease) {
    // A circuit under way must not count on it.
    one.next.own = {};
    if (one.phase == Phase::Building) give_up(one, "this node's uplink carries less than it did");
  }
  if (one.now.lease != lease) return true;
  one.now.lease = 0;
  one.now.whole = false;
  reach_.builds.unlease(one.now.circuit);
  notice(one, "this node's uplink carries less: the rate to " + format_address(one.peer) +
                  " is kept no longer");
  return true;
}

bool Reservations::holds(std::uint32_t lease) const {
  return std::ranges::any_of(all_, [lease](const Reservation& one) {
    return one.now.lease == lease || one.next.own.lease == lease;
  });
}

// ---- time ---------------------------------------------------------------------------------------

void Reservations::look_after(Reservation& one) {
  const Instant now = reach_.shared.now;
  if (one.phase == Phase::Session) next_path(one);
  const auto ours = [&one](const Attempt& a) { return a.reservation == one.id; };
  if (one.phase == Phase::Building && reach_.attempts.count(ours) == 0) {
    try_again(one, "the session ended");
  }
  if (one.phase != Phase::Rest && now >= one.deadline) {
    const bool told = !one.next.trouble.empty();
    give_up(one, told ? one.next.trouble : "no answer in time");
  }
  if (one.phase != Phase::Rest || !one.in_force) return;
  const Leg* leg = leg_of(one);
  const bool good = leg != nullptr && one.now.whole && parts_.legs.counts(*leg);
  const bool wait = !one.retry_at.is_never() && now < one.retry_at;
  if (!good && !wait) begin(one, one.ends - now, kUsual);
}

void Reservations::settle() {
  const Instant now = reach_.shared.now;
  for (std::size_t i = all_.size(); i-- > 0;) {
    Reservation& one = all_[i];
    const bool over = one.in_force && now >= one.ends;
    if (!over) look_after(one);
    const bool vain = !one.in_force && one.phase == Phase::Rest;
    if (!over && !vain) continue;
    end(one);
    all_.erase(all_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

Instant Reservations::next_deadline() const {
  Instant at = Instant::never();
  for (const Reservation& one : all_) {
    at = std::min(at, one.deadline);
    if (!one.in_force) continue;
    at = std::min(at, one.ends);
    const Leg* leg = one.phase == Phase::Rest ? leg_of(one) : nullptr;
    if (one.phase != Phase::Rest) continue;
    const bool waits = leg == nullptr || !one.now.whole || !parts_.legs.counts(*leg);
    const Instant retry = one.retry_at.is_never() ? reach_.shared.now : one.retry_at;
    at = std::min(at, waits ? retry : leg->replace_at);
  }
  return at;
}

}  // namespace covfefe::core
