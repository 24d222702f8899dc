// SPDX-License-Identifier: Apache-2.0
// Receiver indices of this node and what each leads to: a dense table, so that finding a datagram's
// session is one load. An index is 12 random bits (never 0, so that it is not below 256, A22) and a
// 20-bit position, masked so that it does not tell how many sessions there are.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bug.h"
#include "base/ids.h"

namespace covfefe::core {

class Session;

struct IndexEntry {
  ReceiverIndex index;         // 0 = free
  std::uint32_t slot = 0;      // the link
  Session* session = nullptr;  // none while the handshake is under way
};

class IndexTable {
 public:
  explicit IndexTable(std::uint32_t mask) : mask_(mask & kPositions) {}
  // mask: random.

  [[nodiscard]] IndexEntry* find(std::uint32_t index) {
    const std::uint32_t position = (index ^ mask_) & kPositions;
    if (position >= entries_.size()) return nullptr;
    IndexEntry& entry = entries_[position];
    return entry.index.value == index && index != 0 ? &entry : nullptr;
  }
  // Valid until the next issue().

  [[nodiscard]] std::optional<ReceiverIndex> issue(std::uint32_t slot, std::uint32_t random) {
    if (free_.empty()) {
      if (entries_.size() > kPositions) return std::nullopt;
      free_.push_back(static_cast<std::uint32_t>(entries_.size()));
      entries_.emplace_back();
    }
    const std::uint32_t position = free_.back();
    free_.pop_back();
    const std::uint32_t generation = 1 + random % kGenerations;
    entries_[position] = {{generation << 20 | (position ^ mask_)}, slot, nullptr};
    return entries_[position].index;
  }
  // None when 2^20 indices are in use.

  void bind(ReceiverIndex index, Session* session) {
    IndexEntry* entry = find(index.value);
    if (entry == nullptr) bug("bind of an index that was not issued");
    entry->session = session;
  }

  void withdraw(ReceiverIndex index) {
    IndexEntry* entry = find(index.value);
    if (entry == nullptr) return;
    *entry = {};
    free_.push_back((index.value ^ mask_) & kPositions);
  }

 private:
  static constexpr std::uint32_t kPositions = (1u << 20) - 1;
  static constexpr std::uint32_t kGenerations = (1u << 12) - 1;

  std::uint32_t mask_;
  std::vector<IndexEntry> entries_;
  std::vector<std::uint32_t> free_;
};

}  // namespace covfefe::core
