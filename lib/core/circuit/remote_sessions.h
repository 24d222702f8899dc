// SPDX-License-Identifier: Apache-2.0
// The life of sessions over circuits, whoever opened them (Steps E12 to E19, covfefe-protocol(7)):
// confirmed, watched, closed. Thread: data.
#pragma once

#include "core/circuit/legs.h"

namespace covfefe::core {

class RemoteSessions {
 public:
  static constexpr Duration kAttempt = Duration::seconds(5);  // to be confirmed
  static constexpr Duration kThird = Duration::seconds(10);   // for message 3 to come
  static constexpr Duration kKept = Duration::seconds(30);    // without legs
  static constexpr Duration kIdle = Duration::minutes(5);     // initiator
  static constexpr Duration kIdleOther = Duration::minutes(6);
  static constexpr Duration kRenew = Duration::hours(12);
  static constexpr Duration kOldest = Duration::hours(24);
  static constexpr Duration kLinger = Duration::seconds(60);
  static constexpr Duration kDead = Duration::seconds(10);       // packets and probes unanswered
  static constexpr Duration kDeadQuiet = Duration::seconds(30);  // of the chat class only
  static constexpr std::size_t kSessions = 4;                    // with one far end
  static constexpr std::size_t kArrivals = 256;                  // nobody knows whose as yet

  RemoteSessions(Reach& reach, Legs& legs) : reach_(reach), legs_(legs) {}

  void opened(Attempt& attempt, const Built& built, std::unique_ptr<E2e> e2e);
  // Message 2 was good: message 3 goes out.
  [[nodiscard]] bool arrived(const Terminal& terminal, std::unique_ptr<E2e> e2e);
  // Message 2 is on its way. False: too many.

  [[nodiscard]] Peer* heard(PeerSession& session);
  // An authentic cell came in it: whose it is, or null when it ended by that.
  void lost(PeerSession& session, CircuitId circuit);
  void closed(PeerSession& session);
  // By the far end.
  void end(PeerSession& session);
  // Tells the far end.
  void erase(PeerSession& session);
  // Tells the neighbours of its circuits only. session is void afterwards.
  [[nodiscard]] bool room(Third how);
  // For one more third party, if need be in place of the one that was idle for longest.
  void forget(Peer& peer);
  // Ends its sessions and what is under way for it.
  void bury(Peer& peer);
  // A third party of which nothing is left; peer is void afterwards.

  [[nodiscard]] PeerSession* find(const ByteArray<8>& name) const;
  // A live one, by Attach::session().

  void tend(Peer& peer);
  [[nodiscard]] Instant renew_at(const Peer& peer) const;
  // When to open another one in place of that in use.
  [[nodiscard]] Instant next_deadline(const Peer& peer) const;
  void tend_arrivals();
  [[nodiscard]] Instant next_deadline() const;
  // Of those whose far end is not known yet.

 private:
  [[nodiscard]] Peer* claim(PeerSession& session);
  [[nodiscard]] Peer* welcome(const Address& who);
  void confirm(Peer& peer, PeerSession& session);
  void tend(Peer& peer, PeerSession& session);
  void watch(PeerSession& session);
  [[nodiscard]] Instant idle_at(const PeerSession& session) const;
  [[nodiscard]] bool over(const PeerSession& session) const;
  void make_room(Peer& peer);
  void end_all(Peer& peer);

  Reach& reach_;
  Legs& legs_;
  std::vector<std::unique_ptr<PeerSession>> arrivals_;  // oldest first
};

}  // namespace covfefe::core
