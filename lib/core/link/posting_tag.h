// SPDX-License-Identifier: Apache-2.0
// What a Posting's tag says, so that its completion finds the ledger: link slot 20 bits, shaper
// attachment 13, what it is 2, class 3, ordinal in the class 24.
#pragma once

#include <cstdint>

#include "core/io.h"

namespace covfefe::core {

enum class Posted : std::uint8_t { Handshake = 0, SmallCell = 1, LargeCell = 2 };

struct PostingTag {
  std::uint32_t slot = 0;
  std::uint16_t life = 0;
  Posted what = Posted::Handshake;
  FlowClass as = FlowClass::Control;
  std::uint64_t ordinal = 0;
};

inline constexpr std::uint16_t kLifeMask = 0x1fff;

[[nodiscard]] constexpr std::uint64_t encode(const PostingTag& tag) {
  return std::uint64_t{tag.slot} << 42 | std::uint64_t{tag.life} << 29 |
         std::uint64_t{static_cast<std::uint8_t>(tag.what)} << 27 |
         std::uint64_t{static_cast<std::uint8_t>(tag.as)} << 24 | tag.ordinal;
}

[[nodiscard]] constexpr PostingTag decode(std::uint64_t bits) {  // of what encode() made
  return {static_cast<std::uint32_t>(bits >> 42),
          static_cast<std::uint16_t>(bits >> 29 & kLifeMask), static_cast<Posted>(bits >> 27 & 3),
          static_cast<FlowClass>(bits >> 24 & 7), bits & 0xff'ffff};
}

}  // namespace covfefe::core
