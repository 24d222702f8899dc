// SPDX-License-Identifier: Apache-2.0
// When a link reports what arrived (Step R9, covfefe-protocol(7)): by what moved, in either
// direction, since the last report. No clock.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/instant.h"

namespace covfefe::core {

class ReportDuty {
 public:
  static constexpr std::uint64_t kMany = 8'192;  // bytes: a report is at most 1/27 of them
  static constexpr std::uint64_t kSome = 2'048;
  static constexpr Duration kLeast = Duration::millis(10);
  static constexpr Duration kSomeAfter = Duration::millis(100);
  static constexpr Duration kAnyAfter = Duration::seconds(1);

  bool moved(std::uint64_t bytes, Instant now) {
    const std::uint64_t before = bytes_;
    if (before == 0) since_ = now;
    bytes_ += bytes;
    return before == 0 || (before < kSome && bytes_ >= kSome) ||
           (before < kMany && bytes_ >= kMany);
  }
  // A cell other than a report or a spare. True when due() may have become sooner.

  [[nodiscard]] Instant due(Duration pause) const {
    if (bytes_ == 0) return Instant::never();
    if (bytes_ >= kMany) return last_ + std::max(pause, kLeast);
    return std::max(last_ + pause, since_ + (bytes_ >= kSome ? kSomeAfter : kAnyAfter));
  }
  // pause: at least so long after the last one.

  void sent(Instant now) {
    last_ = now;
    bytes_ = 0;
  }
  [[nodiscard]] Instant last() const { return last_; }

 private:
  std::uint64_t bytes_ = 0;
  Instant since_{};  // the first of them
  Instant last_{};
};

}  // namespace covfefe::core
