// SPDX-License-Identifier: Apache-2.0
// What of one (link, class) was sealed and posted but has not left the shaper, which completes a
// flow in order. Keeps the standing queue short (A20) and knows, to within a sixteenth of the
// lane's window, the place in the lane of the oldest cell that waits (A3; lane_ledger.h).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/instant.h"

namespace covfefe::core {

class FlowLedger {
 public:
  static constexpr std::uint64_t kOrdinalMask = 0xff'ffff;  // low bits that travel in Posting::tag
  static constexpr std::uint32_t kBacklogMost = 512;
  static constexpr std::uint32_t kBacklogLeast = 16;
  static constexpr Duration kSojournGoal = Duration::millis(50);
  static constexpr std::size_t kMarks = 16;

  explicit FlowLedger(std::uint32_t spacing = 1) : spacing_(spacing) {}
  // spacing: of marks, in places of the lane; a sixteenth of the lane's window.

  [[nodiscard]] std::uint64_t unsent() const { return posted_ - done_; }
  [[nodiscard]] std::uint64_t unsent_since(std::uint64_t posted) const {
    return posted_ - std::max(done_, posted);
  }
  // Of those that were posted after posted() was `posted`.
  [[nodiscard]] std::uint64_t posted() const { return posted_; }
  [[nodiscard]] bool backlogged() const { return unsent() >= limit_; }
  // The limit follows how long a cell waits in the shaper: 512 cells while that is under 50 ms,
  // in proportion less on a slower path, 16 at least, so that a batch from the TUN still fits.
  [[nodiscard]] std::uint64_t oldest_place() const { return marks_[first_].place; }
  // While unsent() is above 0: the oldest cell's place in the lane, or up to `spacing` before it.

  std::uint64_t post(Instant now, std::uint64_t place) {
    mark(place);
    if (probe_done_) {
      probe_ = posted_;
      probe_at_ = now;
      probe_done_ = false;
    }
    return posted_++ & kOrdinalMask;
  }
  // The ordinal for the tag of the datagram just posted. place: grows with every cell of the lane.

  bool complete(std::uint64_t ordinal, Instant at) {
    const std::uint64_t ahead = (ordinal - done_) & kOrdinalMask;
    if (ahead >= unsent()) return false;
    done_ += ahead + 1;
    while (marks_used_ > 1 && marks_[after(first_)].ordinal <= done_) {
      first_ = after(first_);
      --marks_used_;
    }
    if (probe_done_ || done_ <= probe_) return true;
    probe_done_ = true;
    adapt(at - probe_at_);
    return true;
  }
  // at: when it left. False for an ordinal that is not outstanding. Completes everything older as
  // well.

  void forget() {
    done_ = posted_;
    probe_done_ = true;
  }
  // The shaper went away: nothing is outstanding.

 private:
  struct Mark {
    std::uint64_t ordinal = 0;
    std::uint64_t place = 0;
  };
  static std::size_t after(std::size_t mark) { return (mark + 1) % kMarks; }

  void mark(std::uint64_t place) {
    if (unsent() == 0) {
      marks_used_ = 1;
      marks_[first_] = {posted_, place};
      return;
    }
    // Without room the distance only looks longer than it is.
    const std::size_t newest = (first_ + marks_used_ - 1) % kMarks;
    if (marks_used_ == kMarks || place - marks_[newest].place < spacing_) return;
    marks_[after(newest)] = {posted_, place};
    ++marks_used_;
  }

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
  std::uint32_t limit_ = kBacklogMost;
  std::uint32_t spacing_;
  std::size_t first_ = 0;  // the mark at or before the oldest
  std::size_t marks_used_ = 1;
  std::array<Mark, kMarks> marks_{};
};

}  // namespace covfefe::core
