// SPDX-License-Identifier: Apache-2.0
// Hands out given bytes in order: for known answers.
#pragma once

#include <vector>

#include "base/bug.h"
#include "crypto/entropy.h"

namespace covfefe::test {

class FixedEntropy final : public crypto::Entropy {
 public:
  explicit FixedEntropy(std::vector<std::uint8_t> bytes) : bytes_(std::move(bytes)) {}
  void fill(MutableBytes out) override {
    if (out.size() > bytes_.size() - at_) bug("FixedEntropy is used up");
    copy(ByteView(bytes_).subspan(at_, out.size()), out);
    at_ += out.size();
  }
  [[nodiscard]] bool used_up() const { return at_ == bytes_.size(); }

 private:
  std::vector<std::uint8_t> bytes_;
  std::size_t at_ = 0;
};

}  // namespace covfefe::test
