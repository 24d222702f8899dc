// SPDX-License-Identifier: Apache-2.0
// Control messages between routers as bytes: one unpacked Cap'n Proto message of one segment
// (Step K2, covfefe-protocol(7)). What arrives was written by a friend's machine and is not
// trusted: one segment, traversal 256 words, nesting 4; an unknown kind, class, direction or
// reason, a wrong length or bytes after the segment refuse the whole message.
#pragma once

#include "wire/control.h"

namespace covfefe::rpc {

class ControlCodec final : public wire::ControlCodec {
 public:
  std::size_t encode(const wire::Control& control, MutableBytes out) override;
  // Bytes written; 0 if `out` is too small. At most wire::kControlMostLarge for any value.
  Result<wire::Control> decode(ByteView bytes) override;
  // Exactly the bytes of one message. No exception leaves; one made by a lying pointer costs about
  // 6 microseconds.
};
// Thread: the caller's. Needs no KJ event loop.

}  // namespace covfefe::rpc
