// SPDX-License-Identifier: Apache-2.0
// What came on one leg and what is to be said of it (Steps S3 and S4, covfefe-protocol(7)).
// Counters are hop counters as they stand at the circuit's destination. Constant size, whatever
// comes. Thread: data.
#pragma once

#include "base/instant.h"
#include "wire/inner.h"

namespace covfefe::core {

inline constexpr Duration kAckDelay = Duration::millis(10);

enum class Wants : std::uint8_t { Nothing, Acknowledgement };
// Whether a cell has more in it than acknowledgements and pongs.

class AckBook {
 public:
  static constexpr std::uint32_t kCells = 32;  // that are acknowledged together

  void came(std::uint64_t counter, Wants wants, Instant now);
  // A cell of the other end. Its hop window has let no counter pass twice.
  void came_idle() { ++state_.received; }
  // One of the chat class: never the newest, for its way took as long as its slots let it.
  void urge(Instant now);
  // The other end asked: what is there is acknowledged at once.

  [[nodiscard]] bool pending() const { return !due_.is_never(); }
  // Something wants to be acknowledged: any cell with room may take it along.
  [[nodiscard]] Instant next_deadline() const { return due_; }
  // When it goes in a cell of its own.

  [[nodiscard]] wire::InnerAck take(Instant now);
  // Only when pending().

 private:
  wire::InnerAck state_;
  bool any_ = false;
  Instant newest_at_{};
  Instant due_ = Instant::never();
  std::uint32_t wanting_ = 0;
};

}  // namespace covfefe::core
