// SPDX-License-Identifier: Apache-2.0
#include "core/promise/lender.h"

#include "core/promise/words.h"

namespace covfefe::core {

using wire::NakReason;

namespace {

LeaseClass lease_class(wire::PromiseClass of) {
  return of == wire::PromiseClass::Bulk ? LeaseClass::Bulk : LeaseClass::Realtime;
}

}  // namespace

Lender::Found Lender::find(Party& party, std::uint32_t number) {
  return std::ranges::find_if(party.given,
                              [&](const Given& one) { return one.need.number == number; });
}

Lender::Found Lender::drop(Party& party, Found given) {
  accord_.unname(given->id);
  accord_.desk.given_up(given->request);
  const Found next = party.given.erase(given);
  accord_.measure(party);
  return next;
}

std::uint32_t Lender::payload_of(const Party& party, const Given& given, std::uint32_t wire) const {
  const Line line = accord_.line(party);
  const std::uint64_t whole = wire_rate(given.need.rate, given.need.packet, line);
  if (wire >= whole) return given.need.rate;
  return payload_rate(wire, given.need.packet, line);
}

void Lender::acknowledge(Party& party, const Given& given) {
  if (given.need.rate == 0) return;
  const bool begun = given.grant.from <= accord_.now;
  wire::Ack ack{given.need.number,
                payload_of(party, given, given.grant.rate),
                given.need.packet,
                given.need.promise_class,
                0,
                0};
  ack.starts_in = begun ? 0 : whole_seconds(given.grant.from - accord_.now);
  ack.lasts = whole_seconds(given.grant.until - (begun ? accord_.now : given.grant.from));
  accord_.send(party, {ack});
}

void Lender::refuse(Party& party, std::uint32_t number, NakReason why) {
  accord_.send(party, {wire::Nak{number, why, 0, 0}});
}

void Lender::refuse(Party& party, const Given& given, const LeaseDenied& denied) {
  wire::Nak nak{given.need.number, reason_of(denied.why), 0, whole_seconds(denied.best_lasts)};
  if (denied.best_rate != 0 && given.need.rate != 0) {
    nak.best_rate = std::min(payload_of(party, given, denied.best_rate), wire::kPromisedRateMost);
  }
  accord_.send(party, {nak});
}

// ---- what the friend asks -----------------------------------------------------------------------

void Lender::on(Party& party, const wire::Need& need) {
  if (!party.asks.take(accord_.now)) return;
  if (const Found known = find(party, need.number); known != party.given.end()) {
    if (known->state == Given::State::Asked) return;
    if (known->need.rate == 0) known->need = need;
    return acknowledge(party, *known);
  }
  if (!accord_.policy.lend) return refuse(party, need.number, NakReason::Policy);
  if (party.given.size() == kGivenMost) return refuse(party, need.number, NakReason::TooMany);
  const Line line = accord_.line(party);
  const std::uint64_t rate = wire_rate(need.rate, need.packet, line);
  if (rate > kLeaseRateMost) return refuse(party, need.number, NakReason::BadRequest);
  LeaseTerms terms;
  terms.principal = party.id;
  terms.over.push_back(party.id);
  terms.lease_class = lease_class(need.promise_class);
  terms.rate = std::max(static_cast<std::uint32_t>(rate), kLeaseRateLeast);
  terms.starts_in = Duration::seconds(need.starts_in);
  terms.lasts = Duration::seconds(need.lasts);
  terms.tag = need.number;
  if (need.least != 0) {
    const auto least = static_cast<std::uint32_t>(wire_rate(need.least, need.packet, line));
    terms.least = std::clamp(least, kLeaseRateLeast, terms.rate);
  }
  Given& given = party.given.emplace_back();
  given.id = accord_.name(party);
  given.need = need;
  given.due = accord_.now + LedgerDesk::kPatience;
  given.request = accord_.desk.take({party.link, party.id}, terms);
  accord_.wake(given.due);
}

void Lender::on(Party& party, const wire::Extend& extend) {
  if (!party.asks.take(accord_.now)) return;
  const Found given = find(party, extend.number);
  if (given == party.given.end()) return refuse(party, extend.number, NakReason::NotYours);
  if (given->state != Given::State::Held) return;
  given->state = Given::State::Extending;
  given->due = accord_.now + LedgerDesk::kPatience;
  given->request =
      accord_.desk.extend({party.link, party.id}, given->grant.lease, Duration::seconds(extend.by));
  accord_.wake(given->due);
}

void Lender::on(Party& party, const wire::Release& release) {
  if (!party.releases.take(accord_.now)) return;
  const Found given = find(party, release.number);
  if (given == party.given.end()) return refuse(party, release.number, NakReason::NotYours);
  accord_.desk.release(party.id, given->grant);
  given->grant = {};
  drop(party, given);
  accord_.send(party, {wire::Ack{release.number, 0, 0, wire::PromiseClass::None, 0, 0}});
}

// ---- what the shaper says -----------------------------------------------------------------------

void Lender::held(Party& party, Given& given, const LeaseGrant& grant) {
  const bool first = given.state == Given::State::Asked;
  given.state = Given::State::Held;
  given.request = {};
  given.due = Instant::never();
  given.grant = grant;
  accord_.wake(grant.until);
  accord_.measure(party);
  acknowledge(party, given);
  if (!first) return;
  accord_.note(party, "keeps " + rate_in_words(payload_of(party, given, grant.rate)) + " for " +
                          party.petname + " for " + in_words(grant.until - grant.from));
}

bool Lender::answered(Party& party, const ShaperReply& reply) {
  const auto given = std::ranges::find(party.given, reply.request, &Given::request);
  if (given == party.given.end() || reply.request.value == 0) return false;
  if (const auto* grant = std::get_if<LeaseGrant>(&reply.answer)) {
    held(party, *given, *grant);
    return true;
  }
  const auto& denied = std::get<LeaseDenied>(reply.answer);
  refuse(party, *given, denied);
  if (given->state == Given::State::Asked || denied.why == LeaseRefusal::NotYours) {
    drop(party, given);
    return true;
  }
  given->state = Given::State::Held;
  given->request = {};
  given->due = Instant::never();
  return true;
}

bool Lender::revoked(Party& party, std::uint32_t lease) {
  const auto given = std::ranges::find_if(
      party.given, [&](const Given& one) { return lease != 0 && one.grant.lease == lease; });
  if (given == party.given.end()) return false;
  refuse(party, given->need.number, NakReason::Capacity);
  accord_.note(party, "keeps nothing for " + party.petname +
                          " any more: the uplink carries less than it did");
  drop(party, given);
  return true;
}

bool Lender::take_back(Party& party, std::uint32_t id) {
  const auto given = std::ranges::find(party.given, id, &Given::id);
  if (given == party.given.end()) return false;
  refuse(party, given->need.number, NakReason::Capacity);
  accord_.desk.release(party.id, given->grant);
  drop(party, given);
  return true;
}

bool Lender::adopt(Party& party, const Lease& lease) {
  const Found known = find(party, lease.terms.tag);
  if (known != party.given.end()) return known->grant.lease == lease.grant.lease;
  if (party.given.size() == kGivenMost) return false;
  Given& given = party.given.emplace_back();
  given.id = accord_.name(party);
  given.need.number = lease.terms.tag;
  given.need.promise_class = static_cast<wire::PromiseClass>(lease.terms.lease_class);
  given.state = Given::State::Held;
  given.grant = lease.grant;
  accord_.wake(lease.grant.until);
  accord_.measure(party);
  return true;
}

// ---- time ---------------------------------------------------------------------------------------

void Lender::repeat(Party& party) {
  for (const Given& given : party.given) {
    if (given.state != Given::State::Asked) acknowledge(party, given);
  }
}

void Lender::timer(Party& party) {
  for (auto given = party.given.begin(); given != party.given.end();) {
    const bool over = given->state != Given::State::Asked && given->grant.until <= accord_.now;
    const bool unanswered = given->due <= accord_.now;
    if (unanswered && !over) refuse(party, given->need.number, NakReason::Unavailable);
    if (over || (unanswered && given->state == Given::State::Asked)) {
      given = drop(party, given);
      continue;
    }
    if (unanswered) {
      given->state = Given::State::Held;
      given->request = {};
      given->due = Instant::never();
    }
    accord_.wake(given->due);
    if (given->grant.lease != 0) accord_.wake(given->grant.until);
    ++given;
  }
}

void Lender::gone(Party& party) {
  for (auto given = party.given.begin(); given != party.given.end();) {
    accord_.desk.release(party.id, given->grant);
    given = drop(party, given);
  }
}

}  // namespace covfefe::core
