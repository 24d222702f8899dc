// SPDX-License-Identifier: Apache-2.0
// Forward onions and build packets made a second time, step by step as C3, C4, B4 and B5 of
// covfefe-protocol(7) say, with a choice that the product does not have: what a hop puts into the
// place that its own tag or record leaves. With KeyStream the bytes are the product's.
#pragma once

#include <vector>

#include "crypto/build.h"
#include "crypto/onion.h"

namespace covfefe::test {

enum class Refill { KeyStream, Zeros };

class OnionModel {
 public:
  explicit OnionModel(Refill refill) : refill_(refill) {}
  void seal(crypto::OriginPath path, std::uint64_t counter, crypto::Entropy& random,
            MutableBytes onion) const;
  [[nodiscard]] bool relay(const crypto::KeyAt& at, ByteView onion, MutableBytes out) const;

 private:
  [[nodiscard]] crypto::Tag refill(const crypto::KeyAt& at) const;
  Refill refill_;
};

class BuildModel {
 public:
  explicit BuildModel(Refill refill) : refill_(refill) {}
  [[nodiscard]] crypto::BuildPacket make(std::span<const crypto::BuildStop> path, ByteView payload,
                                         crypto::Entropy& random) const;
  [[nodiscard]] crypto::BuildPacket pass(const crypto::OpenedRecord& opened) const;

 private:
  [[nodiscard]] ByteArray<128> refill(const crypto::SecretKey& k1) const;
  Refill refill_;
};

}  // namespace covfefe::test
