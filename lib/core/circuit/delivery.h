// SPDX-License-Identifier: Apache-2.0
// Packets on their way to the TUN: unpacked side by side, handed over in batches. Thread: data.
#pragma once

#include <array>

#include "base/bytes.h"
#include "core/io.h"
#include "wire/limits.h"

namespace covfefe::core {

class Delivery {
 public:
  static constexpr std::size_t kBatch = 64;

  void begin(Effects& effects) { effects_ = &effects; }
  // Borrowed until end().
  void end();
  // Hands over what is left.

  [[nodiscard]] MutableBytes room();
  // kTunMtu bytes for the next packet; hands a full batch over first.
  void commit(std::size_t length);
  // The room holds a packet of this length; 0: it does not.

 private:
  void flush();

  Effects* effects_ = nullptr;
  ByteArray<kBatch * wire::kTunMtu> bytes_{};
  std::array<ByteView, kBatch> packets_{};
  std::size_t count_ = 0;
};

}  // namespace covfefe::core
