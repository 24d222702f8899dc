// SPDX-License-Identifier: Apache-2.0
// What waits for room in a friend's control channel. Bounded: a friend that acknowledges nothing
// gets no more. An announcement takes the place of an older one that did not leave yet.
// Thread: data.
#pragma once

#include <deque>

#include "core/cell_io.h"
#include "wire/control.h"

namespace covfefe::core {

class Outbox {
 public:
  static constexpr std::size_t kMost = 64;
  static constexpr Duration kPause = Duration::millis(50);  // between attempts

  bool put(const wire::Control& message);
  // False: full, and nothing is kept.
  void pump(CellSink& sink, LinkSlot link, Instant now);
  // Sends what there is room for.
  void clear() { waiting_.clear(); }

  [[nodiscard]] Instant deadline() const { return waiting_.empty() ? Instant::never() : due_; }

 private:
  std::deque<wire::Control> waiting_;
  Instant due_{};  // of the next attempt
};

}  // namespace covfefe::core
