// SPDX-License-Identifier: Apache-2.0
// The next time at which each link wants to be looked at: a binary heap with back pointers. The
// minimum is O(1); a link's change is O(log links) and happens only when its own deadline moves.
#pragma once

#include <cstdint>
#include <vector>

#include "base/instant.h"

namespace covfefe::core {

class Deadlines {
 public:
  [[nodiscard]] Instant next() const { return heap_.empty() ? Instant::never() : heap_[0].at; }
  [[nodiscard]] std::uint32_t first() const { return heap_[0].slot; }
  // Whose deadline next() is; only while next() is not never().

  void set(std::uint32_t slot, Instant at);
  // never() takes the slot out. Slots are dense.

 private:
  static constexpr std::uint32_t kAbsent = ~std::uint32_t{0};
  struct Entry {
    Instant at;
    std::uint32_t slot;
  };

  void place(std::size_t position, Entry entry);
  void settle(std::size_t position, Entry entry);

  std::vector<Entry> heap_;
  std::vector<std::uint32_t> where_;  // slot → position in heap_
};

}  // namespace covfefe::core
