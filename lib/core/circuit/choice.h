// SPDX-License-Identifier: Apache-2.0
// Which of the sessions with a far end is used for sending (Steps E9 and E18, covfefe-protocol(7)).
// Thread: data.
#pragma once

#include "core/circuit/peer.h"

namespace covfefe::core {

void choose(Peer& peer, const Shared& shared);
// Sets direct, remote, current and since when each of the other live sessions is superseded. After
// any change of a session's stage or of the link.

[[nodiscard]] Leg* find_leg(PeerSession& session, CircuitId circuit);
[[nodiscard]] bool quiet(const PeerSession& session, Instant now);
// Only chat has gone and come of late (Step Q12, covfefe-protocol(7)).
[[nodiscard]] bool live(const PeerSession* session);
// Null is not.

}  // namespace covfefe::core
