// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/reach.h"

#include <algorithm>

namespace covfefe::core {

void Uses::add(const CircuitPath& path) {
  if (path.hops.empty()) return;  // a circuit that the far end built
  entries_.push_back(path.entry);
  for (std::size_t i = 0; i + 1 < path.hops.size(); ++i) relays_.push_back(path.hops[i].tag);
}

void Uses::add(std::span<const LinkSlot> entries) {
  entries_.insert(entries_.end(), entries.begin(), entries.end());
}

bool Reach::leaves(LinkSlot link) const {
  return std::find(leaving.begin(), leaving.end(), link) != leaving.end();
}

void shun(std::vector<Shunned>& list, const CircuitPath& path, Instant now) {
  constexpr Duration kLasts = Duration::seconds(30);
  if (path.hops.empty()) return;
  std::erase_if(list, [now](const Shunned& one) { return one.until <= now; });
  if (list.size() == PeerSession::kShunned) list.erase(list.begin());
  Shunned& one = list.emplace_back();
  one.path = path;
  one.until = now + kLasts;
}

bool points_at_hop(const BuildFailure& failure) {
  return failure.fault != BuildFault::Timeout && failure.fault != BuildFault::NoRoom;
}

}  // namespace covfefe::core
