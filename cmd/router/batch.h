// SPDX-License-Identifier: Apache-2.0
// Values on their way to the peer database. A batch keeps its operation id until it is
// acknowledged: sent twice, it counts once. While peerdb is away values wait; beyond the bound the
// oldest give way, but for a batch that may be on the disk already: that one stays whole.
// Thread: control.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>

#include "base/bytes.h"

namespace covfefe::router {

template <typename Value, std::size_t kInBatch>
class Batch {
 public:
  using Operation = ByteArray<16>;
  static constexpr std::size_t kMost = 2 * kInBatch;  // a batch and what follows it

  void add(const Value& value) {
    if (values_.size() >= kMost) {
      values_.erase(values_.begin() + static_cast<std::ptrdiff_t>(size_));
      ++lost_;
    }
    values_.push_back(value);
  }

  bool begin(const std::function<Operation()>& fresh) {
    if (in_flight_ || values_.empty()) return false;
    if (size_ == 0) {
      size_ = std::min(values_.size(), kInBatch);
      operation_ = fresh();
    }
    in_flight_ = true;
    return true;
  }
  // True: operation() and the first size() values are to be sent now.

  [[nodiscard]] const Operation& operation() const { return operation_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] const Value& operator[](std::size_t i) const { return values_[i]; }

  void done() {
    values_.erase(values_.begin(), values_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ = 0;
    in_flight_ = false;
  }
  void failed() { in_flight_ = false; }
  // It is sent again, under the same number.

  [[nodiscard]] std::size_t waiting() const { return values_.size(); }
  [[nodiscard]] std::uint64_t lost() const { return lost_; }

 private:
  std::deque<Value> values_;
  std::size_t size_ = 0;  // of the batch at the front
  Operation operation_{};
  bool in_flight_ = false;
  std::uint64_t lost_ = 0;
};

}  // namespace covfefe::router
