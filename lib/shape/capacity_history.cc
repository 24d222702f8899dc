// SPDX-License-Identifier: Apache-2.0
#include "shape/capacity_history.h"

#include <algorithm>

namespace covfefe::shape {

void CapacityHistory::recall(std::uint64_t low_water) {
  remembered_ = low_water == 0 ? kUnlimited : low_water;
  find_low_water();
}

void CapacityHistory::step(const Second& second, Instant now) {
  if (now < next_) return;
  // After a long sleep, what is older than the whole window would only be overwritten again.
  const Instant oldest = now - Duration::seconds(kSeconds);
  if (next_ < oldest) {
    next_ = oldest;
    begun_ = std::max(begun_, oldest - Duration::minutes(1));
  }
  while (next_ <= now) {
    add_second(second);
    next_ = next_ + Duration::seconds(1);
  }
  find_low_water();
}

void CapacityHistory::add_second(const Second& second) {
  const std::uint64_t capacity = second.capacity == 0 ? kUnlimited : second.capacity;
  seconds_[at_] = capacity;
  at_ = (at_ + 1) % kSeconds;
  filled_ = std::min(filled_ + 1, kSeconds);
  lowest_ = std::min(lowest_, capacity);
  if (next_ - begun_ >= Duration::minutes(1)) end_minute(second);
}

void CapacityHistory::end_minute(const Second& second) {
  MinuteSample& minute = minutes_[(first_minute_ + minute_count_) % kMinutes];
  if (minute_count_ < kMinutes) {
    ++minute_count_;
  } else {
    first_minute_ = (first_minute_ + 1) % kMinutes;
  }
  minute = {next_, second.capacity, lowest_ == kUnlimited ? 0 : lowest_,
            (second.sent - sent_before_) / 60,
            static_cast<std::uint32_t>(second.cuts - cuts_before_)};
  begun_ = next_;
  lowest_ = kUnlimited;
  sent_before_ = second.sent;
  cuts_before_ = second.cuts;
}

void CapacityHistory::find_low_water() {
  std::uint64_t lowest = filled_ < kSeconds ? remembered_ : kUnlimited;
  if (filled_ > 0) {
    std::array<std::uint64_t, kSeconds> sorted = seconds_;
    const auto percentile = sorted.begin() + (filled_ - 1) / 100;
    std::nth_element(sorted.begin(), percentile, sorted.begin() + filled_);
    lowest = std::min(lowest, *percentile);
  }
  low_water_ = lowest == kUnlimited ? 0 : lowest;
}

bool CapacityHistory::take_minute(MinuteSample& out) {
  if (minute_count_ == 0) return false;
  out = minutes_[first_minute_];
  first_minute_ = (first_minute_ + 1) % kMinutes;
  --minute_count_;
  return true;
}

}  // namespace covfefe::shape
