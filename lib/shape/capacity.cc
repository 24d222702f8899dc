// SPDX-License-Identifier: Apache-2.0
#include "shape/capacity.h"

#include <algorithm>

#include "base/check.h"

namespace covfefe::shape {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::int64_t kCell = 1'448;
constexpr std::uint64_t kTwoCells = 2 * kCell;  // L cells, as large as the root clock's burst
constexpr std::uint64_t kDemand = 16'384;       // a second; less makes no queue
constexpr std::int64_t kMostLacking = std::int64_t{1} << 50;
constexpr std::int64_t kMissing = 40;  // ms of what was sent
constexpr Duration kWindow = Duration::millis(40);
constexpr Duration kEvaluate = Duration::millis(2);
constexpr Duration kCheck = Duration::millis(10);  // without reports
constexpr Duration kUnknownRtt = Duration::millis(50);
constexpr Duration kLongestReport = Duration::millis(150);
constexpr Duration kLow = Duration::millis(5);
constexpr Duration kTriggers[] = {Duration::millis(15), Duration::millis(25), Duration::millis(40)};
constexpr Duration kMostSlack = Duration::millis(50);
constexpr Duration kCaution = Duration::millis(40);  // longer for each cut for nothing
constexpr Duration kCautious = Duration::minutes(2);

}  // namespace

const char* name_of(CapacityState state) {
  switch (state) {
    case CapacityState::Steady:
      return "steady";
    case CapacityState::Cut:
      return "cut";
    case CapacityState::Drain:
      return "drain";
    case CapacityState::Probe:
      return "probe";
    case CapacityState::Stall:
      return "stall";
    case CapacityState::Policed:
      return "policed";
  }
  return "steady";
}

Capacity::Capacity(std::uint32_t links, const CapacitySettings& settings, Instant now)
    : settings_(settings),
      links_(links),
      history_(now),
      caps_(links),
      evaluated_(now),
      caution_since_(now),
      calm_since_(now),
      probe_gain_(kFirstGain) {
  estimate_.capacity = estimate_.settled = settings.ceiling;
  estimate_.since = now;
  if (settings.ceiling != 0) estimate_.why = "as configured";
  publish(now);
}

void Capacity::configure(const CapacitySettings& settings, Instant now) {
  const bool learned = limited() && estimate_.capacity != settings_.ceiling;
  settings_ = settings;
  if (!settings.learn || !learned) {
    estimate_.capacity = settings.ceiling;
    enter(CapacityState::Steady,
          settings.ceiling == 0 ? "as configured: no limit" : "as configured", now);
  } else {
    believe(estimate_.capacity);
  }
  estimate_.settled = estimate_.capacity;
  publish(now);
}

void Capacity::recall(std::uint64_t low_water) {
  history_.recall(low_water);
  publish(evaluated_);
}

void Capacity::report(std::uint32_t link, const LinkReport& report, Instant now) {
  links_.report(link, report, now);
  reported_ = true;
}

void Capacity::hear(Instant now) {
  links_.hear(now);
  reported_ = true;
}

void Capacity::forget(std::uint32_t link) {
  links_.forget(link);
  caps_.forget(link);
}

void Capacity::begin_anew(Instant now) {
  links_.begin_anew();
  if (estimate_.state != CapacityState::Stall) return;
  restart_calm(now);
  anchor_at(now + feedback());
  enter(CapacityState::Steady, "every link begins anew", now);
}

void Capacity::step(const Load& load, Instant now) {
  CHECK(load.sent >= load_.now().sent && std::max(load.strange, load.mute) <= load.sent);
  load_.step(load, now);
  trial_.sent_by_now(load.sent, now);
  const Duration gap = reported_ ? kEvaluate : kCheck;
  if (now - evaluated_ >= gap || now >= next_deadline()) evaluate(now);
  settle(now);
  history_.step({estimate_.settled, load.sent, estimate_.cuts}, now);
  publish(now);
}

void Capacity::evaluate(Instant now) {
  reported_ = false;
  evaluated_ = now;
  view_ = links_.view(now);
  estimate_.queue = view_.queue;
  if (!settings_.learn) return;
  if (view_.links != 0) others_ = std::min(others_, view_.queue);
  links_.set_loss_limit(loss_.limit_of_255());
  caps_.step(links_, view_, now);
  if (caution_ > 0 && now - caution_since_ > kCautious) {
    --caution_;
    caution_since_ = now;
  }
  note_under_way();
  if (estimate_.state != CapacityState::Stall && stalled(now)) return begin_stall(now);
  switch (estimate_.state) {
    case CapacityState::Steady:
      return steady(now);
    case CapacityState::Cut:
    case CapacityState::Drain:
      return drain(now);
    case CapacityState::Probe:
      return probe(now);
    case CapacityState::Stall:
      return stall(now);
    case CapacityState::Policed:
      return hold(now);
  }
}

void Capacity::settle(Instant now) {
  const bool falls =
      estimate_.state == CapacityState::Cut || estimate_.state == CapacityState::Drain;
  const bool confirmed = !falls || links_.measured(now) != 0;
  estimate_.settled = confirmed ? estimate_.capacity : before_cut_;
}

void Capacity::steady(Instant now) {
  if (congested(now)) return cut(now);
  if (policed(now)) return;
  note_calm(now);
  if (may_probe(now)) begin_trial(now);
}

bool Capacity::congested(Instant now) {
  const Instant from = now - feedback();
  const std::uint64_t sent = load_.rate(from, now);
  const bool held_back = load_.backlogged_since(from);
  const bool starves = starving();
  const bool missing = held_back && starved();
  const bool seen = view_.queue > trigger() || (starves && view_.newest_queue > trigger());
  if ((sent < kDemand && !held_back) || !(seen || missing)) {
    onset_ = Instant::never();
    return false;
  }
  if (onset_.is_never()) onset_ = now;
  // Demand above what arrives is proof at once. Otherwise something else may delay the reports
  // themselves, a busy machine for one: a queue of ours would stay.
  const bool proof = (held_back || starves) && now - onset_ >= kCaution * caution_;
  return missing || proof || now - onset_ >= std::max(feedback() * 4, Duration::millis(200));
}

bool Capacity::starving() const {
  return view_.links != 0 && view_.newest < sent_before() / 4 * 3;
}

bool Capacity::starved() const {
  if (!limited() || !anchored_ || view_.links == 0 || !view_.short_most) return false;
  if (view_.newest_lost * 4 > view_.newest) return false;
  const std::int64_t missing = lacking(load_.reportable_by(evaluated_ - rtt())) - under_way_;
  // A burst after a pause is on its way, not missing.
  const std::uint64_t of_late = load_.reportable_rate(evaluated_ - kWindow, evaluated_);
  const auto rate = static_cast<std::int64_t>(std::max({sent_before(), of_late, kDemand}));
  const std::int64_t cells = std::int64_t{view_.links} * kCell;  // one may be on its way to each
  return missing > rate * (kMissing * (1 + caution_)) / 1'000 + cells;
}

std::int64_t Capacity::lacking(std::uint64_t sent) const {
  return std::clamp(static_cast<std::int64_t>(sent - view_.arrived), -kMostLacking, kMostLacking);
}

void Capacity::note_under_way() {
  const bool flows = estimate_.state != CapacityState::Cut &&
                     estimate_.state != CapacityState::Drain &&
                     estimate_.state != CapacityState::Stall;
  if (!flows || view_.links == 0 || evaluated_ < anchor_at_) return;
  // What seems to have come since the last report has not where sending stopped.
  if (evaluated_ - view_.heard > kEvaluate * 2) return;
  const std::int64_t change = lacking(load_.reportable_by(evaluated_ - rtt())) - under_way_;
  // Down fast, up slowly: a queue that reports have yet to see must not count as usual.
  under_way_ += !anchored_ ? change : change < 0 ? change / 8 : change / 256;
  anchored_ = true;
}

void Capacity::anchor_at(Instant when) {
  anchored_ = false;
  anchor_at_ = when;
}

std::uint64_t Capacity::sent_before() const {
  // What the last reports must have seen; the lesser of two spans, as sending may just have begun.
  const Duration span = std::clamp(view_.interval, kWindow, kWindow * 4);
  const Instant then = view_.heard - rtt();
  return std::min(load_.reportable_rate(then - span, then),
                  load_.reportable_rate(then - span * 2, then - span));
}

void Capacity::enter(CapacityState state, const char* why, Instant now) {
  estimate_.why = why;
  if (estimate_.state == state) return;
  estimate_.state = state;
  estimate_.since = now;
}

bool Capacity::at_ceiling() const {
  return settings_.ceiling != 0 && estimate_.capacity >= settings_.ceiling;
}

void Capacity::believe(std::uint64_t capacity) {
  estimate_.capacity = std::clamp(capacity, kLeastCapacity, kMostCapacity);
  if (settings_.ceiling != 0) {
    estimate_.capacity = std::min(estimate_.capacity, settings_.ceiling);
  }
}

void Capacity::take_back() {
  estimate_.capacity = before_cut_ == 0 ? settings_.ceiling : before_cut_;
  if (limited()) believe(estimate_.capacity);
}

std::uint64_t Capacity::wanted_rate(Instant now) const {
  switch (estimate_.state) {
    case CapacityState::Cut:
    case CapacityState::Drain:
      return estimate_.capacity / 1'000 * gain_ + estimate_.capacity % 1'000 * gain_ / 1'000;
    case CapacityState::Probe:
      return trial_.rate(now);
    case CapacityState::Stall:
      return stall_rate_;
    case CapacityState::Steady:
    case CapacityState::Policed:
      break;
  }
  return estimate_.capacity;
}

void Capacity::publish(Instant now) {
  std::uint64_t rate = wanted_rate(now);
  if (rate != 0 && settings_.learn) {
    // What is promised is kept while a queue drains, as far as the uplink can carry it at all.
    const std::uint64_t most = estimate_.capacity == 0 ? rate : estimate_.capacity / 10 * 9;
    rate = std::max({rate, std::min(load_.now().promised, most), kLeastCapacity});
  }
  if (settings_.ceiling != 0)
    rate = rate == 0 ? settings_.ceiling : std::min(rate, settings_.ceiling);
  estimate_.rate = rate;
  const std::uint64_t low = history_.low_water();
  estimate_.low_water =
      settings_.ceiling == 0 || (low != 0 && low < settings_.ceiling) ? low : settings_.ceiling;
}

Instant Capacity::next_deadline() const {
  Instant next = reported_ ? evaluated_ + kEvaluate : Instant::never();
  switch (estimate_.state) {
    case CapacityState::Probe:
      return std::min(next, trial_.next(evaluated_));
    case CapacityState::Stall:
      return std::min(next, halve_at_);
    case CapacityState::Cut:
    case CapacityState::Drain:
      return std::min(next, evaluated_ + kCheck);
    case CapacityState::Steady:
    case CapacityState::Policed:
      break;
  }
  return next;
}

Duration Capacity::rtt() const {
  return view_.rtt > Duration{} ? view_.rtt : kUnknownRtt;
}

Duration Capacity::feedback() const {
  const Duration reports = std::max({Duration::millis(10), rtt() / 4, view_.interval});
  return rtt() + std::min(reports, kLongestReport) + Duration::millis(5);
}

Duration Capacity::slack() const {
  if (!limited()) return {};
  return std::min(Duration{static_cast<std::int64_t>(kTwoCells * kSecond / estimate_.capacity)},
                  kMostSlack);
}

Duration Capacity::low() const {
  return others_ + kLow + slack();
}

Duration Capacity::trigger() const {
  return others_ + kTriggers[caution_] + slack();
}

}  // namespace covfefe::shape
