// SPDX-License-Identifier: Apache-2.0
// What is promised now, for the operator.
#include "core/promise/promises.h"
#include "core/promise/words.h"

namespace covfefe::core {

namespace {

LeaseClass class_of(wire::PromiseClass of) {
  return of == wire::PromiseClass::Bulk ? LeaseClass::Bulk : LeaseClass::Realtime;
}

const char* state_of(const Given& given) {
  switch (given.state) {
    case Given::State::Asked:
      return "asked for";
    case Given::State::Held:
      return "in force";
    case Given::State::Extending:
      return "is being extended";
  }
  return "";
}

const char* state_of(const Borrowed& taken) {
  switch (taken.state) {
    case Borrowed::State::AskingOwn:
    case Borrowed::State::AskingFriend:
      return "asked for";
    case Borrowed::State::InForce:
      return "in force";
    case Borrowed::State::ExtendingOwn:
    case Borrowed::State::ExtendingFriend:
      return "is being extended";
    case Borrowed::State::Repeating:
      return "asked for again after a restart";
  }
  return "";
}

PromiseReport about(const Party& party, PromiseKind kind, std::string state) {
  PromiseReport out;
  out.kind = kind;
  out.friend_id = party.id;
  out.with = party.petname;
  out.state = std::move(state);
  return out;
}

void set_times(PromiseReport& out, const LeaseGrant& times, Instant now) {
  if (times.from > now) out.starts_in = times.from - now;
  if (times.until > now) out.left = times.until - now;
  if (times.from > now && out.state == "in force") out.state = "to come";
}

}  // namespace

void Promises::report_leases(const Party& party, PromisesReport& out) const {
  const Instant now = accord_.now;
  const Line line = accord_.line(party);
  for (const Given& one : party.given) {
    PromiseReport given = about(party, PromiseKind::LeaseGiven, state_of(one));
    given.id = one.id;
    given.ours = true;
    given.wire_rate = one.grant.rate;
    given.lease_class = class_of(one.need.promise_class);
    if (one.need.rate != 0) {
      given.payload_rate =
          std::min(one.need.rate, payload_rate(one.grant.rate, one.need.packet, line));
    }
    set_times(given, one.grant, now);
    out.all.push_back(std::move(given));
  }
  for (const Borrowed& one : party.taken) {
    PromiseReport taken = about(party, PromiseKind::LeaseTaken, state_of(one));
    taken.id = one.need.number;
    taken.ours = one.directions == Directions::Out;
    taken.payload_rate = one.need.rate;
    taken.wire_rate = one.own.rate;
    taken.lease_class = class_of(one.need.promise_class);
    set_times(taken, {0, 0, one.from, one.until}, now);
    out.all.push_back(std::move(taken));
  }
}

void Promises::report_party(Party& party, PromisesReport& out) {
  const Instant now = accord_.now;
  if (party.heard.online) {
    PromiseReport online = about(party, PromiseKind::OnlineUntil, "announced");
    set_times(online, {0, 0, now, party.heard.online->until}, now);
    out.all.push_back(std::move(online));
  }
  if (party.heard.leaving) {
    const bool went = party.heard.leaving->went != Heard::Leaving::Was::Here;
    PromiseReport leaving = about(party, PromiseKind::Leaving, went ? "gone" : "announced");
    set_times(leaving, {0, 0, now, party.heard.leaving->at}, now);
    out.all.push_back(std::move(leaving));
  }
  if (party.plea_from) {
    PromiseReport plea = about(party, PromiseKind::Please,
                               "asks +" + in_words(party.plea_from->by) + ", waits for an answer");
    plea.id = party.plea_from->id;
    set_times(plea, {0, 0, now, intents_.until()}, now);
    out.all.push_back(std::move(plea));
  }
  if (party.plea_to) {
    const std::string& answer = party.plea_to->answer;
    const std::string asked = "asked +" + in_words(party.plea_to->by) + ", waits for an answer";
    PromiseReport plea = about(party, PromiseKind::Please, answer.empty() ? asked : answer);
    plea.id = party.plea_to->id;
    plea.ours = true;
    set_times(plea, {0, 0, now, party.plea_to->until}, now);
    out.all.push_back(std::move(plea));
  }
  if (party.kept + party.broken != 0) out.record.push_back({party.id, party.kept, party.broken});
}

void Promises::report(PromisesReport& out) {
  const auto own = [&](PromiseKind kind, const std::optional<Instant>& at) {
    if (!at) return;
    PromiseReport one;
    one.kind = kind;
    one.ours = true;
    one.state = "announced";
    one.left = *at - accord_.now;
    out.all.push_back(std::move(one));
  };
  own(PromiseKind::OnlineUntil, intents_.own().online);
  own(PromiseKind::Leaving, intents_.own().leaving);
  for (Party& party : accord_.parties) {
    if (party.id.value == 0) continue;
    report_leases(party, out);
    report_party(party, out);
    if (out.all.size() >= kReportMost) break;
  }
  if (out.all.size() > kReportMost) out.all.resize(kReportMost);
}

}  // namespace covfefe::core
