// SPDX-License-Identifier: Apache-2.0
// How the estimate falls: a queue at the uplink, silence, loss without a queue.
#include <algorithm>

#include "shape/capacity.h"

namespace covfefe::shape {
namespace {

constexpr std::uint32_t kCutGain = 900;  // of what is delivered, in 1/1000
constexpr std::uint32_t kDrainGain = 750;
constexpr std::uint32_t kDeepGain = 500;      // more than 10 ms
constexpr std::uint32_t kVeryDeepGain = 100;  // more than 30 ms
constexpr std::uint32_t kKept = 970;
constexpr Duration kDeep = Duration::millis(10);
constexpr Duration kVeryDeep = Duration::millis(30);
constexpr Duration kProgress = Duration::millis(2);
constexpr Duration kPatience = Duration::millis(400);
constexpr Duration kLongestDrain = Duration::seconds(5);
constexpr Duration kSilence = Duration::millis(200);
constexpr Duration kMostOfOthers = Duration::seconds(1);
constexpr std::int64_t kMicros = 1'000'000;
constexpr std::uint64_t kUnheard = 8'192;
constexpr std::uint64_t kUnheardOfEach = 2'048;  // R9: less may wait for a second

// The most that was sent in a fifth of the last second.
std::uint64_t most_sent(const CapacityLoad& load, Instant now) {
  constexpr Duration kSpan = Duration::millis(200);
  std::uint64_t most = 0;
  for (int i = 0; i < 5; ++i) {
    most = std::max(most, load.rate(now - kSpan * (i + 1), now - kSpan * i));
  }
  return most;
}

std::uint64_t part(std::uint64_t rate, std::uint32_t permille) {
  return rate / 1'000 * permille + rate % 1'000 * permille / 1'000;
}

}  // namespace

void Capacity::cut(Instant now) {
  ++estimate_.cuts;
  cut_at_ = tried_at_ = now;
  before_cut_ = estimate_.capacity;
  cut_most_ = std::max(most_sent(load_, now), kLeastCapacity);
  if (limited()) cut_most_ = std::min(cut_most_, estimate_.capacity);
  believe(part(std::min(view_.newest, cut_most_), kCutGain));
  cut_queue_ = most_queue_ = least_queue_ = view_.newest_queue;
  links_.measure_from(now);
  links_.set_busy(low());
  least_at_ = now;
  set_gain(now);
  onset_ = low_since_ = Instant::never();
  probe_gain_ = kFirstGain;
  enter(CapacityState::Cut, "a queue stands at the uplink: most links see it", now);
}

Duration Capacity::standing() const {
  if (!anchored_) return view_.newest_queue;
  // What was sent and is not accounted for, beyond what is on its way. Delays cannot tell how long
  // a long queue is now: they come as late as it is long.
  const std::int64_t missing = lacking(load_.now().sent - load_.now().strange) - under_way_;
  const auto capacity = static_cast<std::int64_t>(estimate_.capacity);
  const std::int64_t pipe = capacity * (rtt().nanoseconds / 1'000) / kMicros;
  const std::int64_t queue = std::clamp<std::int64_t>(missing - pipe, 0, 4 * capacity);
  return Duration::micros(queue * kMicros / capacity);
}

void Capacity::set_gain(Instant now) {
  Duration queue = standing();
  // What reports see by then was sent after the cut.
  if (now - cut_at_ > most_queue_ + feedback() * 2) {
    queue = std::max(queue, std::min(view_.newest_queue - others_ - slack(), kVeryDeep));
  }
  gain_ = queue > kVeryDeep ? kVeryDeepGain : queue > kDeep ? kDeepGain : kDrainGain;
  if (queue > kDeep) least_at_ = now;  // what reports see now is of long ago
}

void Capacity::drain(Instant now) {
  if (drained(now)) return end_drain(now);
  const std::uint64_t measured = std::min(links_.measured(now), cut_most_);
  if (measured != 0) believe(measured);
  if (estimate_.state == CapacityState::Cut && now - cut_at_ >= feedback()) {
    enter(CapacityState::Drain, "until the queue at the uplink is gone", now);
  }
  set_gain(now);
  if (view_.newest_queue + kProgress < least_queue_) {
    least_queue_ = view_.newest_queue;
    least_at_ = now;
  }
  const Duration patience = std::max(feedback() * 4, kPatience) + most_queue_ + view_.interval * 2;
  const bool hopeless = now - least_at_ >= patience;
  if (!hopeless && now - cut_at_ < kLongestDrain) return;
  others_ = std::min(view_.queue, kMostOfOthers);
  anchor_at(now + feedback());
  if (measured != 0) believe(part(measured, kKept));
  restart_calm(now);
  enter(CapacityState::Steady, "what queue stays at the uplink is not ours", now);
}

bool Capacity::drained(Instant now) {
  most_queue_ = std::max(most_queue_, view_.newest_queue);
  if (view_.links == 0 || view_.newest_queue > low()) {
    low_since_ = Instant::never();
    return false;
  }
  if (low_since_.is_never()) low_since_ = now;
  // If none has seen the queue yet, they may be on their way through it.
  const int patience = most_queue_ > low() ? 2 : 6;
  return standing() <= kVeryDeep || now - low_since_ >= feedback() * patience;
}

bool Capacity::vanished(Instant now) const {
  // Even if nothing were sent, a queue could not shrink faster than time passes.
  const Duration gone = cut_queue_ - view_.newest_queue - slack() * 2;
  return most_queue_ <= low() || gone * 4 > (now - cut_at_) * 5;
}

void Capacity::end_drain(Instant now) {
  restart_calm(now);
  loss_.restart(now);
  // Some bytes will never be accounted for.
  if (standing() > kVeryDeep) anchor_at(now + feedback());
  const std::uint64_t measured = std::min(links_.measured(now), cut_most_);
  if (measured == 0 || vanished(now)) {
    take_back();
    if (caution_ < 2) ++caution_;
    caution_since_ = now;
    anchor_at(now + feedback());
    return enter(CapacityState::Steady, "it was no queue: it went faster than it could drain", now);
  }
  believe(part(measured, kKept));
  enter(CapacityState::Steady, "what was delivered while the queue stood", now);
}

bool Capacity::stalled(Instant now) const {
  // What makes a report due (R9) was sent long enough ago, after all that was reported.
  const Instant due = now - std::max(rtt() * 3, kSilence);
  const Instant heard = links_.heard();
  if (!links_.heard_any() || heard >= due) return false;
  return load_.telling_by(due) - load_.telling_by(heard) >=
         kUnheard + std::uint64_t{view_.links} * kUnheardOfEach;
}

void Capacity::begin_stall(Instant now) {
  const std::uint64_t sent = load_.rate(links_.heard(), now);
  stall_rate_ = (limited() ? std::min(sent, estimate_.capacity) : sent) / 2;
  stall_heard_ = links_.heard();
  halve_at_ = now + kSilence;
  onset_ = Instant::never();
  enter(CapacityState::Stall, "no friend reports what is sent", now);
}

void Capacity::stall(Instant now) {
  if (links_.heard() > stall_heard_) {
    // What was believed before holds; a queue that grew meanwhile cuts it.
    restart_calm(now);
    anchor_at(now + feedback());
    loss_.restart(now);
    return enter(CapacityState::Steady, "friends report again", now);
  }
  if (now < halve_at_) return;
  stall_rate_ = std::max(stall_rate_ / 2, kLeastCapacity);
  halve_at_ = stall_rate_ > kLeastCapacity ? now + kSilence : Instant::never();
}

bool Capacity::policed(Instant now) {
  const CapacityLoss::Finding found = loss_.note(view_, now);
  if (found == CapacityLoss::Finding::Policed && load_.now().sent > 0) {
    before_cut_ = loss_.held(now) ? before_cut_ : estimate_.capacity;
    ++estimate_.cuts;
    cut_at_ = now;
    believe(part(loss_.goodput(), kKept));
    loss_.begin_hold(now);
    probe_gain_ = kFirstGain;
    enter(CapacityState::Policed, "what is sent above a rate is lost without a queue", now);
    return true;
  }
  if (found != CapacityLoss::Finding::Incurable) return false;
  take_back();
  enter(CapacityState::Steady, "a lower rate does not cure the loss", now);
  return true;
}

void Capacity::hold(Instant now) {
  if (congested(now)) return cut(now);
  if (policed(now)) return;
  note_calm(now);
  if (!loss_.held(now)) enter(CapacityState::Steady, "the policer is tried again", now);
}

}  // namespace covfefe::shape
