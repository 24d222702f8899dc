// SPDX-License-Identifier: Apache-2.0
// What the operator wants reserved, and how it is asked for.
#include "core/promise/borrower.h"

namespace covfefe::core {

using State = Borrowed::State;

namespace {

std::optional<Refused> nonsense(const ReserveQuery& query) {
  if (query.payload_rate == 0 || query.payload_rate > wire::kPromisedRateMost) {
    return Refused{"There is no such rate.", "Ask for 1 B/s to 1 GiB/s."};
  }
  if (query.packet == 0 || query.packet > wire::kPromisedPacketMost) {
    return Refused{"There is no such packet.", "A packet carries 1 to 1232 bytes of UDP payload."};
  }
  if (query.lasts < Duration::seconds(1) || query.lasts > kLeaseLongest ||
      query.starts_in.nanoseconds < 0 || query.starts_in > kLeaseLatestStart) {
    return Refused{"There is no such time.", "Ask for 1 s to 24 h that begin within 24 h."};
  }
  return std::nullopt;
}

Duration slot_wait(IdleLane lane) {
  switch (lane) {
    case IdleLane::AlwaysOn:
      return Duration::millis(275);
    case IdleLane::Metered:
      return Duration::millis(1'100);
    case IdleLane::Off:
      return {};
  }
  return {};
}

const char* ways(Directions directions) {
  switch (directions) {
    case Directions::Both:
      return ", both ways";
    case Directions::Out:
      return ", towards it";
    case Directions::In:
      return ", from it";
  }
  return "";
}

}  // namespace

Duration Borrower::patience(const Party& party) const {
  const FriendReport report = state_of(accord_, party);
  return std::max(report.rtt * 2, Duration::seconds(1)) + slot_wait(report.idle) +
         slot_wait(report.peer_idle);
}

Instant Borrower::limit(Duration timeout) const {
  return timeout.nanoseconds <= 0 ? Instant::never()
                                  : accord_.now + std::min(timeout, kLeaseLongest);
}

void Borrower::await(Borrowed& taken, State state, Duration most) {
  taken.state = state;
  taken.due = std::min(accord_.now + most, taken.patient_until);
  accord_.wake(taken.due);
}

void Borrower::refuse(RequestId question, const Refused& why, const Offer& best) {
  if (question.value == 0) return;
  ReserveReport report;
  report.why = why.why;
  report.next = why.next;
  report.best_rate = best.rate;
  report.best_lasts = best.lasts;
  accord_.answer(question, std::move(report));
}

void Borrower::fail(Party& party, Found taken, const Refused& why, const Offer& best) {
  refuse(taken->question, why, best);
  drop(party, taken);
}

void Borrower::not_longer(Borrowed& taken, const Refused& why, const Offer& best) {
  refuse(taken.question, why, best);
  settled(taken);
}

ReserveReport Borrower::report(const Party& party, const Borrowed& taken) const {
  ReserveReport out;
  out.ok = true;
  out.id = taken.need.number;
  out.payload_rate = taken.need.rate;
  out.wire_rate = taken.own.rate;
  if (out.wire_rate == 0 && taken.need.rate != 0) {
    out.wire_rate = static_cast<std::uint32_t>(
        wire_rate(taken.need.rate, taken.need.packet, accord_.line(party)));
  }
  out.lasts = taken.until - std::max(taken.from, accord_.now);
  out.how = party.petname + ways(taken.directions);
  return out;
}

void Borrower::reserve(Party& party, RequestId question, const ReserveQuery& query) {
  if (const auto why = nonsense(query)) return refuse(question, *why, {});
  if (!party.up()) {
    return refuse(question,
                  {party.petname + "'s link is down.",
                   "Run covfefe why " + party.petname + ", and reserve when it is up."},
                  {});
  }
  if (party.taken.size() == kTakenMost) {
    return refuse(question,
                  {"There are " + std::to_string(kTakenMost) + " promises with " + party.petname +
                       " already.",
                   "Release one of them."},
                  {});
  }
  const std::uint64_t wire = wire_rate(query.payload_rate, query.packet, accord_.line(party));
  if (wire > kLeaseRateMost) {
    return refuse(question,
                  {"That would be " + std::to_string(wire) + " B/s on the wire.",
                   "Ask for larger packets or a smaller rate."},
                  {});
  }
  Borrowed& taken = party.taken.emplace_back();
  taken.need = {accord_.name(party),
                query.payload_rate,
                query.packet,
                static_cast<wire::PromiseClass>(query.lease_class),
                whole_seconds(query.starts_in),
                whole_seconds(query.lasts),
                0};
  taken.directions = query.directions;
  taken.question = question;
  taken.patient_until = limit(query.timeout);
  taken.from = accord_.now + query.starts_in;
  taken.until = taken.from + query.lasts;
  if (taken.directions == Directions::In) return ask_friend(party, taken);
  ask_own(party, taken, wire);
}

void Borrower::ask_own(Party& party, Borrowed& taken, std::uint64_t wire) {
  LeaseTerms terms;
  terms.over.push_back(party.id);
  terms.lease_class = static_cast<LeaseClass>(taken.need.promise_class);
  terms.rate = std::max(static_cast<std::uint32_t>(wire), kLeaseRateLeast);
  terms.starts_in = Duration::seconds(taken.need.starts_in);
  terms.lasts = Duration::seconds(taken.need.lasts);
  terms.tag = taken.need.number | (taken.directions == Directions::Out ? kOutTag : 0);
  taken.request = accord_.desk.take({party.link, {}}, terms);
  await(taken, State::AskingOwn, LedgerDesk::kPatience);
}

// Also again, with the time that is left, to a router that restarted.
void Borrower::ask_friend(Party& party, Borrowed& taken) {
  const bool first = taken.state == State::AskingOwn || taken.state == State::AskingFriend;
  wire::Need need = taken.need;
  if (!first) {
    const bool begun = taken.from <= accord_.now;
    need.starts_in = begun ? 0 : whole_seconds(taken.from - accord_.now);
    need.lasts = whole_seconds(taken.until - (begun ? accord_.now : taken.from));
    ++taken.repeats;
  }
  accord_.send(party, {need});
  const Duration more = Duration::seconds(2) * static_cast<std::int64_t>(taken.repeats);
  await(taken, first ? State::AskingFriend : State::Repeating, patience(party) + more);
}

void Borrower::ask_longer(Party& party, Borrowed& taken) {
  accord_.send(party, {wire::Extend{taken.need.number, whole_seconds(taken.by)}});
  await(taken, State::ExtendingFriend, patience(party));
}

bool Borrower::extend(Party& party, RequestId question, const ExtendQuery& query) {
  const Found taken = find(party, query.id);
  if (taken == party.taken.end()) return false;
  const Instant wanted = taken->until + std::clamp(query.by, Duration{}, kLeaseLongest);
  if (query.by < Duration::seconds(1) || wanted - accord_.now > kLeaseLongest) {
    refuse(question, {"There is no such time.", "It may end within 24 h from now."}, {});
  } else if (taken->state != State::InForce) {
    refuse(question, {"It is being asked for already.", "Try again in a moment."}, {});
  } else if (taken->directions != Directions::Out && !party.up()) {
    refuse(question, {party.petname + "'s link is down.", "Run covfefe why " + party.petname + "."},
           {});
  } else {
    taken->question = question;
    taken->patient_until = limit(query.timeout);
    taken->by = Duration::seconds(whole_seconds(query.by));
    if (taken->own.lease == 0 || taken->own.until >= wanted) {
      // An extension that the friend refused left the own half longer.
      ask_longer(party, *taken);
    } else {
      taken->request = accord_.desk.extend({party.link, {}}, taken->own.lease, taken->by);
      await(*taken, State::ExtendingOwn, LedgerDesk::kPatience);
    }
  }
  return true;
}

bool Borrower::release(Party& party, RequestId question, std::uint32_t id) {
  const Found taken = find(party, id);
  if (taken == party.taken.end()) return false;
  if (taken->question.value != 0) {
    refuse(taken->question, {"It was released meanwhile.", ""}, {});
  }
  const bool asks = taken->directions != Directions::Out;
  PromiseDone done{true, "Released: " + party.petname + ways(taken->directions) + ".", "", {}};
  if (asks && !party.up()) {
    done.next = party.petname + " is not up and hears of it when it is.";
  }
  if (asks) accord_.send(party, {wire::Release{id}});
  if (taken->state == State::AskingOwn || taken->state == State::AskingFriend) {
    drop(party, taken);
  } else {
    end(party, taken, By::Operator);
  }
  accord_.answer(question, std::move(done));
  return true;
}

bool Borrower::adopt(const Lease& lease) {
  Party* party = lease.terms.over.size() == 1 ? accord_.of(lease.terms.over[0]) : nullptr;
  const std::uint32_t id = lease.terms.tag & ~kOutTag;
  if (party == nullptr || !is_in(kFriendPromises, id)) return false;
  if (const Found known = find(*party, id); known != party->taken.end()) {
    if (known->own.lease == 0 && known->proof == Borrowed::Proof::OnItsWord) {
      known->own = lease.grant;  // the friend was quicker
      known->directions = Directions::Both;
      known->proof = Borrowed::Proof::Asked;
      accord_.measure(*party);
    }
    return known->own.lease == lease.grant.lease;
  }
  if ((lease.terms.tag & kOutTag) == 0) {
    if (accord_.now >= takes_up_until_ || orphans_.size() == accord_.parties.size() * kTakenMost) {
      return false;
    }
    if (std::ranges::none_of(
            orphans_, [&](const Lease& one) { return one.grant.lease == lease.grant.lease; })) {
      orphans_.push_back(lease);
    }
    return true;
  }
  if (party->taken.size() == kTakenMost || !accord_.names.try_emplace(id, party->link).second) {
    return false;
  }
  Borrowed& taken = party->taken.emplace_back();
  taken.need.number = id;
  taken.need.promise_class = static_cast<wire::PromiseClass>(lease.terms.lease_class);
  taken.directions = Directions::Out;
  taken.state = State::InForce;
  taken.own = lease.grant;
  taken.from = lease.grant.from;
  taken.until = lease.grant.until;
  accord_.wake(taken.until);
  accord_.measure(*party);
  return true;
}

}  // namespace covfefe::core
