// SPDX-License-Identifier: Apache-2.0
#include "core/stream/resend.h"

#include <algorithm>

#include "base/check.h"

namespace covfefe::core {

namespace {

bool covers(const wire::InnerAck& ack, std::uint64_t counter) {
  const std::uint64_t behind = ack.newest - counter;
  if (behind == 0) return true;
  return behind <= 64 && (ack.seen >> (behind - 1) & 1) != 0;
}

}  // namespace

void Resend::keep(ByteView body, const Sent& sent) {
  CHECK(body.size() <= wire::kLargeBody && !body.empty());
  if (!bodies_) bodies_ = std::make_unique<Bodies>();
  Entry& entry = entries_[next_];
  if (entry.length == 0) ++count_;
  copy(body, (*bodies_)[next_]);
  entry = {sent, static_cast<std::uint16_t>(body.size())};
  next_ = (next_ + 1) % kBodies;
}

void Resend::forget(Entry& entry) {
  entry.length = 0;
  --count_;
}

void Resend::acknowledged(CircuitId leg, const wire::InnerAck& ack) {
  if (count_ == 0) return;
  for (Entry& entry : entries_) {
    const bool this_leg = entry.length != 0 && entry.sent.leg == leg;
    if (this_leg && covers(ack, entry.sent.counter)) forget(entry);
  }
}

void Resend::hasten(CircuitId leg, Instant now) {
  if (count_ == 0) return;
  for (Entry& entry : entries_) {
    if (entry.sent.leg == leg) entry.sent.deadline = std::min(entry.sent.deadline, now);
  }
}

std::optional<Resend::Due> Resend::take(Instant now) {
  if (count_ == 0) return std::nullopt;
  // Oldest first, so that what is resent stays in order.
  for (std::size_t i = 0; i < kBodies; ++i) {
    const std::size_t at = (next_ + i) % kBodies;
    Entry& entry = entries_[at];
    if (entry.length == 0 || now < entry.sent.deadline) continue;
    const Due due{entry.sent.leg, ByteView((*bodies_)[at]).first(entry.length)};
    forget(entry);
    return due;
  }
  return std::nullopt;
}

Instant Resend::next_deadline() const {
  Instant at = Instant::never();
  if (count_ == 0) return at;
  for (const Entry& entry : entries_) {
    if (entry.length != 0) at = std::min(at, entry.sent.deadline);
  }
  return at;
}

}  // namespace covfefe::core
