// SPDX-License-Identifier: Apache-2.0
// What is still to happen in a simulation, in order of time; of two at the same time the older
// comes first. Adding and taking cost a logarithm of what waits; slots are used again.
#pragma once

#include <cstdint>
#include <queue>
#include <vector>

#include "base/bug.h"
#include "base/instant.h"

namespace covfefe::sim {

template <typename What>
class Events {
 public:
  void add(Instant at, What what) {
    if (free_.empty()) {
      free_.push_back(slots_.size());
      slots_.emplace_back();
    }
    const std::size_t slot = free_.back();
    free_.pop_back();
    slots_[slot] = std::move(what);
    queue_.push({at, order_++, slot});
  }

  [[nodiscard]] Instant next() const { return queue_.empty() ? Instant::never() : queue_.top().at; }

  What take() {
    if (queue_.empty()) bug("nothing waits");
    const std::size_t slot = queue_.top().slot;
    queue_.pop();
    free_.push_back(slot);
    return std::move(slots_[slot]);
  }

  [[nodiscard]] std::size_t size() const { return queue_.size(); }

 private:
  struct Entry {
    Instant at;
    std::uint64_t order;
    std::size_t slot;
    bool operator>(const Entry& o) const { return at != o.at ? at > o.at : order > o.order; }
  };
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue_;
  std::vector<What> slots_;
  std::vector<std::size_t> free_;
  std::uint64_t order_ = 0;
};

}  // namespace covfefe::sim
