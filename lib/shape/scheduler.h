// SPDX-License-Identifier: Apache-2.0
// Decides which datagram leaves next and when. Every queue is first in, first out; only its head is
// scheduled; the decision is made at dequeue. Order of service:
//   0 control, by trust, policed: beyond its rate it goes on in 3 like everything of its link;
//   1 leases: a rate by deadline (eligible, deadline), earliest deadline first; excess goes on in
//   3; 2 slots of the idle lanes, then guarantees of links and levels that are behind their clock;
//   3 the rest by weight: level -> link -> class, deficit round robin; relayed is a level of its
//   own;
// caps take a link or a level out of 2 and 3 until its clock has caught up; under all of it the
// root clock. Work per datagram is constant, whatever the number of flows, and nothing is allocated
// after construction. Pure: integers, no clock, no I/O; the same calls give the same decisions.
// Rates are wire bytes a second. Thread: data.
#pragma once

#include <cstdint>
#include <span>

#include "base/flow_class.h"
#include "base/instant.h"
#include "shape/flow_table.h"
#include "shape/root_clock.h"

namespace covfefe::shape {

inline constexpr std::uint32_t kLongestWire = 2'304;
// Datagram of 1,984 B, IPv6 and UDP headers, link overhead up to 256; a turn is never shorter.
inline constexpr std::uint32_t kLongestTurn = 65'536;

[[nodiscard]] constexpr bool is_control(FlowId flow) {
  return flow.value % kFlowsPerLink == 0;
}

struct Limits {
  std::uint32_t flows = 32'776;           // flow ids are below this; a multiple of kFlowsPerLink
  std::uint32_t items = 4'096;            // datagrams queued in all
  std::uint32_t flow_bytes = 4'000'000;   // wire bytes queued per flow
  std::uint64_t total_bytes = 8'000'000;  // wire bytes queued in all
  std::uint64_t seed = 1;                 // of the idle lanes' jitter
};

enum class Level : std::uint8_t { None, Introduced, Known, Met, Relayed };
inline constexpr std::size_t kLevels = 5;  // Relayed: circuits of others, over whatever link

struct Share {
  std::uint64_t reserve = 0;  // guaranteed while it wants it; 0 = none
  std::uint64_t cap = 0;      // at most; 0 = none
  std::uint32_t weight = 1;   // of what is left over, among its siblings; 1..kMostWeight
};
inline constexpr std::uint32_t kMostWeight = 1'000;

struct LinkPlan {
  Level level = Level::None;  // not Relayed
  Share share;                // among the links of its level; its cap also holds for relayed
  std::uint32_t relayed_weight = 1;
  Duration idle_period;  // between slots of the idle lane, 0 = off; jitter is 10 % of it
};
// A reserve above the cap counts as the cap. Leases and slots are kept whatever the cap says, and a
// level's cap does not hold the reserves in it: who plans keeps their sums below.

struct LinkLease {          // the sum of the realtime leases of a link, in force
  std::uint64_t rate = 0;   // 0 = none
  std::uint32_t burst = 0;  // bytes that may come at once and still keep the rate's deadlines
  Duration target;          // what waited longer is dropped; 0 = never
};

enum class Pace : std::uint8_t {
  Now,
  Slot,  // class Control: leaves in a slot of the idle lane while the link is silent
};

enum class Admission : std::uint8_t {
  Queued,
  FlowFull,  // the flow's own limit
  Full,      // the limit of all flows together, and no flow is fat enough to give way
};

enum class Verdict : std::uint8_t { Send, Drop };
struct Decision {
  Item item;
  Verdict verdict = Verdict::Send;
};

enum class Account : std::uint8_t { None, Introduced, Known, Met, Relayed, Control, Leases, Idle };
inline constexpr std::size_t kAccounts = 8;
// Every flow belongs to one: Control, Leased, Relayed by class; Spare and Idle to Idle; the others
// to the level of their link.

struct Counters {
  std::uint64_t sent_bytes = 0;  // wire
  std::uint64_t sent = 0;
  std::uint64_t dropped = 0;  // queued and then not sent, cancelled ones not counted
  std::uint64_t queued_bytes = 0;
  std::uint32_t queued = 0;
};

class Scheduler {
 public:
  explicit Scheduler(const Limits& limits);
  // Allocates everything: 128 B per flow, 32 B per item, 3 MiB. Every link starts with LinkPlan().

  // ---- settings: each holds from the next decision on and touches nothing else ------------------

  void set_rate(std::uint64_t bytes_per_second);  // of the uplink; 0 = unlimited
  void set_control(std::uint64_t bytes_per_second);
  // What control may take before everything else; 0 = the rule: 5 % of the uplink, at least 8
  // KiB/s.
  void set_level(Level level, const Share& share);
  void set_relayed(std::uint64_t cap, std::uint32_t weight);  // the same as set_level(Relayed, ...)
  void set_scale(Level level, std::uint32_t per_mille);
  // 0..1000: what the reserves of the level's links and its own still count; one factor, no link is
  // touched.
  void set_link(std::uint32_t link, const LinkPlan& plan);
  void set_lease(std::uint32_t link, const LinkLease& lease);
  void remove_link(std::uint32_t link);
  // Back to LinkPlan() and no lease; what is queued leaves as a stranger's.

  // ---- datagrams --------------------------------------------------------------------------------

  [[nodiscard]] Admission enqueue(const Item& item, Pace pace, Instant now);
  // item.flow is below limits.flows and has a class, item.wire 1..kLongestWire; Pace::Slot only for
  // Control. Where the limit of all flows is reached, the fattest flow loses its oldest: a later
  // dequeue() says so.

  [[nodiscard]] std::size_t dequeue(Instant now, std::span<Decision> out);
  // What leaves now, in order, and what is given up. Fewer than out.size(): the rest waits for
  // next_deadline(). `now` never goes back, here and in enqueue().

  [[nodiscard]] Instant next_deadline() const;
  // From when on dequeue() may give something; never() when nothing queued can leave by itself.

  [[nodiscard]] std::size_t cancel(FlowId flow, std::uint32_t epoch, std::span<Item> out);
  // Removes what the flow has queued under an older epoch, at most out.size() of it: call again
  // while it fills `out`.

  void clear();
  // Forgets every queued datagram; settings, counters and clocks stay.

  // ---- what is to be seen; O(1) -----------------------------------------------------------------

  [[nodiscard]] std::uint32_t queued() const { return table_.packets(); }
  [[nodiscard]] std::uint64_t queued_bytes() const { return table_.bytes(); }
  [[nodiscard]] std::uint32_t busy_flows() const { return busy_; }
  [[nodiscard]] std::uint32_t payload_of(FlowId flow) const { return table_[flow.value].payload; }
  [[nodiscard]] const RootClock& clock() const { return clock_; }
  [[nodiscard]] Counters of(FlowId flow) const;
  [[nodiscard]] Counters of_link(std::uint32_t link) const;  // all its flows
  [[nodiscard]] Counters of(Account account) const;
  [[nodiscard]] std::uint64_t guaranteed_bytes(std::uint32_t link) const;
  // Of those sent over the link, what left by its lease, its slots or its reserve.
  [[nodiscard]] std::uint64_t spares_sent(std::uint32_t link) const;

  // ---- the two calls before Pace and Verdict ----------------------------------------------------

  [[nodiscard]] Admission enqueue(const Item& item, Instant now);
  [[nodiscard]] std::size_t dequeue(Instant now, std::span<Item> out);

 private:
  struct Class {
    FlowRing ring;
    bool fresh = true;  // the head's turn has not begun
  };

  [[nodiscard]] Class& class_of(FlowId flow) { return is_control(flow) ? control_ : data_; }
  [[nodiscard]] Item take_from(Class& from);
  void leave(FlowId flow);

  Limits limits_;
  FlowTable table_;
  RootClock clock_;
  Class control_;
  Class data_;
  std::uint32_t turn_ = kLongestTurn;  // wire bytes per flow and turn
  std::uint32_t busy_ = 0;
};

}  // namespace covfefe::shape
