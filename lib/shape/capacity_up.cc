// SPDX-License-Identifier: Apache-2.0
// How the estimate rises: by short trials, while something waits for it.
#include <algorithm>

#include "shape/capacity.h"

namespace covfefe::shape {
namespace {

constexpr std::uint32_t kLeastGain = 1'050;
constexpr Duration kTrialQueue = Duration::millis(8);
constexpr Duration kShortestCalm = Duration::millis(60);
constexpr Duration kLongestCalm = Duration::millis(500);
constexpr Duration kBottom = Duration::millis(1);

}  // namespace

void Capacity::note_calm(Instant now) {
  floor_seen_ = std::min(floor_seen_, view_.queue);
  if (view_.queue > low() + kTrialQueue / 2) return restart_calm(now);
  calm_sum_ += view_.queue.nanoseconds;
  ++calm_count_;
}

void Capacity::restart_calm(Instant now) {
  calm_since_ = now;
  calm_sum_ = calm_count_ = 0;
}

bool Capacity::may_probe(Instant now) const {
  if (!limited() || at_ceiling() || !load_.now().backlogged || now < probe_after_) return false;
  // Where delays leap between nothing and much they say little: what arrives must tell.
  const bool calm = calm_count_ != 0 && Duration{calm_sum_ / calm_count_} <= low() &&
                    now - calm_since_ >= std::max(rtt() * 4, kShortestCalm);
  const bool leaps =
      floor_seen_ <= others_ + kBottom && now - tried_at_ >= std::max(rtt() * 16, kLongestCalm);
  if (!calm && !leaps) return false;
  const std::uint64_t sent = load_.rate(now - feedback(), now);
  return sent >= estimate_.capacity / 20 * 17;
}

void Capacity::begin_trial(Instant now) {
  ++estimate_.probes;
  TrialPlan plan;
  plan.base = estimate_.capacity;
  plan.gain = probe_gain_;
  if (settings_.ceiling != 0) {
    const std::uint64_t most = settings_.ceiling * 1'000 / plan.base;
    plan.gain = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(most, kLeastGain, plan.gain));
  }
  plan.queue = kTrialQueue + slack() / 2;
  plan.feedback = feedback();
  plan.reports = view_.interval;
  plan.calm = calm_count_ == 0 ? view_.queue : Duration{calm_sum_ / calm_count_};
  plan.sent = load_.now().sent;
  links_.restart_peaks();
  tried_at_ = now;
  floor_seen_ = kLongestCalm;
  trial_.begin(plan, now);
  enter(CapacityState::Probe, "whether the uplink carries more", now);
}

void Capacity::probe(Instant now) {
  trial_.see(view_.peak, view_.rate);
  if (congested(now)) return cut(now);
  if (policed(now)) return;
  if (view_.queue > trial_.plan().calm + trial_.plan().queue + slack()) return trial_failed(now);
  if (!trial_.over(now)) return;
  if (!trial_.filled()) {
    probe_after_ = now;
    return enter(CapacityState::Steady, "too little was waiting to try more", now);
  }
  if (trial_.carried()) return trial_succeeded(now);
  trial_failed(now);
}

void Capacity::trial_succeeded(Instant now) {
  believe(trial_.proven());
  probe_gain_ = kNextGain;
  if (at_ceiling() || !load_.now().backlogged) {
    return enter(CapacityState::Steady, "the uplink carried more", now);
  }
  begin_trial(now);
}

void Capacity::trial_failed(Instant now) {
  // After a bolder step, what lies between is tried at once; after the first, calm is awaited.
  if (probe_gain_ == kFirstGain) restart_calm(now);
  probe_gain_ = kFirstGain;
  enter(CapacityState::Steady, "the uplink carries no more", now);
}

}  // namespace covfefe::shape
