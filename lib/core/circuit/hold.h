// SPDX-License-Identifier: Apache-2.0
// The waiting room of one friend: packets that came before a session was there. Bounded to 64
// packets of at most 1,280 B and 3 s each; memory is taken with the first packet and given back
// with the last. Thread: data.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/instant.h"

namespace covfefe::core {

class Hold {
 public:
  static constexpr std::size_t kPackets = 64;
  static constexpr std::size_t kPacketBytes = 1280;
  static constexpr Duration kPatience = Duration::seconds(3);

  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::size_t size() const { return count_; }

  bool push(ByteView packet, Instant now);
  // Copies. False when full or the packet is longer than 1,280 B.
  [[nodiscard]] ByteView front() const;
  // The oldest packet; valid until the next push or pop. Only when not empty.
  void pop();
  [[nodiscard]] Instant front_deadline() const;
  // When the oldest packet has waited long enough; never() when empty.

 private:
  struct Slot {
    Instant deadline = Instant::never();
    std::uint16_t length = 0;
  };
  std::vector<std::uint8_t> bytes_;
  std::array<Slot, kPackets> slots_{};
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

}  // namespace covfefe::core
