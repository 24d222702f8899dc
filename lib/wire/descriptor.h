// SPDX-License-Identifier: Apache-2.0
// What a friend says of a node that can be reached through it (Steps D4 to D7,
// covfefe-protocol(7)). No IP address, no name, no key that outlives its epoch. Trusts nothing.
//
//   handle 16, onion key 32, tag 16, service tag 16, expiry 4, parent 2, depth 1, rate 1,
//   availability 1, zero 7
#pragma once

#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/build.h"

namespace covfefe::wire {

inline constexpr std::size_t kDescriptorSize = 96;
inline constexpr std::size_t kDescriptorsMost = 512;      // of one friend
inline constexpr std::size_t kDescriptorsInMessage = 12;  // 1,152 B and the message's head: one L
inline constexpr std::uint16_t kNoParent = 0xffff;        // the serving friend itself
inline constexpr std::uint8_t kDepthMost = 3;             // 3r: four friendships
inline constexpr std::uint32_t kEpochSeconds = 3'600;
inline constexpr std::uint32_t kEpochGrace = 600;  // seconds that descriptors outlive their epoch

struct Descriptor {
  Handle handle{};  // never zero
  ByteArray<32> onion_key{};
  ByteArray<16> tag{};               // disjointness
  ByteArray<16> service_tag{};       // zero: relays only
  std::uint32_t expiry = 0;          // Unix seconds: the end of an epoch and the grace
  std::uint16_t parent = kNoParent;  // place in the list, before this one's
  std::uint8_t depth = 1;            // 1..kDepthMost
  std::uint8_t rate = 0;             // log2 of B/s, 0 = unknown
  std::uint8_t availability = 0;     // per cent
  bool operator==(const Descriptor&) const = default;
};

[[nodiscard]] constexpr std::uint32_t expiry_of(std::uint32_t epoch) {
  return (epoch + 1) * kEpochSeconds + kEpochGrace;
}
// Of an epoch's descriptors, Unix seconds. epoch: Unix seconds / kEpochSeconds.
[[nodiscard]] constexpr std::uint32_t epoch_of(const Descriptor& descriptor) {
  return descriptor.expiry / kEpochSeconds - 1;
}

[[nodiscard]] Result<Descriptor> parse_descriptor(ByteView bytes);
// Each field within its range; whether the parent is right only the list shows.
void write_descriptor(const Descriptor& descriptor, MutableBytes out);
// out: kDescriptorSize bytes.

[[nodiscard]] bool follows(const Descriptor& descriptor, std::span<const Descriptor> before);
// The parent is in `before` and one less deep, the epoch is the list's.
[[nodiscard]] bool all_distinct(std::span<const Descriptor> list);
// No handle comes twice.

[[nodiscard]] Result<std::vector<Descriptor>> parse_descriptors(ByteView bytes);
// A whole list: at most kDescriptorsMost, each follows() those before it, all_distinct().
[[nodiscard]] std::vector<std::uint8_t> write_descriptors(std::span<const Descriptor> list);

}  // namespace covfefe::wire
