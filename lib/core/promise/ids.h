// SPDX-License-Identifier: Apache-2.0
// Numbers by which the operator names what is promised: random, six digits, told apart by who keeps
// them. A promise between friends bears the same number on the wire (Step P1, covfefe-protocol(7))
// and in the tag of its lease.
#pragma once

#include <cstdint>

#include "crypto/drbg.h"

namespace covfefe::core {

struct PromiseRange {
  std::uint32_t first;
  std::uint32_t end;
};
inline constexpr PromiseRange kFriendPromises{100'000, 500'000};
inline constexpr PromiseRange kCircuitPromises{500'000, 900'000};

[[nodiscard]] constexpr bool is_in(PromiseRange range, std::uint32_t id) {
  return id >= range.first && id < range.end;
}

[[nodiscard]] inline std::uint32_t any_promise(PromiseRange range, crypto::Drbg& random) {
  ByteArray<8> bytes{};
  random.fill(bytes);
  return range.first + static_cast<std::uint32_t>(load_le<std::uint64_t>(bytes.data()) %
                                                  (range.end - range.first));
}
// May be taken already: the caller looks.

}  // namespace covfefe::core
