// SPDX-License-Identifier: Apache-2.0
#include "shape/capacity_load.h"

namespace covfefe::shape {
namespace {

constexpr Duration kMarkGap = Duration::millis(5);
constexpr std::uint64_t kSecond = 1'000'000'000;

std::uint64_t a_second(std::uint64_t bytes, Duration in) {
  return bytes * kSecond / static_cast<std::uint64_t>(in.nanoseconds);
}

}  // namespace

void CapacityLoad::step(const Load& load, Instant now) {
  if (now - marks_[newest_].at >= kMarkGap) {
    newest_ = (newest_ + 1) % kMarks;
    marks_[newest_].at = now;
  }
  marks_[newest_].sent = load.sent;
  marks_[newest_].strange = load.strange;
  marks_[newest_].mute = load.mute;
  load_ = load;
  if (load.backlogged) backlogged_at_ = now;
}

const CapacityLoad::Mark& CapacityLoad::mark_of(Instant when) const {
  std::uint32_t mark = newest_;
  for (std::uint32_t back = 1; back < kMarks && marks_[mark].at > when; ++back) {
    mark = (mark + kMarks - 1) % kMarks;
  }
  return marks_[mark];
}

std::uint64_t CapacityLoad::sent_by(Instant when) const {
  return mark_of(when).sent;
}

std::uint64_t CapacityLoad::reportable_by(Instant when) const {
  const Mark& mark = mark_of(when);
  return mark.sent - mark.strange;
}

std::uint64_t CapacityLoad::telling_by(Instant when) const {
  const Mark& mark = mark_of(when);
  return mark.sent - mark.mute;
}

std::uint64_t CapacityLoad::rate(Instant from, Instant to) const {
  return a_second(sent_by(to) - sent_by(from), to - from);
}

std::uint64_t CapacityLoad::reportable_rate(Instant from, Instant to) const {
  return a_second(reportable_by(to) - reportable_by(from), to - from);
}

}  // namespace covfefe::shape
