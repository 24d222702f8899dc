// SPDX-License-Identifier: Apache-2.0
#include "core/link/limits.h"

#include <algorithm>

namespace covfefe::core {
namespace {

std::uint64_t mixed(std::uint64_t x) {
  // The finaliser of SplitMix64: every input bit reaches every output bit.
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

std::uint64_t identify(const Address& source) {
  // A subscriber has a whole IPv6 /64, but one IPv4 address.
  const std::uint64_t prefix = load_le<std::uint64_t>(source.bytes.data());
  if (!source.is_mapped_v4()) return prefix;
  return load_le<std::uint64_t>(source.bytes.data() + 8);
}

}  // namespace

bool SourceLimiter::take(const Address& source, Instant now) {
  const std::uint64_t key = mixed(identify(source) ^ seed_) | 1;
  auto& set = (*sets_)[(key >> 1) % kSets];
  const auto known =
      std::find_if(set.begin(), set.end(), [&](const Entry& e) { return e.source == key; });
  if (known != set.end()) return known->bucket.take(now);
  const auto least = std::min_element(set.begin(), set.end(), [](const Entry& a, const Entry& b) {
    return a.bucket.full_at() < b.bucket.full_at();
  });
  *least = {key, Bucket(kRate)};
  return least->bucket.take(now);
}

}  // namespace covfefe::core
