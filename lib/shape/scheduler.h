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

#include <array>
#include <cstdint>
#include <span>

#include "base/instant.h"
#include "shape/bucket_queue.h"
#include "shape/flow_table.h"
#include "shape/idle_lanes.h"
#include "shape/root_clock.h"
#include "shape/terms.h"
#include "shape/tree.h"

namespace covfefe::shape {

class Scheduler {
 public:
  explicit Scheduler(const Limits& limits);
  // Allocates everything: 1,088 B per link, 32 B per item, 2.2 MiB. Every link starts with
  // LinkPlan().
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // ---- settings: each holds from the next decision on and touches nothing else ------------------

  void set_rate(std::uint64_t bytes_per_second);  // of the uplink; 0 = unlimited
  void set_control(std::uint64_t bytes_per_second);
  // What control may take before everything else; 0 = the rule: 5 % of the uplink, at least 8
  // KiB/s.
  void set_level(Level level, const Share& share);
  void set_relayed(std::uint64_t cap, std::uint32_t weight);  // the same as set_level(Relayed, ...)
  void set_scale(Level level, std::uint32_t per_mille);
  // 1..1000: what the reserves of the level's links and its own still count; one factor, no link is
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
  // When to call dequeue() again; never() when nothing queued can leave by itself. What has no
  // deadline is announced up to 0.25 ms later than it might leave, and leaves earlier when asked.

  [[nodiscard]] std::size_t cancel(FlowId flow, std::uint32_t epoch, std::span<Item> out);
  // Removes what the flow has queued under an older epoch, at most out.size() of it: call again
  // while it fills `out`.

  void clear();
  // Forgets every queued datagram; settings, counters and clocks stay.

  // ---- what is to be seen; O(1) -----------------------------------------------------------------

  [[nodiscard]] std::uint32_t queued() const { return table_.packets(); }
  [[nodiscard]] std::uint64_t queued_bytes() const { return table_.bytes(); }
  [[nodiscard]] std::uint32_t busy_flows() const { return table_.busy(); }
  [[nodiscard]] std::uint32_t payload_of(FlowId flow) const {
    return table_.state(flow.value).payload;
  }
  void expect(FlowId flow) const { table_.prefetch(flow.value); }
  // Its nodes are fetched while the caller does something else before enqueue().
  [[nodiscard]] const RootClock& clock() const { return clock_; }
  [[nodiscard]] Counters of(FlowId flow) const;
  [[nodiscard]] Counters of_link(std::uint32_t link) const;  // all its flows
  [[nodiscard]] Counters of(Account account) const;
  [[nodiscard]] std::uint64_t guaranteed_bytes(std::uint32_t link) const;
  // Of those sent over the link, what left by its lease, its slots or its reserve.
  [[nodiscard]] std::uint64_t spares_sent(std::uint32_t link) const;

 private:
  struct Path {  // from a level down to the flow whose turn it is
    std::uint32_t level;
    std::uint32_t child;  // a link, or the flow itself where it is relayed
    std::uint32_t flow;
  };
  static constexpr std::size_t kEvictedMost = 256;

  // scheduler.cc
  [[nodiscard]] bool make_room(std::uint32_t wire);
  void evict(std::uint32_t flow);
  void place(const Item& item, Pace pace);
  [[nodiscard]] bool hides(std::uint32_t link) const;

  // scheduler_stages.cc
  [[nodiscard]] bool decide(Decision& out);
  void serve_control(Decision& out);
  void serve_lease(Decision& out);
  [[nodiscard]] bool serve_slot(Decision& out);
  void serve_behind(Decision& out);
  void serve_rest(Decision& out);
  [[nodiscard]] Path path_below(std::uint32_t node) const;
  void deliver(const Path& path, std::uint32_t payer, Decision& out);
  void pay(const Path& path, std::uint32_t payer, std::uint32_t wire);
  [[nodiscard]] Item take(std::uint32_t flow);
  [[nodiscard]] bool drop_stale(std::uint32_t flow, Decision& out);
  [[nodiscard]] bool stale(std::uint32_t flow);
  [[nodiscard]] bool stands(FlowState& flow, Duration waited) const;
  void charge_caps(std::uint32_t link, std::uint32_t level, std::uint32_t wire);
  void charge_cap(std::uint32_t node, std::uint32_t wire);

  // scheduler_queues.cc
  void start(std::uint32_t flow);       // it has something queued now
  void after_take(std::uint32_t flow);  // its head went
  void retire(std::uint32_t flow);      // it has nothing queued any more
  void flush_paced(std::uint32_t link);
  void join(std::uint32_t node);
  void leave(std::uint32_t node);
  void enter(std::uint32_t node);
  [[nodiscard]] bool held(std::uint32_t node);
  void park(std::uint32_t node);
  void unpark(std::uint32_t node);
  void wake_guarantee(std::uint32_t node);
  void queue_guarantee(std::uint32_t node);
  void release_guarantee(std::uint32_t node);
  void tag_lease(std::uint32_t flow);
  void expire();
  void fire(std::uint32_t node);
  [[nodiscard]] Duration stretched(std::uint32_t node, std::uint32_t wire) const;
  [[nodiscard]] Level level_of(std::uint32_t node) const;

  // scheduler_settings.cc
  void refit(std::uint32_t node, const Share& share);
  void unqueue(std::uint32_t node);
  void set_lane(std::uint32_t link, Duration period);
  void set_police();

  Limits limits_;
  FlowTable table_;
  Tree tree_;
  BucketQueue wheel_;
  BucketQueue leases_;
  BucketQueue behind_;  // guarantees
  IdleLanes lanes_;
  RootClock clock_;
  RootClock police_;  // of control
  std::uint64_t control_rate_ = 0;
  std::array<std::uint32_t, kLevels> control_;  // by level, whose turn it is
  std::uint32_t control_levels_ = 0;            // bit: the level has control queued
  std::array<std::uint32_t, kLevels> stretch_;  // what a guarantee's byte costs more, times 2^16
  Instant now_;                                 // the latest told
  std::array<Item, kEvictedMost> evicted_;      // given up, not yet told
  std::size_t evicted_count_ = 0;
  std::size_t evicted_told_ = 0;
};

}  // namespace covfefe::shape
