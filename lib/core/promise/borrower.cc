// SPDX-License-Identifier: Apache-2.0
// What becomes of a reservation once it is asked for: answers, revocations, time.
#include "core/promise/borrower.h"

namespace covfefe::core {

using State = Borrowed::State;
using wire::NakReason;

namespace {

bool holds(const Borrowed& taken) {
  return taken.state != State::AskingOwn && taken.state != State::AskingFriend;
}

}  // namespace

Borrower::Found Borrower::find(Party& party, std::uint32_t id) {
  return std::ranges::find_if(party.taken,
                              [&](const Borrowed& one) { return one.need.number == id; });
}

void Borrower::settled(Borrowed& taken) {
  taken.state = State::InForce;
  taken.due = Instant::never();
  taken.request = {};
  taken.question = {};
  taken.patient_until = Instant::never();
}

void Borrower::drop(Party& party, Found taken) {
  accord_.unname(taken->need.number);
  accord_.desk.given_up(taken->request);
  accord_.desk.release({}, taken->own);
  party.taken.erase(taken);
  accord_.measure(party);
}

// ---- the friend answers -------------------------------------------------------------------------

void Borrower::on(Party& party, const wire::Ack& ack) {
  const Found taken = find(party, ack.number);
  if (taken == party.taken.end()) return take_up(party, ack);
  const Instant until = accord_.now + Duration::seconds(std::int64_t{ack.starts_in} + ack.lasts);
  switch (taken->state) {
    case State::AskingFriend:
      // Less than was asked for is not what the operator wanted.
      if (ack.rate < taken->need.rate || ack.lasts < taken->need.lasts) {
        accord_.send(party, {wire::Release{ack.number}});
        return fail(party, taken,
                    {party.petname + " offers less than was asked for.", "Ask for less."},
                    {ack.rate, Duration::seconds(ack.lasts)});
      }
      return in_force(party, *taken, ack);
    case State::ExtendingFriend:
      return longer(party, *taken, until);
    case State::Repeating:
      taken->repeats = 0;
      return settled(*taken);
    case State::AskingOwn:
    case State::InForce:
    case State::ExtendingOwn:
      return;
  }
}

void Borrower::in_force(Party& party, Borrowed& taken, const wire::Ack& ack) {
  taken.from = accord_.now + Duration::seconds(ack.starts_in);
  taken.until = taken.from + Duration::seconds(ack.lasts);
  accord_.answer(taken.question, report(party, taken));
  settled(taken);
  accord_.wake(taken.until);
}

void Borrower::longer(Party& party, Borrowed& taken, Instant until) {
  taken.until = std::max(taken.until, until);
  accord_.answer(taken.question, report(party, taken));
  settled(taken);
}

void Borrower::on(Party& party, const wire::Nak& nak) {
  const Found taken = find(party, nak.number);
  if (taken == party.taken.end()) return;
  const Refused why = by_friend(nak.reason, party.petname);
  const Offer best{nak.best_rate, Duration::seconds(nak.best_lasts)};
  if (taken->state == State::AskingFriend) return fail(party, taken, why, best);
  if (!holds(*taken)) return;
  const bool ends = nak.reason == NakReason::NotYours || nak.reason == NakReason::Capacity;
  if (ends || taken->state == State::Repeating) {
    refuse(taken->question, why, {});
    return end(party, taken, By::Friend);
  }
  if (taken->state == State::ExtendingFriend) not_longer(*taken, why, best);
}

// Step P8: the friend repeats what it keeps to a router that restarted.
void Borrower::take_up(Party& party, const wire::Ack& ack) {
  if (ack.lasts == 0) return;
  const bool fits = ack.rate != 0 && accord_.now < takes_up_until_ &&
                    party.taken.size() < kTakenMost && is_in(kFriendPromises, ack.number) &&
                    accord_.names.try_emplace(ack.number, party.link).second;
  if (!fits) {
    if (party.returns.take(accord_.now)) accord_.send(party, {wire::Release{ack.number}});
    return;
  }
  Borrowed& taken = party.taken.emplace_back();
  taken.need = {ack.number, ack.rate, ack.packet, ack.promise_class, ack.starts_in, ack.lasts, 0};
  taken.directions = Directions::In;
  taken.proof = Borrowed::Proof::OnItsWord;
  const auto half = std::ranges::find_if(orphans_, [&](const Lease& one) {
    return one.terms.tag == ack.number && one.terms.over[0] == party.id;
  });
  if (half != orphans_.end()) {
    taken.directions = Directions::Both;
    taken.proof = Borrowed::Proof::Asked;
    taken.own = half->grant;
    orphans_.erase(half);
  }
  in_force(party, taken, ack);
  accord_.measure(party);
}

// ---- the shaper answers -------------------------------------------------------------------------

bool Borrower::answered(Party& party, const ShaperReply& reply) {
  const auto taken = std::ranges::find(party.taken, reply.request, &Borrowed::request);
  if (taken == party.taken.end() || reply.request.value == 0) return false;
  taken->request = {};
  if (const auto* denied = std::get_if<LeaseDenied>(&reply.answer)) {
    const bool known = taken->need.rate != 0 && denied->best_rate != 0;
    const Offer best{
        known ? payload_rate(denied->best_rate, taken->need.packet, accord_.line(party)) : 0,
        denied->best_lasts};
    if (!holds(*taken)) {
      fail(party, taken, by_own(denied->why), best);
    } else {
      not_longer(*taken, by_own(denied->why), best);
    }
    return true;
  }
  taken->own = std::get<LeaseGrant>(reply.answer);
  accord_.measure(party);
  if (taken->directions == Directions::Out) {
    taken->from = taken->own.from;
    longer(party, *taken, taken->own.until);
    accord_.wake(taken->until);
  } else if (!party.up()) {
    const Refused down{party.petname + "'s link went down.", "Run covfefe why " + party.petname};
    if (holds(*taken)) {
      not_longer(*taken, down, {});
    } else {
      fail(party, taken, down, {});
    }
  } else if (taken->state == State::ExtendingOwn) {
    ask_longer(party, *taken);
  } else {
    ask_friend(party, *taken);
  }
  return true;
}

bool Borrower::revoked(Party& party, std::uint32_t lease) {
  const auto taken = std::ranges::find_if(
      party.taken, [&](const Borrowed& one) { return lease != 0 && one.own.lease == lease; });
  if (taken == party.taken.end()) return false;
  taken->own = {};
  refuse(taken->question, by_own(LeaseRefusal::Capacity), {});
  if (taken->directions != Directions::Out) {
    accord_.send(party, {wire::Release{taken->need.number}});
  }
  end(party, taken, By::Shaper);
  return true;
}

// ---- time and links -----------------------------------------------------------------------------

void Borrower::end(Party& party, Found taken, By whom) {
  judge(party, *taken, whom);
  if (whom == By::Friend) {
    accord_.note(party, party.petname + " keeps promise " + std::to_string(taken->need.number) +
                            " no longer, " + in_words(taken->until - accord_.now) +
                            " before its end");
  } else if (whom == By::Shaper) {
    accord_.note(party, "promise " + std::to_string(taken->need.number) + " with " + party.petname +
                            " is over: the uplink carries less than it did");
  }
  drop(party, taken);
}

// Step P14.
void Borrower::judge(Party& party, const Borrowed& taken, By whom) {
  if (taken.directions == Directions::Out || taken.proof == Borrowed::Proof::OnItsWord) return;
  const Instant last = std::min(accord_.now, taken.until);
  const bool lost = last > taken.from && taken.absence.total(last) * 10 > last - taken.from;
  const bool broken = whom == By::Friend || lost;
  accord_.ended(party, PromiseKind::LeaseTaken, broken ? Accord::End::Broken : Accord::End::Kept);
}

void Borrower::unanswered(Party& party, Found taken) {
  switch (taken->state) {
    case State::AskingOwn:
      return fail(party, taken, by_own(LeaseRefusal::Unavailable), {});
    case State::AskingFriend:
      accord_.send(party, {wire::Release{taken->need.number}});
      return fail(party, taken,
                  {party.petname + " does not answer.", "Its router may be too old, or busy."}, {});
    case State::ExtendingOwn:
      return not_longer(*taken, by_own(LeaseRefusal::Unavailable), {});
    case State::ExtendingFriend:
      return not_longer(*taken, {party.petname + " does not answer.", "Try again."}, {});
    case State::Repeating:
      if (taken->repeats < 3) return ask_friend(party, *taken);
      return end(party, taken, By::Friend);
    case State::InForce:
      return;
  }
}

void Borrower::timer(Party& party) {
  // From the back: what is done with one may erase it.
  for (std::size_t i = party.taken.size(); i-- > 0;) {
    const auto taken = party.taken.begin() + static_cast<std::ptrdiff_t>(i);
    if (holds(*taken) && taken->until <= accord_.now) {
      refuse(taken->question, {"It ended meanwhile.", "Reserve anew."}, {});
      end(party, taken, By::Time);
    } else if (taken->due <= accord_.now) {
      unanswered(party, taken);
    }
  }
  for (const Borrowed& taken : party.taken) {
    accord_.wake(taken.due);
    if (holds(taken)) accord_.wake(taken.until);
  }
}

void Borrower::timer() {
  if (takes_up_until_.is_never()) takes_up_until_ = accord_.now + kTakesUp;
  if (accord_.now < takes_up_until_) return accord_.wake(takes_up_until_);
  for (const Lease& lease : orphans_) accord_.desk.release({}, lease.grant);
  orphans_.clear();
}

void Borrower::up(Party& party, Boot boot) {
  for (Borrowed& taken : party.taken) {
    taken.absence.came(accord_.now);
    if (boot == Boot::Same || taken.directions == Directions::Out || !holds(taken)) continue;
    if (taken.question.value != 0) {
      not_longer(taken, {party.petname + " restarted.", "Try again."}, {});
    }
    if (taken.need.rate != 0) ask_friend(party, taken);
  }
}

void Borrower::down(Party& party) {
  const Refused why{party.petname + "'s link went down.", "Run covfefe why " + party.petname + "."};
  for (std::size_t i = party.taken.size(); i-- > 0;) {
    const auto taken = party.taken.begin() + static_cast<std::ptrdiff_t>(i);
    taken->absence.went(std::max(accord_.now, taken->from));
    if (taken->state == State::AskingFriend) {
      fail(party, taken, why, {});
    } else if (taken->state == State::ExtendingFriend) {
      not_longer(*taken, why, {});
    } else if (taken->state == State::Repeating) {
      taken->due = Instant::never();  // asked anew when it is up
    }
  }
}

void Borrower::gone(Party& party) {
  while (!party.taken.empty()) {
    fail(party, party.taken.end() - 1, {party.petname + " is no friend any more.", ""}, {});
  }
}

}  // namespace covfefe::core
