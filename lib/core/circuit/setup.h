// SPDX-License-Identifier: Apache-2.0
// How direct sessions with a friend begin, are renewed and end (Steps E1, E2, E9, E10,
// covfefe-protocol(7)): direct circuits over the control channel, one attempt at a time, the newest
// confirmed session for sending, older ones for receiving. Thread: data.
#pragma once

#include "core/circuit/egress.h"
#include "core/circuit/peer.h"
#include "wire/control.h"
#include "wire/link_frames.h"

namespace covfefe::core {

class Setup {
 public:
  static constexpr Duration kAttempt = Duration::seconds(5);      // then the attempt has failed
  static constexpr Duration kRenew = Duration::minutes(30);       // age of a session, initiator
  static constexpr Duration kRenewOther = Duration::minutes(31);  // its other side, if need be
  static constexpr Duration kLinger = Duration::seconds(60);      // an older session still receives
  static constexpr Duration kOldest = Duration::hours(24);        // as for links (A6)
  static constexpr Duration kDead = Duration::seconds(10);        // packets and probes unanswered
  static constexpr Duration kDeadQuiet = Duration::seconds(30);  // likewise, of the chat class only
  static constexpr Duration kYounger = Duration::seconds(1);     // the larger address waits so long
  static constexpr Duration kYoungerBusy = Duration::millis(500);  // or so long if it has packets

  Setup(Shared& shared, Egress& egress) : shared_(shared), egress_(egress) {}

  void link_up(Peer& peer, Boot boot);
  void link_down(Peer& peer);
  void wanted(Peer& peer);
  // There is a packet and no session.
  void certified(Peer& peer);
  // The own certificate came: what waited for it may begin.

  void open(Peer& peer, const wire::DirectOpen& message);
  void opened(Peer& peer, const wire::DirectOpened& message);
  void refused(Peer& peer, const wire::DirectRefused& message);
  void destroyed(Peer& peer, CircuitId circuit);
  void heard(Peer& peer, PeerSession& session);
  // An authentic cell came in this session: it may be confirmed by that.

  void drop(Peer& peer, PeerSession& session, wire::DestroyReason reason);
  // Ends it and tells the friend's router. session is void afterwards.
  void drop_all(Peer& peer);
  // Silently: the friend restarted or is no friend any more.

  void timer(Peer& peer);
  [[nodiscard]] Instant next_deadline(const Peer& peer) const;

 private:
  void consider(Peer& peer);
  void begin(Peer& peer);
  void fail(Peer& peer, PeerSession& session);
  void tend(Peer& peer, PeerSession& session);
  void settle(Peer& peer);
  void refuse(Peer& peer, CircuitId circuit, wire::DirectRefusal why);
  [[nodiscard]] bool room(Peer& peer);
  PeerSession& add(Peer& peer, Circuit& circuit);
  void erase(Peer& peer, const PeerSession& session);
  [[nodiscard]] bool elder(const Peer& peer) const { return shared_.own < peer.address; }
  [[nodiscard]] Instant renew_at(const PeerSession& session) const;

  Shared& shared_;
  Egress& egress_;
};

}  // namespace covfefe::core
