// SPDX-License-Identifier: Apache-2.0
#include "core/link/control_channel.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "core/link/rtt.h"

namespace covfefe::core {

bool ControlChannel::send(ByteView message, Instant now) {
  CHECK(!message.empty() && message.size() <= wire::kControlMostLarge);
  if (last_sent_ - last_acked_ >= kWindow) return false;
  // Numbers never wrap: at one message a round trip of 50 µs that takes 59 hours of nothing else,
  // and sessions end earlier; a channel that got there stays full.
  if (last_sent_ == std::numeric_limits<std::uint32_t>::max()) return false;
  at(++last_sent_) = {{message.begin(), message.end()}, now, 0};
  return true;
}

std::optional<wire::ControlFrame> ControlChannel::due(Instant now) const {
  for (std::uint32_t seq = last_acked_ + 1; seq != last_sent_ + 1; ++seq) {
    if (at(seq).due <= now) return wire::ControlFrame{seq, contiguous_, at(seq).bytes};
  }
  if (ack_owed_) return wire::ControlFrame{0, contiguous_, {}};
  return std::nullopt;
}

void ControlChannel::sent(const wire::ControlFrame& frame, Instant now, Duration rto) {
  ack_owed_ = false;
  if (frame.seq == 0) return;
  Outgoing& out = at(frame.seq);
  const Duration most = std::max(rto, kRtoMost);
  for (unsigned i = 0; i < out.repetitions && rto < most; ++i) rto = rto * 2;
  out.due = now + std::min(rto, most);
  ++out.repetitions;
}

void ControlChannel::postpone(const wire::ControlFrame& frame, Instant now) {
  // An owed acknowledgement is let go: the friend repeats the message and it is owed again.
  if (frame.seq == 0) {
    ack_owed_ = false;
  } else {
    at(frame.seq).due = now + kRtoLeast;
  }
}

Instant ControlChannel::deadline() const {
  if (ack_owed_) return Instant{};
  Instant soonest = Instant::never();
  for (std::uint32_t seq = last_acked_ + 1; seq != last_sent_ + 1; ++seq) {
    soonest = std::min(soonest, at(seq).due);
  }
  return soonest;
}

bool ControlChannel::receive(const wire::ControlFrame& frame) {
  if (frame.ack > last_sent_) return false;
  while (last_acked_ < frame.ack) at(++last_acked_) = {};
  if (frame.seq == 0) return true;
  ack_owed_ = true;
  if (frame.seq <= contiguous_) return true;
  // Measured from what was handed out, so that a slot is never taken by two messages.
  if (frame.seq - popped_ > kWindow) return false;
  incoming_[frame.seq % kWindow].assign(frame.message.begin(), frame.message.end());
  while (contiguous_ - popped_ < kWindow && !incoming_[(contiguous_ + 1) % kWindow].empty()) {
    ++contiguous_;
  }
  return true;
}

std::optional<std::vector<std::uint8_t>> ControlChannel::pop() {
  if (popped_ == contiguous_) return std::nullopt;
  return std::exchange(incoming_[++popped_ % kWindow], {});
}

}  // namespace covfefe::core
