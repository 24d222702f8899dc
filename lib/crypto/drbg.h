// SPDX-License-Identifier: Apache-2.0
// The generator for everything random on the packet path (A32): ChaCha20 with fast key erasure.
// Each 1,024-byte block gives its first 32 bytes to the next key, so what was handed out cannot be
// found again in memory. One thread, no system call but at reseed.
#pragma once

#include "base/instant.h"
#include "crypto/entropy.h"
#include "crypto/types.h"

namespace covfefe::crypto {

class Drbg final : public Entropy {
 public:
  explicit Drbg(KeyView seed);
  // Deterministic for ever: simulations and tests.
  Drbg(Entropy& source, Instant now);
  // Seeded from `source`, which must outlive it.

  void fill(MutableBytes out) override;
  void reseed_if_due(Instant now);
  // Mixes 32 fresh bytes into the key once an hour. Does nothing for a deterministic one.
  [[nodiscard]] std::uint64_t next_u64();

 private:
  static constexpr std::size_t kBlock = 1024;
  void refill();

  SecretKey key_;
  Secret<kBlock> block_;
  std::size_t used_ = kBlock;
  Entropy* source_ = nullptr;
  Instant reseed_at_ = Instant::never();
};

}  // namespace covfefe::crypto
