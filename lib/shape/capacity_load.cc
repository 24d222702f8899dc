// SPDX-License-Identifier: Apache-2.0
#include "shape/capacity_load.h"

namespace covfefe::shape {
namespace {

constexpr Duration kMarkGap = Duration::millis(5);
constexpr std::uint64_t kSecond = 1'000'000'000;

}  // namespace

void CapacityLoad::step(const Load& load, Instant now) {
  if (now - marks_[newest_].at >= kMarkGap) {
    newest_ = (newest_ + 1) % kMarks;
    marks_[newest_].at = now;
  }
  marks_[newest_].sent = load.sent;
  load_ = load;
  if (load.backlogged) backlogged_at_ = now;
}

std::uint64_t CapacityLoad::sent_by(Instant when) const {
  std::uint32_t mark = newest_;
  for (std::uint32_t back = 1; back < kMarks && marks_[mark].at > when; ++back) {
    mark = (mark + kMarks - 1) % kMarks;
  }
  return marks_[mark].sent;
}

std::uint64_t CapacityLoad::rate(Instant from, Instant to) const {
  const std::uint64_t bytes = sent_by(to) - sent_by(from);
  return bytes * kSecond / static_cast<std::uint64_t>((to - from).nanoseconds);
}

}  // namespace covfefe::shape
