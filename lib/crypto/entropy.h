// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"

namespace covfefe::crypto {

class Entropy {
 public:
  virtual ~Entropy() = default;
  virtual void fill(MutableBytes out) = 0;
  // Uniform, unpredictable bytes; never fails.
};

class SystemEntropy final : public Entropy {
 public:
  void fill(MutableBytes out) override;
  // One getrandom(2) each time: for keys, not for packets.
};

}  // namespace covfefe::crypto
