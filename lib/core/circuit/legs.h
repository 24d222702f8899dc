// SPDX-License-Identifier: Apache-2.0
// The life of the circuits of a session over circuits (Steps E15 to E17, covfefe-protocol(7)):
// attached, replaced when they fall silent or grow old, gone. The session outlives them. Thread:
// data.
#pragma once

#include "core/circuit/reach.h"

namespace covfefe::core {

class Legs {
 public:
  static constexpr Duration kSuspect = Duration::seconds(1);  // then a leg is replaced
  static constexpr Duration kSilent = Duration::seconds(10);  // then it is dropped in any case
  static constexpr Duration kClosing = Duration::seconds(10);
  static constexpr Duration kYield = Duration::seconds(1);  // the responder waits so long
  static constexpr Duration kLook = Duration::seconds(5);   // where no path was, again

  explicit Legs(Reach& reach) : reach_(reach) {}

  void add(PeerSession& session, const Attempt& attempt, const Built& built);
  // A circuit that was built from here.
  void add(PeerSession& session, const Terminal& terminal);
  // One that the far end built.
  void drop(PeerSession& session, CircuitId circuit, wire::DestroyReason reason);
  void drop_all(PeerSession& session, wire::DestroyReason reason);
  // Tell the neighbours.
  void discard(PeerSession& session, CircuitId circuit);
  // Likewise, and another path is taken in its place.
  void lost(PeerSession& session, CircuitId circuit);
  // Builds has told that the circuit is gone.
  void more(PeerSession& session);
  // The operator wants one more now.

  enum class Joined : std::uint8_t { Yes, No, NoSession };
  [[nodiscard]] Joined built(const Attempt& attempt, const Built& built,
                             const wire::BuildAnswer& answer);
  // NoSession: the far end has none and it has no other leg: it is over.
  void failed(const Attempt& attempt, const BuildFailure& failure);

  // ---- with a rate that is kept (Step Q7, covfefe-protocol(7)) ----------------------------------
  struct Plan {
    CircuitId replaces;
    BuildTerms terms;               // last_ephemeral is filled in
    std::uint32_t reservation = 0;  // 0: none
  };
  struct Reservable {
    std::vector<CircuitPath> path;  // one, or there is none
    CircuitId replaces;
  };
  [[nodiscard]] Reservable reservable(PeerSession& session, const Uses& avoid, CircuitId old) const;
  // A path for one more leg, or in place of `old`, or else of one without a reservation.
  bool start(PeerSession& session, const CircuitPath& path, const Plan& plan);
  void leased(PeerSession& session, CircuitId circuit, Instant until);
  void retire(PeerSession& session, CircuitId circuit);
  // It is used for receiving only, and goes soon.
  [[nodiscard]] bool counts(const Leg& leg) const;
  // It is good, and not about to be replaced.

  void leaves(PeerSession& session, LinkSlot link, Instant at);
  // Legs that enter by it are replaced before.
  void stays(PeerSession& session, LinkSlot link);

  void tend(PeerSession& session);
  [[nodiscard]] Instant next_deadline(const PeerSession& session) const;

 private:
  struct Need {
    std::size_t legs = 0;
    CircuitId replaces;
  };
  [[nodiscard]] bool maintains(const PeerSession& session) const;
  [[nodiscard]] Need needed(const PeerSession& session) const;
  void attach(PeerSession& session, const Need& need);
  [[nodiscard]] std::vector<CircuitPath> paths(const PeerSession& session, const Need& need) const;
  void stand(PeerSession& session, Leg leg);
  void look_at(PeerSession& session, Leg& leg);
  void look_at_all(PeerSession& session);
  void refresh(PeerSession& session, std::uint32_t epoch);
  void erase(PeerSession& session, CircuitId circuit);

  Reach& reach_;
};

}  // namespace covfefe::core
