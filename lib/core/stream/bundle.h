// SPDX-License-Identifier: Apache-2.0
// The legs of one session taken together (Steps S3 to S9, covfefe-protocol(7)): which leg a cell
// goes by, what is to be acknowledged, probed or sent again, and when. It holds no keys and sends
// nothing itself. Thread: data.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/stream/leg_choice.h"
#include "core/stream/reorder.h"
#include "core/stream/resend.h"

namespace covfefe::core {

struct Strand {
  CircuitId leg;
  LegMeter meter;
  AckBook book;
  std::uint64_t resent = 0;  // cells that went once more, by this leg
  Instant tried{};           // when it was last to be probed
  bool sends = false;        // open, and its link is up
  bool leased = false;       // realtime cells have a lease on it
};

class Bundle {
 public:
  static constexpr std::size_t kLegs = Reorder::kLegs;
  static constexpr Duration kProbeBusy = Duration::seconds(2);
  static constexpr Duration kProbeIdle = Duration::seconds(10);
  static constexpr Duration kBusy = Duration::seconds(10);  // since the last packet
  static constexpr Duration kInUse = Duration::minutes(5);  // likewise

  explicit Bundle(ReorderPool& pool) : reorder_(pool) {}
  // The pool outlives this object.

  struct Leg {
    CircuitId id;
    Duration rtt;        // of its build, or 0
    bool sends = false;  // cells can go by it
    bool leased = false;
  };
  void set_legs(std::span<const Leg> legs);
  // All there are. What was known of one that is missing is forgotten.
  [[nodiscard]] Strand* find(CircuitId leg);
  [[nodiscard]] const Strand* find(CircuitId leg) const;
  [[nodiscard]] std::span<const std::unique_ptr<Strand>> strands() const { return strands_; }

  // ---- out --------------------------------------------------------------------------------------
  [[nodiscard]] LegChoice::Picked pick(const LegChoice::Wanted& wanted,
                                       std::span<const CircuitId> full);
  // full: legs whose link takes no more bulk.
  [[nodiscard]] CircuitId other(CircuitId leg) const;
  // The best beside this one; 0: none.
  void used(Instant now) { used_ = now; }
  // A packet went out or came in: idle legs are worth probing.
  void chatted(Instant now) { chatted_ = now; }
  // One of the chat class did: when nothing else goes, no leg is probed (Step Q12).
  void keep(ByteView body, CircuitId leg, Instant now);
  // The sealed body of an interactive cell that was just sent by the leg, if it could go by
  // another.

  // ---- in ---------------------------------------------------------------------------------------
  void acknowledged(const wire::InnerAck& ack, CircuitId came_by, Instant now);
  // Says of which leg it is by itself; one of no leg is nothing.
  [[nodiscard]] Reorder& reorder() { return reorder_; }

  // ---- time -------------------------------------------------------------------------------------
  struct Again {
    CircuitId leg;  // to go by
    ByteView body;
  };
  void tick(Instant now);
  // Sees which legs became suspect.
  [[nodiscard]] std::optional<Again> resend(Instant now);
  // One body that is overdue on its leg; ask until there is none.
  [[nodiscard]] CircuitId unacknowledged(Instant now) const;
  // A leg of which something has to be acknowledged in a cell of its own; 0: none.
  [[nodiscard]] CircuitId unprobed(Instant now);
  // A leg that is due for a probe; 0: none. Whether it can be sent or not, the next one is later.
  [[nodiscard]] Instant next_deadline() const;

 private:
  [[nodiscard]] InlineVec<LegView, kLegs> views(std::span<const CircuitId> full) const;
  [[nodiscard]] Instant probe_at(const Strand& strand) const;
  [[nodiscard]] Instant wanted_probe_at(const Strand& strand) const;
  void set_wait();

  std::vector<std::unique_ptr<Strand>> strands_;
  LegChoice choice_;
  Resend resend_;
  Reorder reorder_;
  Instant used_ = Instant::never();
  Instant chatted_ = Instant::never();
};

}  // namespace covfefe::core
