// SPDX-License-Identifier: Apache-2.0
// What of one (link, lane) was sealed and posted but has not left the shaper. It keeps the sender
// inside the receiver's replay window (A3: newest_sealed - oldest_unsent < W - 1,024; the shaper
// completes a flow in order) and the standing queue short (A20).
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/instant.h"

namespace covfefe::core {

class LaneLedger {
 public:
  static constexpr std::uint64_t kOrdinalMask = 0xff'ffff;  // low bits that travel in Posting::tag
  static constexpr std::uint32_t kBacklogMost = 512;
  static constexpr std::uint32_t kBacklogLeast = 16;
  static constexpr Duration kSojournGoal = Duration::millis(50);

  [[nodiscard]] std::uint64_t unsent() const { return posted_ - done_; }
  [[nodiscard]] bool backlogged() const { return unsent() >= limit_; }
  // The limit follows how long a cell waits in the shaper: 512 cells while that is under 50 ms,
  // in proportion less on a slower path, 16 at least, so that a batch from the TUN still fits.

  std::uint64_t post(Instant now) {
    // Completions are looked for when something happens: where all have come nothing stands in the
    // shaper, and a long time was this thread's rest and not the path's.
    if (sojourn_.nanoseconds != 0) {
      adapt(unsent() == 0 ? std::min(sojourn_, kSojournGoal) : sojourn_);
    }
    sojourn_ = {};
    if (probe_done_) {
      probe_ = posted_;
      probe_at_ = now;
      probe_done_ = false;
    }
    return posted_++ & kOrdinalMask;
  }
  // The ordinal for the tag of the datagram just posted.

  bool complete(std::uint64_t ordinal, Instant now) {
    const std::uint64_t ahead = (ordinal - done_) & kOrdinalMask;
    if (ahead >= unsent()) return false;
    done_ += ahead + 1;
    if (probe_done_ || done_ <= probe_) return true;
    probe_done_ = true;
    sojourn_ = std::max(now - probe_at_, Duration{1});
    return true;
  }
  // False for an ordinal that is not outstanding. Completes everything older as well.

  void forget() {
    done_ = posted_;
    probe_done_ = true;
    sojourn_ = {};
  }
  // The shaper went away: nothing is outstanding.

 private:
  void adapt(Duration sojourn) {
    if (sojourn > kSojournGoal) {
      const auto scaled = limit_ * kSojournGoal.nanoseconds / sojourn.nanoseconds;
      limit_ = std::max(kBacklogLeast, static_cast<std::uint32_t>(scaled));
    } else {
      limit_ = std::min(kBacklogMost, limit_ + limit_ / 4);
    }
  }

  std::uint64_t posted_ = 0;
  std::uint64_t done_ = 0;
  std::uint64_t probe_ = 0;  // ordinal whose time in the shaper is being measured
  Instant probe_at_{};
  bool probe_done_ = true;
  Duration sojourn_{};  // as measured last and not yet used, 0 = none
  std::uint32_t limit_ = kBacklogMost;
};

}  // namespace covfefe::core
