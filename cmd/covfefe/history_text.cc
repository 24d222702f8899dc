// SPDX-License-Identifier: Apache-2.0
#include "history_text.h"

#include <algorithm>

#include "quantity.h"
#include "wrap.h"

namespace covfefe::cli {
namespace {

constexpr std::size_t kIndent = 10;  // as of covfefe shaper

struct Words {
  const char* kind;
  const char* noun;
};

Words words_of(PromiseKind kind) {
  switch (kind) {
    case PromiseKind::LeaseGiven:
      return {"given", "loan"};
    case PromiseKind::LeaseTaken:
      return {"taken", "reservation"};
    case PromiseKind::OnlineUntil:
      return {"online until", "announced stay"};
    case PromiseKind::Leaving:
      return {"leaving", "announced departure"};
    case PromiseKind::Please:
      return {"please", "longer stay"};
  }
  return {"", ""};
}

std::string tally_text(const PromiseTally& one) {
  return std::to_string(one.kept) + " of " +
         count_text(one.kept + one.broken, words_of(one.kind).noun);
}

Json rate_json(std::uint64_t rate) {
  return rate == 0 ? Json() : Json(rate);
}

struct Sum {
  std::uint64_t rate = 0;  // mean of the hours with a limit, 0: there is none
  std::uint64_t lowest = 0;
  std::uint64_t sent = 0;
  std::uint64_t cuts = 0;
};

Sum sum_of(const std::vector<CapacityRecord>& hours) {
  Sum out;
  std::uint64_t limited = 0;
  for (const CapacityRecord& one : hours) {
    out.sent += one.sent / hours.size();
    out.cuts += one.cuts;
    if (one.lowest != 0 && (out.lowest == 0 || one.lowest < out.lowest)) out.lowest = one.lowest;
    if (one.rate == 0) continue;
    // A running mean: sums of what a database may claim could overflow.
    ++limited;
    out.rate = out.rate - out.rate / limited + one.rate / limited;
  }
  return out;
}

}  // namespace

std::string tallies_text(const std::vector<PromiseTally>& of_one_friend) {
  std::string out;
  for (const PromiseTally& one : of_one_friend) {
    if (!out.empty()) out += ", ";
    out += tally_text(one);
  }
  return out.empty() ? "none has ended yet" : out;
}

Json tallies_json(const std::vector<PromiseTally>& of_one_friend) {
  Json out = Json::array();
  for (const PromiseTally& one : of_one_friend) {
    out.add(Json::object()
                .set("kind", words_of(one.kind).kind)
                .set("kept", one.kept)
                .set("broken", one.broken)
                .set("last_at", one.last_at));
  }
  return out;
}

std::string hours_text(const std::vector<CapacityRecord>& hours) {
  std::string out = "nothing is remembered yet";
  if (!hours.empty()) {
    const Sum sum = sum_of(hours);
    const std::string carried =
        sum.rate == 0 ? "no limit known"
                      : rate_text(sum.rate) + " in the mean, at least " + rate_text(sum.lowest);
    out = "of " + count_text(hours.size(), "hour") + ": " + carried + "; " + rate_text(sum.sent) +
          " sent; " + count_text(sum.cuts, "cut");
  }
  return fitted("history", kIndent) + wrapped(out, kIndent) + "\n";
}

Json hours_json(const std::vector<CapacityRecord>& hours) {
  Json out = Json::array();
  for (const CapacityRecord& one : hours) {
    out.add(Json::object()
                .set("at", one.at)
                .set("rate", rate_json(one.rate))
                .set("lowest", rate_json(one.lowest))
                .set("sent", one.sent)
                .set("cuts", one.cuts));
  }
  return out;
}

}  // namespace covfefe::cli
