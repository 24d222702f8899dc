// SPDX-License-Identifier: Apache-2.0
// Sealed bodies of interactive cells that may have to go once more by another leg (Step S7,
// covfefe-protocol(7)). At most 64; memory is taken with the first one and given back with the
// object. What is kept is ciphertext. Thread: data.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/instant.h"
#include "wire/inner.h"

namespace covfefe::core {

class Resend {
 public:
  static constexpr std::size_t kBodies = 64;

  struct Sent {
    CircuitId leg;              // that it went by
    std::uint64_t counter = 0;  // hop counter at the circuit's destination
    Instant deadline{};         // when it is overdue
  };
  void keep(ByteView body, const Sent& sent);
  // Copies kLargeBody or kSmallBody bytes; the oldest makes room.
  void acknowledged(CircuitId leg, const wire::InnerAck& ack);
  void hasten(CircuitId leg, Instant now);
  // The leg is not to be trusted: what went by it is due at once.

  struct Due {
    CircuitId leg;  // not this one
    ByteView body;  // valid until the next keep
  };
  [[nodiscard]] std::optional<Due> take(Instant now);
  // One that is overdue, forgotten by that.
  [[nodiscard]] Instant next_deadline() const;

 private:
  struct Entry {
    Sent sent;
    std::uint16_t length = 0;  // 0: free
  };
  using Bodies = std::array<ByteArray<wire::kLargeBody>, kBodies>;

  void forget(Entry& entry);

  std::array<Entry, kBodies> entries_{};
  std::unique_ptr<Bodies> bodies_;
  std::size_t next_ = 0;
  std::size_t count_ = 0;
};

}  // namespace covfefe::core
