// SPDX-License-Identifier: Apache-2.0
// Which circuit builds were opened lately (Step N14, covfefe-protocol(7); A13). Bounded; by the
// keyed hash of the ephemeral, so that nobody can choose where an entry falls. Thread: one.
#pragma once

#include <map>
#include <unordered_set>

#include "base/instant.h"
#include "base/result.h"
#include "crypto/entropy.h"
#include "crypto/types.h"

namespace covfefe::keys {

inline constexpr std::size_t kMaxReplays = 1U << 18;
// 20 minutes of 218 builds a second; about 12 MiB.
inline constexpr std::int64_t kMadeAtSlack = 600;  // seconds, in both directions
inline constexpr std::int64_t kReplaysKept = 660;  // seconds after made_at

class BuildReplays {
 public:
  explicit BuildReplays(crypto::Entropy& random);

  Result<void> admit(const crypto::PublicKey& ephemeral, std::uint32_t made_at, WallTime now);
  // Of a build whose tag verified. Expired: made_at is off by more than kMadeAtSlack, or not later
  // than something that was forgotten. Replayed; Overloaded: full. Otherwise it is remembered.

  [[nodiscard]] bool full(WallTime now);
  // Asked before the costly part. Forgets what is due.
  void forget_due(WallTime now);
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  using Hash = ByteArray<16>;
  struct First8 {
    std::size_t operator()(const Hash& hash) const {
      return static_cast<std::size_t>(load_le<std::uint64_t>(hash.data()));
    }
  };

  [[nodiscard]] bool holds(const Hash& hash) const;

  crypto::SecretKey key_;
  std::map<std::uint32_t, std::unordered_set<Hash, First8>> by_made_at_;
  std::size_t size_ = 0;
  std::uint32_t forgotten_ = 0;  // the latest made_at of which hashes were forgotten
};

}  // namespace covfefe::keys
