// SPDX-License-Identifier: Apache-2.0
#include "rpc/frame_guard.h"

#include <algorithm>

namespace covfefe::rpc {

Result<void> FrameGuard::consume(ByteView bytes) {
  if (part_ == Part::Refused) return Reject::Unexpected;
  while (!bytes.empty()) {
    if (part_ == Part::Body) {
      const auto skipped =
          static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, bytes.size()));
      body_left_ -= skipped;
      bytes = bytes.subspan(skipped);
      if (body_left_ == 0) part_ = Part::Count;
      continue;
    }
    partial_ |= static_cast<std::uint32_t>(bytes[0]) << (8 * partial_bytes_);
    bytes = bytes.subspan(1);
    if (++partial_bytes_ < 4) continue;
    const std::uint32_t word = partial_;
    partial_ = partial_bytes_ = 0;
    if (const Result<void> taken = take_header_word(word); !taken) return taken;
  }
  return {};
}

Result<void> FrameGuard::take_header_word(std::uint32_t word) {
  if (part_ == Part::Count) {
    // The word is the count less one: 0xffffffff would wrap to no segments at all.
    if (word >= limits_.segments) return refuse(Reject::WrongValue);
    sizes_left_ = word + 1;
    padded_ = sizes_left_ % 2 == 0;  // count and sizes together fill whole 8-byte words
    words_ = 0;
    part_ = Part::Sizes;
    return {};
  }
  if (part_ == Part::Sizes) {
    words_ += word;
    if (words_ > limits_.words) return refuse(Reject::WrongLength);
    if (--sizes_left_ != 0) return {};
    if (padded_) {
      part_ = Part::Padding;
      return {};
    }
  }
  body_left_ = words_ * 8;
  part_ = body_left_ == 0 ? Part::Count : Part::Body;
  return {};
}

Result<void> FrameGuard::refuse(Reject reason) {
  part_ = Part::Refused;
  return reason;
}

}  // namespace covfefe::rpc
