// SPDX-License-Identifier: Apache-2.0
#include "core/promise/listener.h"

#include "core/promise/words.h"

namespace covfefe::core {

namespace {

constexpr Duration kCoarse = Duration::minutes(10);  // two roundings of OnlineUntil

Instant instant_of(std::uint32_t in, Instant now) {
  return in == 0 ? Instant::never() : now + Duration::seconds(in);
}

// Step P14: how far from what it said a friend may leave.
Duration leeway(const Heard::Leaving& leaving) {
  return std::max(Duration::minutes(5), (leaving.at - leaving.said) / 4);
}

Duration apart(Instant a, Instant b) {
  return a > b ? a - b : b - a;
}

}  // namespace

// The newest counts, as soon as one may: a friend that flaps ends where it stopped.
void Listener::on(Party& party, const wire::OnlineUntil& online) {
  party.heard.next_online = instant_of(online.in, accord_.now);
  heed(party);
}

void Listener::on(Party& party, const wire::Leaving& leaving) {
  party.heard.next_leaving = instant_of(leaving.in, accord_.now);
  heed(party);
}

void Listener::heed(Party& party) {
  Heard& heard = party.heard;
  if (heard.next_online && party.announcements.take(accord_.now)) {
    online(party, *std::exchange(heard.next_online, std::nullopt));
  }
  if (heard.next_leaving && party.announcements.take(accord_.now)) {
    leaving(party, *std::exchange(heard.next_leaving, std::nullopt));
  }
  if (heard.next_online || heard.next_leaving) accord_.wake(party.announcements.ready_at());
}

void Listener::online(Party& party, Instant until) {
  std::optional<Heard::Online>& held = party.heard.online;
  const bool less = held && (until.is_never() || until + kCoarse < held->promised);
  if (less) accord_.ended(party, PromiseKind::OnlineUntil, Accord::End::Broken);
  if (until.is_never()) {
    if (held) accord_.note(party, party.petname + " takes back that it stays online");
    held.reset();
    return;
  }
  if (until <= accord_.now) return;  // it waited too long here
  if (!held || less) {
    held = Heard::Online{accord_.now, until, until, {}};
    if (!party.up()) held->absence.went(accord_.now);
  }
  if (held->promised == until || until > held->promised + kCoarse) {
    accord_.note(party,
                 party.petname + " says that it stays online for " + in_words(until - accord_.now));
  }
  held->until = until;
  held->promised = std::max(held->promised, until);
  accord_.wake(until);
}

void Listener::leaving(Party& party, Instant at) {
  std::optional<Heard::Leaving>& held = party.heard.leaving;
  if (at.is_never()) {
    if (!held) return;
    accord_.note(party, party.petname + " stays after all");
    return stays(party);
  }
  if (!held || apart(held->at, at) > Duration::minutes(1)) {
    accord_.note(party, party.petname + " says that it leaves in " + in_words(at - accord_.now) +
                            "; covfefe please " + party.petname + " +10min asks it to stay");
  }
  held = Heard::Leaving{accord_.now, at};
  if (accord_.events != nullptr) accord_.events->on_leaving(party.link, at);
  accord_.wake(at + leeway(*held));
}

void Listener::stays(Party& party) {
  party.heard.leaving.reset();
  if (accord_.events != nullptr) accord_.events->on_stays(party.link);
}

void Listener::up(Party& party) {
  if (party.heard.online) party.heard.online->absence.came(accord_.now);
  std::optional<Heard::Leaving>& leaving = party.heard.leaving;
  if (!leaving) return;
  if (leaving->went == Heard::Leaving::Was::InTime) {
    accord_.ended(party, PromiseKind::Leaving, Accord::End::Kept);
    return stays(party);
  }
  leaving->went = Heard::Leaving::Was::Here;
}

void Listener::down(Party& party) {
  if (party.heard.online) party.heard.online->absence.went(accord_.now);
  std::optional<Heard::Leaving>& leaving = party.heard.leaving;
  if (!leaving || leaving->went != Heard::Leaving::Was::Here) return;
  leaving->went = accord_.now >= leaving->at - leeway(*leaving) ? Heard::Leaving::Was::InTime
                                                                : Heard::Leaving::Was::Early;
}

void Listener::gone(Party& party) {
  if (party.heard.leaving) stays(party);
  party.heard = {};
}

void Listener::judge(Party& party) {
  std::optional<Heard::Online>& online = party.heard.online;
  if (online && online->until <= accord_.now) {
    const Duration missed = online->absence.total(online->until);
    const bool kept = missed * 20 <= online->until - online->since;
    accord_.ended(party, PromiseKind::OnlineUntil, kept ? Accord::End::Kept : Accord::End::Broken);
    online.reset();
  }
  std::optional<Heard::Leaving>& leaving = party.heard.leaving;
  if (leaving && leaving->at + leeway(*leaving) <= accord_.now) {
    const bool kept = leaving->went == Heard::Leaving::Was::InTime;
    accord_.ended(party, PromiseKind::Leaving, kept ? Accord::End::Kept : Accord::End::Broken);
    stays(party);
  }
}

void Listener::timer(Party& party) {
  judge(party);
  heed(party);
  if (party.heard.online) accord_.wake(party.heard.online->until);
  if (party.heard.leaving) {
    accord_.wake(party.heard.leaving->at + leeway(*party.heard.leaving));
  }
}

}  // namespace covfefe::core
