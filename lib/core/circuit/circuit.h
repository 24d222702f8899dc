// SPDX-License-Identifier: Apache-2.0
// The circuits that end at this node, by the id that each side chose to receive (A27), and the hop
// layer of their cells (Steps C3 to C7, covfefe-protocol(7)). A circuit belongs to a friend's link
// and to that friend's boot id: the owner drops it when either goes. An entry of another role can
// stand in the same table, since a cell is told by its id alone. Thread: data.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "base/instant.h"
#include "base/result.h"
#include "core/cell_io.h"
#include "core/circuit/hop_window.h"
#include "crypto/drbg.h"
#include "crypto/onion.h"

namespace covfefe::core {

enum class CircuitRole : std::uint8_t { Origin, Destination };

class BadTags {
 public:
  static constexpr std::size_t kMost = 8;                       // A10
  static constexpr Duration kInterval = Duration::seconds(10);  // A10
  [[nodiscard]] bool add(Instant now);
  // True when this one is the eighth within ten seconds.

 private:
  std::array<Instant, kMost> seen_{};
  std::size_t count_ = 0;
};

struct Circuit {
  CircuitId receive;  // issued here: on cells that come in
  CircuitId send;     // issued by the friend: on cells that go out; 0 until known
  LinkSlot link;
  CircuitRole role = CircuitRole::Origin;
  std::array<crypto::OriginHop, crypto::kHopsMost> hops{};  // Destination: its own keys in hops[0]
  std::size_t length = 0;                                   // 0: no keys yet
  std::uint64_t next_counter = 0;  // of the next cell that goes out; starts at random
  HopWindow window;                // of cells that come in
  BadTags bad_tags;
};

CellHeader seal_onion(Circuit& circuit, crypto::Drbg& random, MutableBytes onion);
// In place: the body stands behind the slots. The circuit has keys and a send id.

[[nodiscard]] Result<void> open_onion(Circuit& circuit, const CellHeader& header, ByteView onion,
                                      MutableBytes plain);
// plain is as long as onion; on success the body stands at crypto::body_of(plain). Replayed, Forged
// (count it: BadTags), Unexpected (no keys yet). A forged cell does not move the window.

class CircuitTable {
 public:
  static constexpr std::size_t kMost = std::size_t{1} << 16;  // bound of memory; ids allow 2^20

  explicit CircuitTable(std::uint64_t seed);
  // Where generations start: random, so that ids of an earlier run mean nothing now.

  [[nodiscard]] Circuit* issue(LinkSlot link, CircuitRole role, std::uint64_t first_counter);
  // A circuit with a fresh receive id, or null when full. Pointers last until the next issue or
  // drop.
  [[nodiscard]] Circuit* find(CircuitId id);
  void drop(CircuitId id);
  // Wipes the keys. An id that is not there is nothing.
  [[nodiscard]] std::size_t size() const { return slots_.size() - free_.size(); }

 private:
  struct Slot {
    std::uint32_t generation = 1;
    bool used = false;
    Circuit circuit;
  };
  std::vector<Slot> slots_;
  std::deque<std::uint32_t> free_;  // longest free first: an id comes back as late as possible
  std::uint32_t first_generation_;
};

}  // namespace covfefe::core
