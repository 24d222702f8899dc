// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/delivery.h"

#include "base/check.h"

namespace covfefe::core {

MutableBytes Delivery::room() {
  if (count_ == kBatch) flush();
  return MutableBytes(bytes_).subspan(count_ * wire::kTunMtu, wire::kTunMtu);
}

void Delivery::commit(std::size_t length) {
  CHECK(length <= wire::kTunMtu && count_ < kBatch);
  if (length == 0) return;
  packets_[count_] = ByteView(bytes_).subspan(count_ * wire::kTunMtu, length);
  ++count_;
}

void Delivery::flush() {
  CHECK(effects_ != nullptr);
  if (count_ > 0) effects_->deliver({packets_.data(), count_});
  count_ = 0;
}

void Delivery::end() {
  flush();
  effects_ = nullptr;
}

}  // namespace covfefe::core
