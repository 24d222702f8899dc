// SPDX-License-Identifier: Apache-2.0
// What the uplink carries, learned from what every friend measures of the way to it, and learned
// again when it changes. Delay that rises on most bytes is a queue at our own uplink; delay that
// rises on one link is that path's. The queue is kept in our own box: the estimate stays below what
// was delivered, and is tried upwards only while something waits. Integers only; time is a
// parameter; the same inputs give the same outputs. Work per report is constant, per 2 ms at most
// linear in the links that reported in the last second. Thread: data.
#pragma once

#include <cstdint>

#include "base/instant.h"
#include "shape/capacity_caps.h"
#include "shape/capacity_history.h"
#include "shape/capacity_links.h"
#include "shape/capacity_load.h"
#include "shape/capacity_loss.h"
#include "shape/capacity_trial.h"
#include "shape/capacity_types.h"

namespace covfefe::shape {

class Capacity {
 public:
  Capacity(std::uint32_t links, const CapacitySettings& settings, Instant now);
  // Reports name links below `links`. Allocates everything.

  void configure(const CapacitySettings& settings, Instant now);
  // A ceiling that changed holds at once; what was learned below it is kept.

  void recall(std::uint64_t low_water);
  // As remembered from an earlier run, 0 = nothing: bounds low_water until ten minutes are
  // measured.

  void report(std::uint32_t link, const LinkReport& report, Instant now);
  void hear(Instant now);
  // A friend's first report: nothing is measured by it, but it is not silent.
  void forget(std::uint32_t link);  // it belongs to another friend from now on
  void begin_anew(Instant now);
  // Every link does: until one has reported, silence says nothing.
  void step(const Load& load, Instant now);
  // After reports, after sending, and at next_deadline(); cheap when nothing is due.

  [[nodiscard]] Instant next_deadline() const;  // never(): a report or something sent is needed
  [[nodiscard]] const CapacityEstimate& estimate() const { return estimate_; }

  [[nodiscard]] bool take_cap(LinkCap& out) { return caps_.take(out); }
  // Caps that changed since the last call; call until false.
  [[nodiscard]] bool take_minute(MinuteSample& out) { return history_.take_minute(out); }
  // Ended minutes, oldest first; at most 600 are kept.

 private:
  void evaluate(Instant now);
  void enter(CapacityState state, const char* why, Instant now);
  void believe(std::uint64_t capacity);
  void take_back();  // what was believed before the cut holds
  void publish(Instant now);
  [[nodiscard]] std::uint64_t wanted_rate(Instant now) const;
  [[nodiscard]] bool limited() const { return estimate_.capacity != 0; }
  [[nodiscard]] bool at_ceiling() const;

  // How long until what is sent now can be seen in a report; what counts as a queue.
  [[nodiscard]] Duration rtt() const;
  [[nodiscard]] Duration feedback() const;
  [[nodiscard]] Duration slack() const;
  [[nodiscard]] Duration low() const;
  [[nodiscard]] Duration trigger() const;

  void settle(Instant now);
  void steady(Instant now);
  void note_calm(Instant now);
  void restart_calm(Instant now);
  [[nodiscard]] bool congested(Instant now);
  [[nodiscard]] bool starving() const;
  [[nodiscard]] bool starved() const;
  [[nodiscard]] std::uint64_t sent_before() const;
  [[nodiscard]] std::int64_t lacking(std::uint64_t sent) const;
  void note_under_way();
  void anchor_at(Instant when);
  [[nodiscard]] Duration standing() const;
  void cut(Instant now);
  void drain(Instant now);
  void end_drain(Instant now);
  [[nodiscard]] bool drained(Instant now);
  [[nodiscard]] bool vanished(Instant now) const;
  void set_gain(Instant now);

  [[nodiscard]] bool stalled(Instant now) const;
  void begin_stall(Instant now);
  void stall(Instant now);
  [[nodiscard]] bool policed(Instant now);
  void hold(Instant now);

  [[nodiscard]] bool may_probe(Instant now) const;
  void begin_trial(Instant now);
  void probe(Instant now);
  void trial_succeeded(Instant now);
  void trial_failed(Instant now);

  CapacitySettings settings_;
  CapacityEstimate estimate_;
  CapacityLinks links_;
  CapacityHistory history_;
  CapacityLoad load_;
  CapacityLoss loss_;
  CapacityTrial trial_;
  LinkCaps caps_;
  LinksView view_;

  bool reported_ = false;
  Instant evaluated_;
  Duration others_;                   // of the queue, that stays when we drain it: not ours
  Instant onset_ = Instant::never();  // since when the queue is above the trigger
  std::int64_t under_way_ = 0;  // bytes sent a round trip ago that reports do not account for yet
  bool anchored_ = true;        // it is known
  Instant anchor_at_;           // not before: reports are in disorder
  std::uint32_t caution_ = 0;   // how many cuts of late were for nothing
  Instant caution_since_;

  Instant cut_at_;
  Duration cut_queue_;
  std::uint64_t cut_most_ = 0;    // no more can have been delivered since the cut
  std::uint64_t before_cut_ = 0;  // the capacity believed until then, 0 = unlimited
  std::uint32_t gain_ = 1'000;    // of the capacity, in 1/1000, while it drains
  Duration most_queue_;           // that reports saw while it drains
  Duration least_queue_;
  Instant least_at_;
  Instant low_since_ = Instant::never();

  Instant calm_since_;
  std::int64_t calm_sum_ = 0;  // ns of queue at the evaluations since then
  std::int64_t calm_count_ = 0;
  Instant probe_after_;
  Instant tried_at_;     // the last trial or cut
  Duration floor_seen_;  // the least queue since the last trial
  std::uint32_t probe_gain_;

  std::uint64_t stall_rate_ = 0;
  Instant halve_at_;
  Instant stall_heard_;
};

}  // namespace covfefe::shape
