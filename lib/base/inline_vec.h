// SPDX-License-Identifier: Apache-2.0
// A vector of at most N trivially copyable values, stored in place: no allocation on the packet
// path.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <type_traits>

#include "base/bug.h"

namespace covfefe {

template <typename T, std::size_t N>
class InlineVec {
 public:
  [[nodiscard]] bool full() const { return size_ == N; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  static constexpr std::size_t capacity() { return N; }

  T& push_back(T value) {
    if (full()) bug("InlineVec overflow");
    items_[size_] = std::move(value);
    return items_[size_++];
  }
  // Pushing onto a full vector is a bug: ask full() first.

  void clear() { size_ = 0; }
  T& operator[](std::size_t i) { return items_[i]; }
  const T& operator[](std::size_t i) const { return items_[i]; }
  T* begin() { return items_.data(); }
  T* end() { return items_.data() + size_; }
  const T* begin() const { return items_.data(); }
  const T* end() const { return items_.data() + size_; }
  [[nodiscard]] std::span<const T> view() const { return {items_.data(), size_}; }

 private:
  std::array<T, N> items_{};
  std::size_t size_ = 0;
};

}  // namespace covfefe
