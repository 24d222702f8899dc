// SPDX-License-Identifier: Apache-2.0
// Which packets are interactive and which are bulk (Step S6, covfefe-protocol(7)): a leaky bucket
// for each flow in a table of fixed size. Flows that share a place count together, at worst a
// sparse one is taken for bulk. Thread: data.
#pragma once

#include <array>

#include "base/bytes.h"
#include "base/instant.h"

namespace covfefe::core {

enum class TrafficClass : std::uint8_t {
  Realtime,
  Interactive,
  Bulk,
  Chat,  // in the place of dummies (Step Q10)
};

class Flows {
 public:
  static constexpr std::size_t kPlaces = 256;
  static constexpr std::int64_t kRate = 64 * 1024;    // bytes a second
  static constexpr std::int64_t kBurst = 32 * 1024;   // bytes ahead of it: bulk
  static constexpr std::int64_t kSettled = 4 * 1024;  // no more than so many: interactive again

  explicit Flows(std::uint64_t seed) : seed_(seed) {}
  // Secret and random, so that nobody can choose flows that collide.

  [[nodiscard]] TrafficClass classify(ByteView ip, Instant now);
  // A whole IPv6 packet. Interactive or Bulk; the packet is counted by that.

 private:
  struct Place {
    std::uint32_t tag = 0;
    bool bulk = false;
    Instant empty_at{};  // when what is ahead of the rate will have drained
  };
  [[nodiscard]] Place& place(std::uint64_t hash, Instant now);

  std::uint64_t seed_;
  std::array<Place, kPlaces> places_{};
};

}  // namespace covfefe::core
