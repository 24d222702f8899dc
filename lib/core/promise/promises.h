// SPDX-License-Identifier: Apache-2.0
// What friends promise each other over the control channel (Steps P1 to P14, covfefe-protocol(7)):
// leases of uplinks, and announcements of when one goes. Sans-IO like the router that it is a part
// of: begin(), any number of the other calls, end(). Nothing a friend says makes it hold more than
// the constants of party.h, cost more than the rates there, or touch what others have. Thread:
// data.
#pragma once

#include <optional>
#include <vector>

#include "core/circuit/link_leases.h"
#include "core/promise/accord.h"
#include "core/promise/borrower.h"
#include "core/promise/intents.h"
#include "core/promise/lender.h"
#include "core/promise/listener.h"

namespace covfefe::core {

class Promises final : public LinkLeases {
 public:
  Promises(CellSink& sink, crypto::Drbg& random) : accord_{sink, random} {}
  // Both are borrowed for the object's life.
  Promises(const Promises&) = delete;
  Promises& operator=(const Promises&) = delete;

  void attach(LeavingEvents& events) { accord_.events = &events; }
  // Borrowed likewise. Without it nobody is told who leaves.

  void begin(Instant now, Effects& effects);
  void end();
  // What waits for the friends' control channels goes. Between the two `effects` is borrowed.
  void timer();
  [[nodiscard]] Instant next_deadline() const;

  void policy(const PromisePolicy& policy) { accord_.policy = policy; }
  bool shaper_reply(const ShaperReply& reply);
  // False: not asked here.
  void leases_known(const LeasesKnown& leases);
  // Leases of friends and own halves are taken up again; those of circuits, tag 0, are not looked
  // at. What is nobody's is released.
  bool lease_revoked(const LeaseRevoked& lease);
  // False: none of these.

  // ---- links
  void on_friend(LinkSlot link, const Friend& who);
  bool on_control(LinkSlot link, const wire::Control& message, Instant now);
  // False: no promise.
  void on_link_up(LinkSlot link, Boot boot, Instant now);
  void on_link_down(LinkSlot link, Instant now);
  void on_link_gone(LinkSlot link);

  // ---- the operator
  [[nodiscard]] bool is_friend(const Address& address) { return accord_.of(address) != nullptr; }
  void ask(RequestId request, const ReserveQuery& query);  // of a peer that is_friend()
  bool ask(RequestId request, const ExtendQuery& query);
  bool ask(RequestId request, const ReleaseQuery& query);
  // False, and unanswered: no promise between friends has that number.
  void ask(RequestId request, const IntendQuery& query);
  void ask(RequestId request, const PleaseQuery& query);
  void ask(RequestId request, const AnswerQuery& query);
  void report(PromisesReport& out);
  // Appends, up to kReportMost in all.
  static constexpr std::size_t kReportMost = 512;

  // ---- the packet path
  bool leased(LinkSlot link, std::uint32_t wire_bytes, Instant now) override {
    Party* party = accord_.at(link);
    return party != nullptr && party->allowance.take(wire_bytes + accord_.policy.overhead, now);
  }
  // What the line adds is charged on top.

 private:
  void report_leases(const Party& party, PromisesReport& out) const;
  void report_party(Party& party, PromisesReport& out);
  void adopt(const Lease& lease);

  Accord accord_;
  Lender lender_{accord_};
  Borrower borrower_{accord_};
  Listener listener_{accord_};
  Intents intents_{accord_};
  std::vector<Lease> strays_;  // of friends that are not known yet
};

}  // namespace covfefe::core
