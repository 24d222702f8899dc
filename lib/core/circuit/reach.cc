// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/reach.h"

namespace covfefe::core {

void Uses::add(const CircuitPath& path) {
  if (path.hops.empty()) return;  // a circuit that the far end built
  entries_.push_back(path.entry);
  for (std::size_t i = 0; i + 1 < path.hops.size(); ++i) relays_.push_back(path.hops[i].tag);
}

void shun(std::vector<Shunned>& list, const CircuitPath& path, Instant now) {
  constexpr Duration kLasts = Duration::seconds(30);
  if (path.hops.empty()) return;
  std::erase_if(list, [now](const Shunned& one) { return one.until <= now; });
  if (list.size() == PeerSession::kShunned) list.erase(list.begin());
  list.push_back({path, now + kLasts});
}

bool points_at_hop(const BuildFailure& failure) {
  return failure.fault != BuildFault::Timeout && failure.fault != BuildFault::NoRoom;
}

}  // namespace covfefe::core
