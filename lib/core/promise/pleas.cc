// SPDX-License-Identifier: Apache-2.0
// Friends that this node would have stay.
#include "core/promise/intents.h"
#include "core/promise/words.h"

namespace covfefe::core {

namespace {

constexpr Duration kLeast = Duration::minutes(1);

// As a Please says it: whole minutes, rounded up.
Duration whole_minutes(Duration time) {
  const std::int64_t minutes = (whole_seconds(time) + 59) / 60;
  return Duration::minutes(minutes);
}

}  // namespace

void Intents::please(Party& party, RequestId question, const PleaseQuery& query) {
  const auto no = [&](std::string why, std::string next) {
    accord_.answer(question, PromiseDone{false, std::move(why), std::move(next), {}});
  };
  if (query.by < Duration::seconds(1) || query.by > kLeaseLongest) {
    return no("There is no such time.", "Ask for 1 min to 24 h.");
  }
  if (!party.up()) {
    return no(party.petname + "'s link is down.", "Run covfefe why " + party.petname + ".");
  }
  if (!party.heard.leaving && !party.heard.online) {
    return no(party.petname + " has not announced when it goes.", "There is nothing to ask.");
  }
  if (party.plea_to) {
    replied(party, "Asked anew meanwhile", "");
    accord_.unname(party.plea_to->id);
  }
  PleaTo& plea = party.plea_to.emplace();
  plea.id = accord_.name(party);
  plea.by = std::max(whole_minutes(query.by), kLeast);
  plea.question = question;
  plea.due = accord_.now + std::clamp(query.timeout, Duration{}, Duration::minutes(10));
  plea.until = party.heard.leaving ? party.heard.leaving->at : party.heard.online->until;
  plea.until = std::max(plea.until, accord_.now + kLeast);
  accord_.send(party, {wire::Please{plea.id, whole_seconds(plea.by)}});
  accord_.wake(plea.due);
}

// Whoever waits is answered, else the log is.
void Intents::replied(Party& party, std::string answer, std::string note) {
  PleaTo& plea = *party.plea_to;
  const bool ok = answer.starts_with('+');
  if (plea.question.value != 0) {
    const std::string what =
        ok ? party.petname + " stays " + in_words(plea.by) + " longer." : answer + ".";
    accord_.answer(plea.question, PromiseDone{ok, what, "", ok ? plea.by : Duration{}});
  } else if (!note.empty()) {
    accord_.note(party, std::move(note));
  }
  plea.question = {};
  plea.due = Instant::never();
  plea.answer = std::move(answer);
}

bool Intents::on(Party& party, const wire::Ack& ack) {
  if (!party.plea_to || party.plea_to->id != ack.number || ack.rate != 0) return false;
  PleaTo& plea = *party.plea_to;
  if (!plea.answer.empty()) return true;
  plea.by = Duration::seconds(ack.lasts);
  plea.until = plea.until + plea.by;
  replied(party, "+" + in_words(plea.by) + " granted",
          party.petname + " stays " + in_words(plea.by) + " longer");
  return true;
}

bool Intents::on(Party& party, const wire::Nak& nak) {
  if (!party.plea_to || party.plea_to->id != nak.number) return false;
  if (!party.plea_to->answer.empty()) return true;
  replied(party, party.petname + " says no", party.petname + " does not stay longer");
  return true;
}

void Intents::timer(Party& party) {
  if (!party.plea_to) return;
  PleaTo& plea = *party.plea_to;
  if (plea.until <= accord_.now) {
    if (plea.answer.empty()) replied(party, party.petname + " did not answer", "");
    accord_.unname(plea.id);
    party.plea_to.reset();
    return;
  }
  if (plea.due <= accord_.now) {
    accord_.answer(
        plea.question,
        PromiseDone{true, party.petname + " was asked to stay " + in_words(plea.by) + " longer.",
                    "Its answer comes into the log and into covfefe promises.",
                    plea.until - accord_.now});
    plea.question = {};
    plea.due = Instant::never();
  }
  accord_.wake(plea.due);
  accord_.wake(plea.until);
}

}  // namespace covfefe::core
