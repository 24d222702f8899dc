// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/hold.h"

#include "base/check.h"

namespace covfefe::core {

bool Hold::push(ByteView packet, Instant now) {
  if (count_ == kPackets || packet.size() > kPacketBytes) return false;
  if (bytes_.empty()) bytes_.resize(kPackets * kPacketBytes);
  const std::size_t at = (first_ + count_) % kPackets;
  copy(packet, MutableBytes(bytes_).subspan(at * kPacketBytes, kPacketBytes));
  slots_[at] = {now + kPatience, static_cast<std::uint16_t>(packet.size())};
  ++count_;
  return true;
}

ByteView Hold::front() const {
  CHECK(count_ > 0);
  return ByteView(bytes_).subspan(first_ * kPacketBytes, slots_[first_].length);
}

void Hold::pop() {
  CHECK(count_ > 0);
  first_ = (first_ + 1) % kPackets;
  if (--count_ == 0) std::vector<std::uint8_t>().swap(bytes_);
}

Instant Hold::front_deadline() const {
  return count_ == 0 ? Instant::never() : slots_[first_].deadline;
}

}  // namespace covfefe::core
