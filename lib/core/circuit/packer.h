// SPDX-License-Identifier: Apache-2.0
// Gathers the inner frames of one lane until they are a cell's plaintext (Step E6,
// covfefe-protocol(7)). Nothing waits here longer than one step of the router. Thread: data.
#pragma once

#include "base/bytes.h"
#include "crypto/entropy.h"
#include "wire/inner.h"

namespace covfefe::core {

class Packer {
 public:
  Packer() : writer_(plain_) {}
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;

  [[nodiscard]] bool empty() const { return used_ == 0; }
  [[nodiscard]] std::size_t used() const { return used_; }

  [[nodiscard]] bool packet(ByteView ip, std::size_t limit);
  // A whole IPv6 packet that wire::parse_ipv6 would accept. This and the next: false, with nothing
  // added, when the plaintext would grow over limit (at most kLargePlain).
  [[nodiscard]] bool frame(const wire::InnerFrame& frame, std::size_t limit);

  [[nodiscard]] bool wants_acknowledgement() const { return wants_; }
  // There is more in it than acknowledgements and pongs (Step S4).

  [[nodiscard]] ByteView finish(std::size_t size, crypto::Entropy& random);
  // What was gathered, padded with random bytes to size (not less than used()). Valid until the
  // next call of anything here, which starts afresh.

 private:
  ByteArray<wire::kLargePlain> plain_{};
  wire::InnerWriter writer_;  // over plain_
  std::size_t used_ = 0;
  bool wants_ = false;
};

[[nodiscard]] std::size_t frame_size(const wire::InnerFrame& frame);
// Bytes in the plaintext, its head included.
[[nodiscard]] bool wants_acknowledgement(const wire::InnerFrame& frame);

}  // namespace covfefe::core
