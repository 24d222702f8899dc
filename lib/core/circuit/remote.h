// SPDX-License-Identifier: Apache-2.0
// Sessions over circuits across friends' nodes (Steps E12 to E21, covfefe-protocol(7)): what builds
// and cells say about them goes to the part that it concerns. Thread: data.
#pragma once

#include "core/circuit/dials.h"
#include "core/circuit/hop_times.h"
#include "core/circuit/remote_sessions.h"
#include "core/circuit/reservations.h"

namespace covfefe::core {

class Remote {
 public:
  struct Parts {
    Shared& shared;
    Peers& peers;
    Egress& egress;
    Discovery& discovery;
    Builds& builds;
  };
  Remote(const Parts& parts, const CircuitPolicy& policy);

  // ---- who waits for a session ------------------------------------------------------------------
  [[nodiscard]] Peer* peer_for(const Address& address);
  // Of an address that somebody serves; null when nobody does or there is no room.
  [[nodiscard]] bool possible(const Peer& peer) const { return dials_.possible(peer); }
  void want(Peer& peer, Duration patience) { dials_.want(peer, patience); }
  void more(PeerSession& session) { legs_.more(session); }

  // ---- what happens to sessions -----------------------------------------------------------------
  [[nodiscard]] Peer* heard(PeerSession& session) { return sessions_.heard(session); }
  void closed(PeerSession& session) { sessions_.closed(session); }
  void lost(PeerSession& session, CircuitId circuit) { sessions_.lost(session, circuit); }
  void tampered(PeerSession& session, const Circuit& circuit);
  // It ends for bad tags: the hop that they name rests. lost() follows.
  void lease_ended(PeerSession& session, CircuitId circuit);
  void close_leg(PeerSession& session, CircuitId circuit);
  // The operator wants it away: another takes its place, and with the last one the session ends.
  void forget(Peer& peer) { sessions_.forget(peer); }
  // Ends its sessions and what is under way for it.
  void bury(Peer& peer) { sessions_.bury(peer); }
  // spent(): peer is void afterwards.

  // ---- builds, as BuildEvents -------------------------------------------------------------------
  void built(BuildId build, const Built& built);
  void build_failed(BuildId build, const BuildFailure& failure);
  void terminal(const Terminal& terminal, MutableBytes out);
  // Always grants: who may not come is told so in the answer, like who is wrong.

  // ---- time -------------------------------------------------------------------------------------
  void remembered(const Remembered& what);
  void tend(Peer& peer);
  [[nodiscard]] Instant next_deadline(const Peer& peer) const;
  void timer();
  [[nodiscard]] Instant next_deadline() const;
  // Of what belongs to no peer.
  [[nodiscard]] bool spent(const Peer& peer) const;
  // A third party of which nothing is left.

  [[nodiscard]] Reach& reach() { return reach_; }
  [[nodiscard]] const Reach& reach() const { return reach_; }
  [[nodiscard]] HopTimes& hop_times() { return hop_times_; }
  [[nodiscard]] Reservations& reservations() { return reservations_; }
  [[nodiscard]] const Reservations& reservations() const { return reservations_; }

  void leaves(LinkSlot link, Instant at);
  void stays(LinkSlot link);

 private:
  [[nodiscard]] wire::BuildAnswer answer(const Terminal& terminal);
  [[nodiscard]] wire::BuildAnswer session(const Terminal& terminal, const wire::OpenSession& open);
  [[nodiscard]] wire::BuildAnswer attach(const Terminal& terminal, const wire::AttachCircuit& ask);
  void attached(const Attempt& attempt, const Built& built, const wire::BuildAnswer& answer);
  void dial_remembered();

  Reach reach_;
  Legs legs_;
  RemoteSessions sessions_;
  Dials dials_;
  HopTimes hop_times_;
  Reservations reservations_;
  std::vector<Address> remembered_;
  Instant remembered_at_ = Instant::never();
  Instant remembered_until_{};
};

}  // namespace covfefe::core
