// SPDX-License-Identifier: Apache-2.0
#include "core/link/deadlines.h"

namespace covfefe::core {

void Deadlines::place(std::size_t position, Entry entry) {
  heap_[position] = entry;
  where_[entry.slot] = static_cast<std::uint32_t>(position);
}

void Deadlines::settle(std::size_t position, Entry entry) {
  while (position > 0) {
    const std::size_t parent = (position - 1) / 2;
    if (heap_[parent].at <= entry.at) break;
    place(position, heap_[parent]);
    position = parent;
  }
  for (;;) {
    std::size_t child = 2 * position + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1].at < heap_[child].at) ++child;
    if (heap_[child].at >= entry.at) break;
    place(position, heap_[child]);
    position = child;
  }
  place(position, entry);
}

void Deadlines::set(std::uint32_t slot, Instant at) {
  if (slot >= where_.size()) where_.resize(slot + 1, kAbsent);
  const std::uint32_t position = where_[slot];
  if (!at.is_never()) {
    if (position == kAbsent) heap_.push_back({at, slot});
    settle(position == kAbsent ? heap_.size() - 1 : position, {at, slot});
    return;
  }
  if (position == kAbsent) return;
  const Entry last = heap_.back();
  heap_.pop_back();
  where_[slot] = kAbsent;
  if (last.slot != slot) settle(position, last);
}

}  // namespace covfefe::core
