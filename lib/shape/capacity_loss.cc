// SPDX-License-Identifier: Apache-2.0
#include "shape/capacity_loss.h"

#include <algorithm>
#include <utility>

namespace covfefe::shape {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kWindowBytes = 150 * 1'448;
constexpr Duration kShortest = Duration::millis(50);
constexpr Duration kLongest = Duration::seconds(1);
constexpr Duration kFirstHold = Duration::seconds(1);
constexpr Duration kLongestHold = Duration::seconds(60);
constexpr Duration kUntilProof = Duration::millis(500);
constexpr std::uint32_t kLimit = 50;  // permille above what is usual

}  // namespace

std::uint8_t CapacityLoss::limit_of_255() const {
  return static_cast<std::uint8_t>(std::min((usual_ + kLimit) * 255 / 1'000, 254u));
}

void CapacityLoss::restart(Instant now) {
  carried_ = lost_ = lossy_ = 0;
  from_ = now;
}

CapacityLoss::Finding CapacityLoss::note(const LinksView& view, Instant now) {
  carried_ += view.carried;
  lost_ += view.lost;
  lossy_ += view.lossy;
  const Duration length = now - from_;
  const bool enough = carried_ + lost_ >= kWindowBytes && length >= kShortest;
  if (!enough) {
    if (length >= kLongest) restart(now);
    return Finding::Nothing;
  }
  const std::uint64_t before = goodput_;
  goodput_ = carried_ * kSecond / static_cast<std::uint64_t>(length.nanoseconds);
  const auto permille = static_cast<std::uint32_t>(lost_ * 1'000 / (carried_ + lost_));
  const bool most = lossy_ * 2 >= carried_;
  restart(now);
  if (permille < usual_) usual_ -= (usual_ - permille + 15) / 16;
  const bool lossy = most && permille > usual_ + kLimit;
  const bool again = std::exchange(lossy_before_, lossy);
  if (!lossy) return Finding::Nothing;
  // One window may be a busy machine's.
  if (!held(now) && !again) return Finding::Nothing;
  goodput_ = std::max(goodput_, before);
  return judge(permille, now);
}

CapacityLoss::Finding CapacityLoss::judge(std::uint32_t permille, Instant now) {
  if (!held(now)) {
    when_held_ = permille;
    return Finding::Policed;
  }
  if (now < proof_at_) return Finding::Nothing;
  proof_at_ = Instant::never();
  if (permille * 10 < when_held_ * 7) return Finding::Policed;
  usual_ = std::max(permille, when_held_);
  hold_until_ = now;
  return Finding::Incurable;
}

void CapacityLoss::begin_hold(Instant now) {
  const std::uint64_t difference =
      goodput_ > held_rate_ ? goodput_ - held_rate_ : held_rate_ - goodput_;
  const bool same = difference * 8 <= held_rate_;
  hold_ = same ? std::min(hold_ + hold_, kLongestHold) : kFirstHold;
  held_rate_ = goodput_;
  hold_until_ = now + hold_;
  proof_at_ = now + kUntilProof;
  restart(now);
}

}  // namespace covfefe::shape
