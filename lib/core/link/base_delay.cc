// SPDX-License-Identifier: Apache-2.0
#include "core/link/base_delay.h"

#include <algorithm>
#include <cstdlib>

namespace covfefe::core {
namespace {

// Points that are closer together say more about jitter than about clocks.
constexpr Duration kApart = Duration::seconds(4);

}  // namespace

std::int64_t BaseDelay::moved(const Point& point, Instant to) const {
  const std::int64_t millis = (to - point.at).nanoseconds / 1'000'000;
  return point.micros + skew_ * millis / 1'000'000;
}

void BaseDelay::add(Instant now, std::int64_t micros) {
  if (used_ == 0 || now - window_start_ >= kWindow) {
    if (used_ != 0) settle_skew();
    // What is older than all windows together says nothing about now.
    std::size_t gone = used_ == kWindows ? 1 : 0;
    while (gone < used_ && now - points_[gone].at > kWindow * kWindows) ++gone;
    std::copy(points_.begin() + static_cast<std::ptrdiff_t>(gone),
              points_.begin() + static_cast<std::ptrdiff_t>(used_), points_.begin());
    used_ -= gone;
    points_[used_++] = {now, micros};
    window_start_ = now;
    return;
  }
  Point& newest = points_[used_ - 1];
  if (micros <= moved(newest, now)) newest = {now, micros};
}

std::int64_t BaseDelay::least(Instant now) const {
  std::int64_t out = moved(points_[0], now);
  for (std::size_t i = 1; i < used_; ++i) out = std::min(out, moved(points_[i], now));
  return out;
}

void BaseDelay::settle_skew() {
  // A queue only adds: where it was empty the points lie on a line that the clocks make, with
  // nothing below. So that line is an edge of the lower hull; where a queue came or went the hull
  // has steeper ones as well.
  std::array<Point, kWindows> hull;
  std::size_t corners = 0;
  const auto slope = [](const Point& from, const Point& to) {
    const auto millis = std::max<std::int64_t>((to.at - from.at).nanoseconds / 1'000'000, 1);
    return (to.micros - from.micros) * 1'000'000 / millis;
  };
  for (std::size_t i = 0; i < used_; ++i) {
    while (corners >= 2 &&
           slope(hull[corners - 2], hull[corners - 1]) >= slope(hull[corners - 2], points_[i])) {
      --corners;
    }
    hull[corners++] = points_[i];
  }
  std::int64_t flattest = kSkewMost + 1;
  for (std::size_t i = 1; i < corners; ++i) {
    const std::int64_t edge = slope(hull[i - 1], hull[i]);
    const bool apart = hull[i].at - hull[i - 1].at >= kApart;
    if (apart && std::abs(edge) < std::abs(flattest)) flattest = edge;
  }
  if (std::abs(flattest) <= kSkewMost) skew_ = flattest;
}

}  // namespace covfefe::core
