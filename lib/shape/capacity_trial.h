// SPDX-License-Identifier: Apache-2.0
// One probe: a burst above the estimate, as short as keeps the queue that it can make below 8 ms;
// where reports are rare, a while at the estimate, so that one sees it; then as much below it, so
// that the queue is gone; then the verdict of the reports. Thread: data.
#pragma once

#include <cstdint>

#include "base/instant.h"

namespace covfefe::shape {

inline constexpr std::uint32_t kFirstGain = 1'250;  // of the estimate, in 1/1000

inline constexpr std::uint32_t kNextGain = 2'000;  // after a success

struct TrialPlan {
  std::uint64_t base = 0;  // estimate
  std::uint32_t gain = kFirstGain;
  Duration queue;     // that it may make
  Duration feedback;  // until its end is seen in reports
  Duration reports;   // from one to the next
  Duration calm;      // the queue before it
  std::uint64_t sent = 0;
};

class CapacityTrial {
 public:
  void begin(const TrialPlan& plan, Instant now);

  [[nodiscard]] std::uint64_t rate(Instant now) const;  // to be used now
  [[nodiscard]] Instant next(Instant now) const;        // when rate() or over() changes
  [[nodiscard]] bool over(Instant now) const { return now >= verdict_at_; }

  void see(Duration queue, std::uint64_t delivered);
  void sent_by_now(std::uint64_t sent, Instant now);
  // Bytes sent in all: whether the burst was filled is known at its end.

  [[nodiscard]] bool filled() const;
  [[nodiscard]] bool carried() const;  // the uplink took it: a verdict when over()
  [[nodiscard]] Duration peak() const { return peak_; }
  [[nodiscard]] const TrialPlan& plan() const { return plan_; }
  [[nodiscard]] std::uint64_t proven() const { return plan_.base * plan_.gain / 1'000; }

 private:
  TrialPlan plan_;
  Instant begun_;
  Instant burst_until_;
  Instant low_from_;
  Instant low_until_;
  Instant verdict_at_;
  Duration peak_;
  std::uint64_t delivered_ = 0;  // most, a second
  std::uint64_t sent_ = 0;       // when the burst ended
};

}  // namespace covfefe::shape
