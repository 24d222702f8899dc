// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/reassembly.h"

namespace covfefe::core {

namespace {

bool well_formed(const Fragment& f) {
  if (f.count < 2 || f.count > PacketReassembly::kFragments || f.index >= f.count) return false;
  if (f.index + 1 < f.count) return f.bytes.size() == PacketReassembly::kFragmentBytes;
  return !f.bytes.empty() && f.bytes.size() <= PacketReassembly::kFragmentBytes;
}

}  // namespace

PacketReassembly::Slot& PacketReassembly::slot_for(const Fragment& fragment, const At& at) {
  if (!slots_) slots_ = std::make_unique<std::array<Slot, kPackets>>();
  Slot* best = &slots_->front();
  for (Slot& slot : *slots_) {
    if (slot.count != 0 && slot.deadline <= at.now) {
      slot.count = 0;
      ++given_up_;
    }
    if (slot.count != 0 && slot.packet == fragment.packet) return slot;
    const bool free_first = slot.count == 0 && best->count != 0;
    const bool older = slot.count != 0 && best->count != 0 && slot.deadline < best->deadline;
    if (free_first || older) best = &slot;
  }
  if (best->count != 0) ++given_up_;
  best->packet = fragment.packet;
  best->count = fragment.count;
  best->have = 0;
  best->length = 0;
  best->deadline = at.now + at.patience;
  return *best;
}

Result<ByteView> PacketReassembly::add(const Fragment& fragment, const At& when) {
  if (!well_formed(fragment)) return Reject::WrongValue;
  Slot& slot = slot_for(fragment, when);
  if (slot.count != fragment.count) return Reject::WrongValue;
  const std::size_t at = fragment.index * kFragmentBytes;
  copy(fragment.bytes, MutableBytes(slot.bytes).subspan(at, kFragmentBytes));
  slot.have = static_cast<std::uint16_t>(slot.have | (1u << fragment.index));
  if (fragment.index + 1 == fragment.count) {
    slot.length = static_cast<std::uint16_t>(at + fragment.bytes.size());
  }
  if (slot.have != (1u << slot.count) - 1) return ByteView{};
  slot.count = 0;
  if (slot.length > kPacketBytes) return Reject::WrongValue;
  return ByteView(slot.bytes).first(slot.length);
}

}  // namespace covfefe::core
