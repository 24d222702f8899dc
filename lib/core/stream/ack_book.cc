// SPDX-License-Identifier: Apache-2.0
#include "core/stream/ack_book.h"

#include <algorithm>

#include "base/check.h"

namespace covfefe::core {

namespace {

constexpr std::int64_t kDelayUnit = 100'000;  // nanoseconds

}  // namespace

void AckBook::came(std::uint64_t counter, Wants wants, Instant now) {
  // The hop window keeps counters within 2^48 of the first one: the difference has one meaning.
  const std::uint64_t ahead = counter - state_.newest;
  const std::uint64_t behind = state_.newest - counter;
  if (!any_) {
    any_ = true;
    state_.newest = counter;
    newest_at_ = now;
  } else if (ahead != 0 && ahead < behind) {
    const bool near = ahead < 64;
    state_.seen = near ? state_.seen << ahead : 0;
    if (ahead <= 64) state_.seen |= std::uint64_t{1} << (ahead - 1);
    state_.newest = counter;
    newest_at_ = now;
  } else if (behind >= 1 && behind <= 64) {
    state_.seen |= std::uint64_t{1} << (behind - 1);
  }
  ++state_.received;
  if (wants == Wants::Nothing) return;
  ++wanting_;
  due_ = wanting_ >= kCells ? now : std::min(due_, now + kAckDelay);
}

void AckBook::urge(Instant now) {
  if (any_) due_ = std::min(due_, now);
}

wire::InnerAck AckBook::take(Instant now) {
  CHECK(pending());
  due_ = Instant::never();
  wanting_ = 0;
  wire::InnerAck out = state_;
  const std::int64_t delay = (now - newest_at_).nanoseconds / kDelayUnit;
  out.delay = static_cast<std::uint16_t>(std::clamp<std::int64_t>(delay, 0, 0xffff));
  return out;
}

}  // namespace covfefe::core
