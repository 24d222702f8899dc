// SPDX-License-Identifier: Apache-2.0
#include "core/link/size_probe.h"

#include <algorithm>

namespace covfefe::core {
namespace {

constexpr Duration kWaitLeast = Duration::millis(200);
constexpr Duration kWaitMost = Duration::seconds(1);

}  // namespace

void SizeProbe::restart(Instant now) {
  *this = {};
  next_ = now;
}

void SizeProbe::lost(Instant now) {
  waiting_ = false;
  if (++losses_ < kLossesMost) return;
  small_ = true;
  losses_ = 0;
  next_ = now + again_;
  again_ = std::min(again_ * 2, kEvery);
}

std::optional<std::uint64_t> SizeProbe::due(const View& view, crypto::Drbg& random) {
  if (next_ > view.now) return std::nullopt;
  // Silence says nothing about sizes: only what is lost while other cells arrive counts.
  if (waiting_ && view.last_heard >= sent_) lost(view.now);
  if (next_ > view.now) return std::nullopt;
  if (view.quiet && !waiting_) {
    next_ = view.now + kQuietPause;
    return std::nullopt;
  }
  if (losses_ == 0) tokens_ = {};
  const std::uint64_t token = random.next_u64() | 1;
  tokens_[losses_] = token;
  waiting_ = true;
  sent_ = view.now;
  next_ = view.now + std::clamp(view.rto * 4, kWaitLeast, kWaitMost);
  return token;
}

bool SizeProbe::seen(std::uint64_t token, Instant now) {
  if (token == 0 || std::find(tokens_.begin(), tokens_.end(), token) == tokens_.end()) return false;
  *this = {};
  next_ = now + kEvery;
  return true;
}

}  // namespace covfefe::core
