// SPDX-License-Identifier: Apache-2.0
// Rates that the operator has kept on circuits to third parties (Steps Q1 and Q7,
// covfefe-protocol(7)): a leg of the session whose every hop, this node's uplink included, has a
// lease. A leg that is lost, grows old or loses its lease is replaced by another one as long as the
// time lasts. Bounded. Thread: data.
#pragma once

#include <string>
#include <vector>

#include "core/build/lease_desk.h"
#include "core/circuit/dials.h"
#include "core/circuit/legs.h"
#include "core/promise/payload.h"

namespace covfefe::core {

class Reservations {
 public:
  static constexpr std::size_t kMost = 16;
  static constexpr std::uint8_t kTries = 3;                  // paths, before an answer is given
  static constexpr Duration kAgain = Duration::seconds(10);  // then what was lost is tried anew
  static constexpr std::uint32_t kLongest = 14'400;          // seconds; the ladder's last
  static constexpr Duration kUsual = Duration::seconds(10);  // patience where none was named

  struct Parts {
    Legs& legs;
    Dials& dials;
  };
  Reservations(Reach& reach, const Parts& parts) : reach_(reach), parts_(parts) {}

  // ---- questions --------------------------------------------------------------------------------
  void reserve(RequestId request, const ReserveQuery& query, Peer* peer);
  // peer: null where nobody serves the address.
  void extend(RequestId request, const ExtendQuery& query);
  [[nodiscard]] PromiseDone release(const ReleaseQuery& query);
  void report(std::vector<PromiseReport>& out) const;

  // ---- what happens -----------------------------------------------------------------------------
  bool reply(const ShaperReply& reply);
  // False: not one that was asked here.
  [[nodiscard]] bool revoked(std::uint32_t lease);
  // False: none of this node's own circuits has it.
  [[nodiscard]] bool holds(std::uint32_t lease) const;
  void built(const Attempt& attempt, const Built& built);
  // The leg stands.
  void failed(const Attempt& attempt, const BuildFailure& failure);
  void lease_ended(CircuitId circuit);
  // Somewhere on its way.

  void settle();
  // Goes on with what can go on, answers what can be answered.
  [[nodiscard]] Instant next_deadline() const;

 private:
  enum class Phase : std::uint8_t {
    Rest,     // in force, or it waits to be tried again
    Session,  // waits for a session
    Leasing,  // the own shaper was asked
    Building,
  };
  struct Standing {
    CircuitId circuit;        // 0: none
    std::uint32_t lease = 0;  // own uplink's
    bool whole = true;        // every hop still has its own
    std::string how;
  };
  struct Try {
    RequestId asked;
    std::vector<CircuitPath> path;  // one, from Leasing on
    CircuitId replaces;
    LeaseGrant own;
    Duration lasts;
    std::uint8_t tries = 0;
    Uses avoid;
    std::uint32_t best = 0;  // least of what was offered, wire
    std::string trouble;
  };
  struct Reservation {
    std::uint32_t id = 0;
    Address peer;
    std::uint32_t payload_rate = 0;
    std::uint16_t packet = 0;
    LeaseClass lease_class = LeaseClass::Realtime;
    std::uint32_t rate = 0;  // wire, of the ladder
    Instant ends{};          // once in force
    bool in_force = false;   // has been
    Phase phase = Phase::Rest;
    Standing now;
    Try next;
    std::optional<RequestId> question;
    Instant deadline = Instant::never();  // of what is under way
    Instant retry_at = Instant::never();
  };
  [[nodiscard]] Reservation* find(std::uint32_t id);
  [[nodiscard]] std::uint32_t fresh_id();
  [[nodiscard]] const Leg* leg_of(const Reservation& one) const;
  [[nodiscard]] PeerSession* session_of(const Reservation& one) const;
  void begin(Reservation& one, Duration lasts, Duration patience);
  void next_path(Reservation& one);
  void build(Reservation& one);
  void stands(Reservation& one, const Attempt& attempt, const Built& built);
  void try_again(Reservation& one, std::string trouble);
  void give_up(Reservation& one, std::string trouble);
  void stop(Reservation& one);
  void end(Reservation& one);
  void look_after(Reservation& one);
  void answer(Reservation& one, ReserveReport report);
  void notice(const Reservation& one, std::string what);
  void release_own(std::uint32_t lease);

  Reach& reach_;
  Parts parts_;
  std::vector<Reservation> all_;
};

[[nodiscard]] std::string why_not(LeaseRefusal why);
// One sentence about this node's own shaper, without a full stop.

}  // namespace covfefe::core
