// SPDX-License-Identifier: Apache-2.0
// What the parts that use circuits across friends' nodes work on together; owned by Remote. Thread:
// data.
#pragma once

#include <span>
#include <unordered_map>
#include <vector>

#include "core/circuit/attempts.h"
#include "core/circuit/back_off.h"
#include "core/circuit/egress.h"
#include "core/circuit/one_time.h"
#include "core/circuit/peers.h"
#include "core/discovery/discovery.h"

namespace covfefe::core {

struct Reach {
  Shared& shared;
  Peers& peers;
  Egress& egress;
  Discovery& discovery;
  Builds& builds;
  const CircuitPolicy policy;
  Attempts attempts{builds};
  OneTime one_time{};
  std::unordered_map<std::uint64_t, PeerSession*> names{};  // live sessions, by Attach::session()
  std::vector<Report> reports{};                            // told at the end of the step
  std::vector<LinkSlot> leaving{};  // friends that say that they leave (Step Q13)

  [[nodiscard]] bool leaves(LinkSlot link) const;
};

[[nodiscard]] inline std::uint64_t name_of(const ByteArray<8>& session) {
  return load_le<std::uint64_t>(session.data());
}

class Uses {
 public:
  void add(const CircuitPath& path);
  // Its entry and its relays; the far end is nobody's relay.
  void add(std::span<const LinkSlot> entries);
  [[nodiscard]] Discovery::Used view() const { return {entries_, relays_}; }

 private:
  std::vector<LinkSlot> entries_;
  std::vector<DisjointnessTag> relays_;
};
// What circuits that a session has use of the network.

void shun(std::vector<Shunned>& list, const CircuitPath& path, Instant now);
// Other paths are taken for 30 s; at most PeerSession::kShunned.
[[nodiscard]] bool points_at_hop(const BuildFailure& failure);
// A build without an answer may have been lost anywhere: that says nothing about its hops.

}  // namespace covfefe::core
