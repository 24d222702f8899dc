// SPDX-License-Identifier: Apache-2.0
// The circuits that end at this node or pass through it, by the id that this side chose to receive
// (A27), and the hop layer of cells at the ends (Steps C3 to C7, covfefe-protocol(7)). A circuit
// belongs to a friend's link and to that friend's boot id: the owner drops it when either goes. One
// that passes through is two entries, one for each direction (Step C11). Thread: data.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "base/instant.h"
#include "base/result.h"
#include "core/cell_io.h"
#include "core/circuit/circuit_lease.h"
#include "core/circuit/hop_window.h"
#include "core/link/bucket.h"
#include "crypto/drbg.h"
#include "crypto/onion.h"

namespace covfefe::core {

struct PeerSession;

enum class CircuitRole : std::uint8_t {
  Origin,
  Destination,
  RelayForward,   // its cells come from the origin's side
  RelayBackward,  // its cells come from the destination's side
};

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

class CircuitHops {
 public:
  void resize(std::size_t hops);
  // Room for 1..kHopsMost hops; there is one from the start. Only an origin of several pays for
  // more than one.
  crypto::OriginHop& operator[](std::size_t i) { return many_.empty() ? one_ : many_[i]; }
  const crypto::OriginHop& operator[](std::size_t i) const {
    return many_.empty() ? one_ : many_[i];
  }
  [[nodiscard]] crypto::OriginPath first(std::size_t hops) const { return {&(*this)[0], hops}; }

 private:
  crypto::OriginHop one_;
  std::vector<crypto::OriginHop> many_;
};

struct Circuit {
  CircuitId receive;  // issued here: on cells that come in
  CircuitId send;     // issued by the friend: for that friend's side; 0 until known
  LinkSlot link;
  CircuitRole role = CircuitRole::Origin;
  CircuitHops hops;        // all but Origin: the own keys in hops[0], of a relay one of the two
  std::size_t length = 0;  // 0: no keys yet
  std::uint64_t next_counter = 0;  // of the next cell that goes out; starts at random
  HopWindow window;                // of cells that come in
  BadTags bad_tags;
  std::uint32_t onion_faults = 0;  // cells whose hop tag did not verify (A10)
  std::size_t bad_hop = 0;  // of an origin's path, from 1, that the last of them names; 0: none
  std::uint32_t replays = 0;
  CircuitId pair;  // of a relay: the entry of the other direction
  // Those that were built hop by hop are watched over by Builds (build/builds.h):
  Instant due = Instant::never();  // when to look at it next; never() for a direct circuit
  Instant ends = Instant::never();
  bool used = false;                    // a cell verified since Builds looked last
  std::uint32_t place = 0;              // in its neighbour's list
  PeerSession* session = nullptr;       // whose cells these are; borrowed, set by its owner
  std::unique_ptr<CircuitLease> lease;  // for what goes out here; null: none
  Bucket chat{{8, 24}};                 // of a relay: cells that go on on lane 3 (Q11)
};

CellHeader seal_onion(Circuit& circuit, crypto::Drbg& random, MutableBytes onion);
// In place: the body stands behind the slots. The circuit has keys and a send id.

[[nodiscard]] Result<void> open_onion(Circuit& circuit, const CellHeader& header, ByteView onion,
                                      MutableBytes plain);
// plain is as long as onion, elsewhere; on success the body stands at crypto::body_of(plain).
// Replayed, Forged (count it: BadTags; bad_hop says where), Unexpected (no keys yet). A forged cell
// does not move the window.

class CircuitTable {
 public:
  static constexpr std::size_t kMost = std::size_t{1} << 16;  // bound of memory; ids allow 2^20

  explicit CircuitTable(std::uint64_t seed);
  // Where generations start: random, so that ids of an earlier run mean nothing now.

  [[nodiscard]] Circuit* issue(LinkSlot link, CircuitRole role, std::uint64_t first_counter);
  // A circuit with a fresh receive id, or null when full. A pointer lasts until its drop.
  [[nodiscard]] Circuit* find(CircuitId id);
  void drop(CircuitId id);
  // Wipes the keys. An id that is not there is nothing.
  [[nodiscard]] std::size_t size() const { return slots_ - free_.size(); }

 private:
  struct Slot {
    std::uint32_t generation = 1;
    bool used = false;
    Circuit circuit;
  };
  static constexpr std::size_t kPage = 64;
  using Page = std::array<Slot, kPage>;
  [[nodiscard]] Slot& at(std::size_t index) { return (*pages_[index / kPage])[index % kPage]; }

  std::vector<std::unique_ptr<Page>> pages_;  // so that growing moves no keys
  std::size_t slots_ = 0;
  std::deque<std::uint32_t> free_;  // longest free first: an id comes back as late as possible
  std::uint32_t first_generation_;
};

}  // namespace covfefe::core
