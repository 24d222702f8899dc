// SPDX-License-Identifier: Apache-2.0
// Watches the Cap'n Proto framing of a byte stream before the library acts on it. The library
// itself computes segment count + 1 in 32 bits and allocates what the sizes say; here a count or a
// size beyond the edge's limits is refused while it is still just bytes. Knows no KJ.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace covfefe::rpc {

struct FrameLimits {
  std::uint32_t segments = 64;
  // A message builder starts at 1,024 words and doubles: 64 Ki words never need more than 10.
  std::uint64_t words = 64 * 1024;  // of all segments of one message together
};

class FrameGuard {
 public:
  explicit FrameGuard(FrameLimits limits) : limits_(limits) {}

  Result<void> consume(ByteView bytes);
  // The next bytes of the stream in any portions. Once refused, everything after is refused too.

 private:
  enum class Part : std::uint8_t { Count, Sizes, Padding, Body, Refused };
  Result<void> take_header_word(std::uint32_t word);
  Result<void> refuse(Reject reason);

  FrameLimits limits_;
  Part part_ = Part::Count;
  std::uint32_t partial_ = 0;  // little-endian bytes of the header word so far
  std::uint32_t partial_bytes_ = 0;
  std::uint32_t sizes_left_ = 0;
  bool padded_ = false;
  std::uint64_t words_ = 0;
  std::uint64_t body_left_ = 0;  // bytes
};

}  // namespace covfefe::rpc
