// SPDX-License-Identifier: Apache-2.0
// Which hop counters of a circuit have been seen (Step C8, covfefe-protocol(7); A11). Admitting and
// marking are two calls, because a counter may be marked only after the tag over it verified.
// Thread: data.
#pragma once

#include <cstdint>

#include "core/link/replay.h"

namespace covfefe::core {

class HopWindow {
 public:
  static constexpr std::uint64_t kSize = 1024;                           // A11
  static constexpr std::uint64_t kOffsetLimit = std::uint64_t{1} << 48;  // A11

  [[nodiscard]] bool admits(std::uint64_t counter) const {
    if (!anchored_) return true;
    const std::uint64_t offset = counter - first_ + kSize;
    return offset < kOffsetLimit && window_.fresh(offset);
  }
  void mark(std::uint64_t counter) {
    if (!anchored_) first_ = counter;
    anchored_ = true;
    window_.set(counter - first_ + kSize);
  }
  // Only after admits(counter). The first counter marked is the anchor: serial-number arithmetic
  // alone could be walked round 2^64 in three jumps, and a nonce would come twice.

  [[nodiscard]] bool admit_and_mark(std::uint64_t counter) {
    if (!admits(counter)) return false;
    mark(counter);
    return true;
  }
  // Backward at a relay: before sealing, since nothing there is verified.

 private:
  ReplayWindow<kSize> window_;
  std::uint64_t first_ = 0;
  bool anchored_ = false;
};

}  // namespace covfefe::core
