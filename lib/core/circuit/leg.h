// SPDX-License-Identifier: Apache-2.0
// One circuit of an end-to-end session (Step E12, covfefe-protocol(7)). A session with a friend has
// one, the direct circuit; one with a third party has up to four that share no relay. Plain data:
// legs.h holds the rules of its life, stream/ what is sent over it. Thread: data.
#pragma once

#include "base/ids.h"
#include "base/instant.h"
#include "core/circuit_io.h"
#include "core/discovery/path.h"

namespace covfefe::core {

struct Leg {
  CircuitId circuit;  // issued here
  LinkSlot link;      // that its cells go over
  CircuitPath path;   // as it was built; without hops for a direct circuit and the far end's
  CircuitState state = CircuitState::Building;
  // Building: a direct circuit that has no keys yet. Open and Suspect change with what the meter
  // sees; a Closing one has been replaced and only receives.
  Instant since{};  // of the state
  Instant created{};
  Duration lifetime = Duration::hours(24);
  Instant replace_at = Instant::never();  // make before break (Step E17)
  Duration rtt;                           // of the build, or 0; the meter knows better
  Instant leased_until{};                 // its realtime cells have a lease (Step Q9)

  std::uint64_t tx_bytes = 0;  // of cells, as UDP payload
  std::uint64_t rx_bytes = 0;
  std::uint64_t resent = 0;  // cells that went once more, by this leg

  void enter(CircuitState next, Instant now) {
    if (state == next) return;
    state = next;
    since = now;
  }
};

}  // namespace covfefe::core
