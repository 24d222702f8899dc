// SPDX-License-Identifier: Apache-2.0
// The stock of dummies of one link that were sealed ahead for the idle lane (A2, A3; Step R4,
// covfefe-protocol(7)). They wait in the shaper; here is only when they are made and dropped.
#pragma once

#include <array>
#include <cstdint>

#include "core/link/bucket.h"
#include "core/link/flow_ledger.h"

namespace covfefe::core {

class Spares {
 public:
  static constexpr std::uint64_t kStock = 4;
  static constexpr Duration kLife = Duration::seconds(60);
  static constexpr std::uint32_t kAllMost = 1'024;  // of all links: a quarter of the frames

  [[nodiscard]] std::uint64_t wanted(const FlowLedger& flow) const {
    const std::uint64_t there = flow.unsent_since(first_);
    return there < kStock ? kStock - there : 0;
  }
  [[nodiscard]] bool take(Instant now) { return pace_.take(now); }
  // One more may be sealed. A shaper that sends spares without slots must not make this a flood.
  void sealing(Instant now, const FlowLedger& flow) { sealed_[flow.posted() % kStock] = now; }
  // The next one that is posted.

  [[nodiscard]] bool stale(Instant now, const FlowLedger& flow) const {
    const std::uint64_t there = flow.unsent_since(first_);
    return there != 0 && now - sealed_[(flow.posted() - there) % kStock] >= kLife;
  }
  // The oldest of them is.
  std::uint32_t renew(const FlowLedger& flow) {
    first_ = flow.posted();
    return ++epoch_;
  }
  // What was posted until now is of an older epoch: the one to cancel below.
  [[nodiscard]] std::uint32_t epoch() const { return epoch_; }

 private:
  std::uint64_t first_ = 0;  // ordinal of the epoch's first
  std::uint32_t epoch_ = 1;
  std::array<Instant, kStock> sealed_{};  // by ordinal
  Bucket pace_{{6, 8}};
};

}  // namespace covfefe::core
