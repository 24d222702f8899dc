// SPDX-License-Identifier: Apache-2.0
#include "core/discovery/introducer.h"

#include <algorithm>

namespace covfefe::core {

Visibility shown(const Introducer& n) {
  if (!n.offer) return Visibility::Hidden;
  return std::min(n.who.visibility, static_cast<Visibility>(n.offer->shown));
}

std::optional<ByteArray<32>> onion_key(const Introducer& n, std::uint32_t epoch) {
  if (!n.offer || n.offer->keys.empty()) return std::nullopt;
  const std::int64_t until = wire::expiry_of(epoch);
  const auto better = [until](const wire::OfferedKey& a, const wire::OfferedKey& b) {
    const bool a_lasts = a.not_after >= until;
    if (a_lasts != (b.not_after >= until)) return a_lasts;
    return a_lasts ? a.not_after < b.not_after : a.not_after > b.not_after;
  };
  const auto keys = n.offer->keys.view();
  return std::ranges::min_element(keys, better)->key;
}

const FarList* list_of(const Introducer& n, std::uint32_t epoch) {
  for (const FarList& list : n.fetched.lists) {
    if (list.epoch == epoch && epoch != 0) return &list;
  }
  return nullptr;
}

std::uint8_t availability(const Introducer& n, Instant now) {
  const Duration up = n.up ? n.up_total + (now - n.changed_at) : n.up_total;
  const Duration known = now - n.known_since;
  if (known.nanoseconds <= 0) return n.up ? 100 : 0;
  // In seconds: nanoseconds times ten would not last a lifetime.
  const std::int64_t whole = std::max<std::int64_t>(known.nanoseconds / 1'000'000'000, 1);
  const std::int64_t tens = (up.nanoseconds / 1'000'000'000 * 10 + whole / 2) / whole;
  return static_cast<std::uint8_t>(std::clamp<std::int64_t>(tens, 0, 10) * 10);
}

}  // namespace covfefe::core
