// SPDX-License-Identifier: Apache-2.0
// What a Posting's tag says, so that its completion finds the ledger: link slot 24 bits, shaper
// attachment 13, large 1, lane 2, ordinal in the lane 24.
#pragma once

#include <cstdint>

#include "core/io.h"

namespace covfefe::core {

struct PostingTag {
  std::uint32_t slot = 0;
  std::uint16_t life = 0;
  bool large = false;
  Lane lane = Lane::Link;
  std::uint64_t ordinal = 0;
};

inline constexpr std::uint16_t kLifeMask = 0x1fff;

[[nodiscard]] constexpr std::uint64_t encode(const PostingTag& tag) {
  return std::uint64_t{tag.slot} << 40 | std::uint64_t{tag.life} << 27 |
         std::uint64_t{tag.large ? 1u : 0u} << 26 |
         std::uint64_t{static_cast<std::uint8_t>(tag.lane)} << 24 | tag.ordinal;
}

[[nodiscard]] constexpr PostingTag decode(std::uint64_t bits) {
  return {static_cast<std::uint32_t>(bits >> 40),
          static_cast<std::uint16_t>(bits >> 27 & kLifeMask), (bits >> 26 & 1) != 0,
          static_cast<Lane>(bits >> 24 & 3), bits & 0xff'ffff};
}

}  // namespace covfefe::core
