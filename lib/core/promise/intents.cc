// SPDX-License-Identifier: Apache-2.0
// What this node says of itself, and friends that would have it stay.
#include "core/promise/intents.h"

#include "core/promise/words.h"

namespace covfefe::core {

using wire::NakReason;

namespace {

constexpr Duration kOnlineLeast = Duration::minutes(5);
constexpr Duration kOnlineMost = Duration::seconds(wire::kOnlineMost);
constexpr Duration kLeavingMost = Duration::seconds(wire::kDay);

std::uint32_t exact_seconds(Duration time) {
  return static_cast<std::uint32_t>(std::max<std::int64_t>(0, time.nanoseconds / 1'000'000'000));
}

std::string wrong(const IntendQuery& query) {
  if (query.kind == IntentKind::OnlineUntil &&
      (query.in < kOnlineLeast || query.in > kOnlineMost)) {
    return "It can be announced for 5 min to 7 d.";
  }
  if (query.kind == IntentKind::Leaving &&
      (query.in < Duration::seconds(1) || query.in > kLeavingMost)) {
    return "It can be announced for 1 s to 24 h.";
  }
  return "";
}

}  // namespace

std::optional<Instant>& Intents::farewell() {
  return own_.leaving ? own_.leaving : own_.online;
}

void Intents::done(RequestId question, std::string what, std::string next) {
  PromiseDone out{true, std::move(what), std::move(next), {}};
  if (farewell()) out.left = *farewell() - accord_.now;
  accord_.answer(question, std::move(out));
}

// ---- announcing ---------------------------------------------------------------------------------

void Intents::intend(RequestId question, const IntendQuery& query) {
  if (const std::string why = wrong(query); !why.empty()) {
    return accord_.answer(question, PromiseDone{false, why, "Choose another time.", {}});
  }
  const bool breaks =
      query.kind == IntentKind::Leaving && own_.online && *own_.online > accord_.now + query.in;
  const auto up = std::ranges::count_if(accord_.parties, [](const Party& p) { return p.up(); });
  if (query.kind == IntentKind::None) {
    withdraw();
  } else {
    set(query.kind, query.in);
  }
  announce();
  const std::string told = std::to_string(up) + (up == 1 ? " friend is told" : " friends are told");
  done(question,
       told + (query.kind == IntentKind::None ? " that nothing is announced any more." : "."),
       breaks ? "That takes back the promise to stay online longer." : "");
}

void Intents::set(IntentKind kind, Duration in) {
  const Instant when = accord_.now + in;
  own_.granted = {};
  if (kind == IntentKind::OnlineUntil) {
    own_.online = when;
    if (own_.leaving && *own_.leaving < when) own_.leaving.reset();
  } else {
    own_.leaving = when;
    if (own_.online && *own_.online > when) own_.online.reset();
  }
  accord_.wake(when);
}

// Who asked this node to stay has what it wanted.
void Intents::withdraw() {
  own_ = {};
  for (Party& party : accord_.parties) {
    if (!party.plea_from) continue;
    const PleaFrom plea = *party.plea_from;
    accord_.unname(plea.id);
    party.plea_from.reset();
    accord_.send(
        party, {wire::Ack{plea.number, 0, 0, wire::PromiseClass::None, 0, whole_seconds(plea.by)}});
  }
}

void Intents::announce(Party& party) {
  if (!party.up()) return;
  const std::uint32_t online =
      own_.online ? wire::online_seconds(exact_seconds(*own_.online - accord_.now)) : 0;
  if (online == 0 ? party.told.online && !own_.online : party.told.online != own_.online) {
    accord_.send(party, {wire::OnlineUntil{online}});
    party.told.online = own_.online;
  }
  if (party.told.leaving != own_.leaving) {
    const std::uint32_t leaving =
        own_.leaving ? wire::leaving_seconds(exact_seconds(*own_.leaving - accord_.now)) : 0;
    accord_.send(party, {wire::Leaving{leaving}});
    party.told.leaving = own_.leaving;
  }
}

void Intents::announce() {
  for (Party& party : accord_.parties) announce(party);
}

void Intents::up(Party& party, Boot boot) {
  if (boot == Boot::New) party.told = {};
  announce(party);
}

// ---- a friend asks this node to stay ------------------------------------------------------------

bool Intents::may_stay(Duration longer) {
  const Duration most = own_.leaving ? kLeavingMost : kOnlineMost;
  return farewell() && *farewell() + longer - accord_.now <= most;
}

void Intents::on(Party& party, const wire::Please& please) {
  if (!party.asks.take(accord_.now)) return;
  if (party.plea_from) {
    if (party.plea_from->number == please.number) return;
    refuse(party, NakReason::TooMany);
  }
  const PleaFrom plea{accord_.name(party), please.number, Duration::seconds(please.by)};
  party.plea_from = plea;
  if (!may_stay(plea.by)) return refuse(party, NakReason::BadRequest);
  if (own_.granted + plea.by <= accord_.policy.please_grant) {
    own_.granted = own_.granted + plea.by;
    accord_.note(
        party, "stays " + in_words(plea.by) + " longer because " + party.petname + " asked for it");
    return grant(party, plea, plea.by);
  }
  accord_.note(party, party.petname + " asks this node to stay " + in_words(plea.by) +
                          " longer: covfefe answer " + party.petname + " yes or no");
}

void Intents::grant(Party& party, const PleaFrom& plea, Duration longer) {
  farewell() = *farewell() + longer;
  accord_.wake(*farewell());
  accord_.send(party,
               {wire::Ack{plea.number, 0, 0, wire::PromiseClass::None, 0, whole_seconds(longer)}});
  accord_.unname(plea.id);
  party.plea_from.reset();
  announce();
}

void Intents::refuse(Party& party, NakReason why) {
  accord_.send(party, {wire::Nak{party.plea_from->number, why, 0, 0}});
  accord_.unname(party.plea_from->id);
  party.plea_from.reset();
}

void Intents::answer(Party& party, RequestId question, const AnswerQuery& query) {
  if (!party.plea_from) {
    return accord_.answer(
        question,
        PromiseDone{
            false, party.petname + " asked for nothing.", "See covfefe promises for who did.", {}});
  }
  if (!query.yes) {
    refuse(party, NakReason::Policy);
    return done(question, party.petname + " is told no.", "");
  }
  const Duration by = query.by.nanoseconds <= 0 ? party.plea_from->by : query.by;
  const PleaFrom plea = *party.plea_from;
  if (by < Duration::seconds(1) || by > kLeavingMost || !may_stay(by)) {
    return accord_.answer(
        question,
        PromiseDone{
            false, "That is longer than can be announced.", "Answer with a shorter time.", {}});
  }
  grant(party, plea, by);
  done(question, party.petname + " is told that this node stays " + in_words(by) + " longer.", "");
}

// ---- time ---------------------------------------------------------------------------------------

void Intents::down(Party& party) {
  if (party.plea_to && party.plea_to->question.value != 0) {
    replied(party, party.petname + "'s link went down", "");
  }
}

void Intents::gone(Party& party) {
  if (party.plea_from) accord_.unname(party.plea_from->id);
  party.plea_from.reset();
  if (party.plea_to) {
    replied(party, party.petname + " is no friend any more", "");
    accord_.unname(party.plea_to->id);
  }
  party.plea_to.reset();
  party.told = {};
}

void Intents::timer() {
  if (const std::optional<Instant> end = farewell(); end && *end <= accord_.now) {
    for (Party& party : accord_.parties) {
      if (party.plea_from) refuse(party, NakReason::Unavailable);
    }
  }
  const auto over = [&](const std::optional<Instant>& one) { return one && *one <= accord_.now; };
  // What has come true is not taken back.
  for (Party& party : accord_.parties) {
    if (over(party.told.online)) party.told.online.reset();
    if (over(party.told.leaving)) party.told.leaving.reset();
  }
  if (over(own_.online)) own_.online.reset();
  if (over(own_.leaving)) own_.leaving.reset();
  if (own_.online) accord_.wake(*own_.online);
  if (own_.leaving) accord_.wake(*own_.leaving);
}

}  // namespace covfefe::core
