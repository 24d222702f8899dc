// SPDX-License-Identifier: Apache-2.0
// Handshakes by source address: 20 a second each (A33), in a table of fixed size.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "base/address.h"
#include "core/link/bucket.h"

namespace covfefe::core {

class SourceLimiter {
 public:
  explicit SourceLimiter(std::uint64_t seed) : seed_(seed), sets_(new Sets) {}
  // seed: random, so that nobody can choose addresses that share a set.

  [[nodiscard]] bool take(const Address& source, Instant now);
  // One token of the source: an IPv4 address, or an IPv6 /64. A table that is full forgets the
  // source that used least; what holds then is the limit on all sources together.

 private:
  static constexpr Bucket::Rate kRate{20, 20};
  static constexpr std::size_t kWays = 4;
  static constexpr std::size_t kSets = 1024;
  struct Entry {
    std::uint64_t source = 0;  // 0 = free
    Bucket bucket{kRate};
  };
  using Sets = std::array<std::array<Entry, kWays>, kSets>;

  std::uint64_t seed_;
  std::unique_ptr<Sets> sets_;
};

}  // namespace covfefe::core
