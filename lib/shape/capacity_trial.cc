// SPDX-License-Identifier: Apache-2.0
#include "shape/capacity_trial.h"

#include <algorithm>

namespace covfefe::shape {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint32_t kSlowest = 100;  // in 1/1000 above the estimate
constexpr std::uint64_t kTwoCells = 2 * 1'448;

}  // namespace

void CapacityTrial::begin(const TrialPlan& plan, Instant now) {
  plan_ = plan;
  begun_ = now;
  const Duration length = plan.queue * 1'000 / std::max(plan.gain - 1'000, kSlowest);
  burst_until_ = now + length;
  const Duration down = plan.queue * 4;  // at three quarters
  low_from_ = burst_until_ + std::max(plan.reports - down / 2, Duration{});
  low_until_ = low_from_ + down;
  verdict_at_ = low_from_ + plan.feedback + plan.reports;
  peak_ = {};
  delivered_ = 0;
  sent_ = plan.sent;
}

std::uint64_t CapacityTrial::rate(Instant now) const {
  if (now < burst_until_) return proven();
  return now >= low_from_ && now < low_until_ ? plan_.base / 4 * 3 : plan_.base;
}

Instant CapacityTrial::next(Instant now) const {
  for (const Instant change : {burst_until_, low_from_, low_until_}) {
    if (now < change) return std::min(change, verdict_at_);
  }
  return verdict_at_;
}

void CapacityTrial::see(Duration queue, std::uint64_t delivered) {
  peak_ = std::max(peak_, queue);
  delivered_ = std::max(delivered_, delivered);
}

void CapacityTrial::sent_by_now(std::uint64_t sent, Instant now) {
  if (now <= burst_until_) sent_ = sent;
}

bool CapacityTrial::filled() const {
  // Half of what the burst was to add, but for what the root clock sends at once.
  const auto length = static_cast<std::uint64_t>((burst_until_ - begun_).nanoseconds);
  const std::uint64_t half = plan_.base * (1'000 + plan_.gain) / 2'000;
  return sent_ - plan_.sent + kTwoCells >= half * (length / 1'000) / (kSecond / 1'000);
}

bool CapacityTrial::carried() const {
  if (peak_ <= plan_.calm + plan_.queue / 2) return true;
  // On a path that jitters, the rate that arrived is the better witness, if two reports fit in.
  if (plan_.reports * 2 > burst_until_ - begun_) return false;
  const std::uint64_t most = plan_.base * (300 + 700 * std::uint64_t{plan_.gain} / 1'000) / 1'000;
  return delivered_ >= most && peak_ <= plan_.calm + plan_.queue * 2;
}

}  // namespace covfefe::shape
