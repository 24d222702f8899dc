// SPDX-License-Identifier: Apache-2.0
#include "keys/build_replays.h"

#include <algorithm>

#include "crypto/hash.h"

namespace covfefe::keys {

BuildReplays::BuildReplays(crypto::Entropy& random) {
  random.fill(key_.mutable_view());
}

bool BuildReplays::holds(const Hash& hash) const {
  // Over all minutes: one ephemeral under two records would use its keys twice.
  return std::any_of(by_made_at_.begin(), by_made_at_.end(),
                     [&hash](const auto& minute) { return minute.second.contains(hash); });
}

void BuildReplays::forget_due(WallTime now) {
  while (!by_made_at_.empty()) {
    const auto oldest = by_made_at_.begin();
    if (oldest->first + kReplaysKept > now.unix_seconds()) return;
    forgotten_ = std::max(forgotten_, oldest->first);
    size_ -= oldest->second.size();
    by_made_at_.erase(oldest);
  }
}

bool BuildReplays::full(WallTime now) {
  forget_due(now);
  return size_ >= kMaxReplays;
}

Result<void> BuildReplays::admit(const crypto::PublicKey& ephemeral, std::uint32_t made_at,
                                 WallTime now) {
  if (full(now)) return Reject::Overloaded;
  const std::int64_t age = now.unix_seconds() - made_at;
  if (age > kMadeAtSlack || age < -kMadeAtSlack || made_at <= forgotten_) return Reject::Expired;
  const Hash hash = crypto::blake2b<16>(key_.view(), {ephemeral});
  if (holds(hash)) return Reject::Replayed;
  by_made_at_[made_at].insert(hash);
  ++size_;
  return {};
}

}  // namespace covfefe::keys
