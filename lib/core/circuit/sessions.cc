// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/sessions.h"

#include "base/check.h"

namespace covfefe::core {

Peer* SessionEvents::heard(PeerSession& session) {
  if (session.via == Via::Circuits) return parts_.remote.heard(session);
  parts_.setup.heard(*session.peer, session);
  return session.peer;
}

void SessionEvents::closed(PeerSession& session) {
  if (session.via == Via::Circuits) return parts_.remote.closed(session);
  parts_.setup.destroyed(*session.peer, session.legs.front()->circuit);
}

void SessionEvents::on_built(BuildId build, const Built& built) {
  parts_.remote.built(build, built);
}

void SessionEvents::on_build_failed(BuildId build, const BuildFailure& failure) {
  parts_.remote.build_failed(build, failure);
}

wire::BuildStatus SessionEvents::on_terminal(const Terminal& terminal, MutableBytes answer) {
  parts_.remote.terminal(terminal, answer);
  return wire::BuildStatus::Granted;
}

void SessionEvents::on_circuit_lost(CircuitId id, wire::DestroyReason reason) {
  const Circuit* circuit = shared_.table.find(id);
  CHECK(circuit != nullptr);
  PeerSession* session = circuit->session;
  if (session == nullptr) return;  // nothing was ever said over it, or a probe
  if (session->via == Via::Direct) return parts_.setup.destroyed(*session->peer, id);
  if (reason == wire::DestroyReason::BadTag) parts_.remote.tampered(*session, *circuit);
  parts_.remote.lost(*session, id);
}

void SessionEvents::on_lease_ended(CircuitId id) {
  const Circuit* circuit = shared_.table.find(id);
  CHECK(circuit != nullptr);
  if (circuit->session != nullptr) parts_.remote.lease_ended(*circuit->session, id);
}

}  // namespace covfefe::core
