// SPDX-License-Identifier: Apache-2.0
// Pre-shared keys by number, in one piece of guarded memory: sodium's guard pages cost 16 KiB for
// each allocation, so they are pooled. Thread: one.
#pragma once

#include <optional>

#include "crypto/guarded.h"
#include "crypto/types.h"

namespace covfefe::keys {

class PskPool {
 public:
  static std::optional<PskPool> make(std::size_t count);
  // Room for `count` all-zero PSKs. Nothing when guarded memory cannot be had.

  [[nodiscard]] std::size_t room() const { return memory_.size() / crypto::kKeySize; }
  [[nodiscard]] bool grow(std::size_t count);
  // At least that room, contents kept; false changes nothing.
  [[nodiscard]] crypto::SecretKey get(std::size_t at) const;
  void set(std::size_t at, crypto::KeyView psk);
  // at < room().

 private:
  explicit PskPool(crypto::Guarded memory) : memory_(std::move(memory)) {}
  crypto::Guarded memory_;
};

}  // namespace covfefe::keys
