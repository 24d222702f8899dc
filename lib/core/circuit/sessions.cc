// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/sessions.h"

namespace covfefe::core {

Peer* Sessions::heard(PeerSession& session, Leg&) {
  setup_.heard(*session.peer, session);
  return session.peer;
}

void Sessions::closed(PeerSession& session) {
  setup_.destroyed(*session.peer, session.legs.front()->circuit);
}

void Sessions::bad_tag(Circuit& circuit) {
  shared_.tally.add(Count::CellBadTag);
  if (!circuit.bad_tags.add(shared_.now)) return;
  shared_.tally.add(Count::CircuitBadTag);
  setup_.drop(*circuit.session->peer, *circuit.session, wire::DestroyReason::BadTag);
}

}  // namespace covfefe::core
