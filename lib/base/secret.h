// SPDX-License-Identifier: Apache-2.0
// Key bytes that wipe themselves. Move-only, not comparable, not printable; whoever needs another
// copy says so with duplicate().
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace covfefe {

template <std::size_t N>
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::span<const std::uint8_t, N> from) { copy(from, bytes_); }
  Secret(Secret&& other) noexcept { take(other); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) take(other);
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { wipe(); }

  [[nodiscard]] Secret duplicate() const {
    return Secret(std::span<const std::uint8_t, N>(bytes_));
  }
  [[nodiscard]] const std::uint8_t* data() const { return bytes_.data(); }
  [[nodiscard]] std::uint8_t* data() { return bytes_.data(); }
  [[nodiscard]] std::span<const std::uint8_t, N> view() const { return bytes_; }
  [[nodiscard]] std::span<std::uint8_t, N> mutable_view() { return bytes_; }
  static constexpr std::size_t size() { return N; }

  void wipe() {
    // Volatile, so that a store before destruction is not dropped as dead.
    volatile std::uint8_t* p = bytes_.data();
    for (std::size_t i = 0; i < N; ++i) p[i] = 0;
  }

 private:
  void take(Secret& other) {
    bytes_ = other.bytes_;
    other.wipe();
  }
  ByteArray<N> bytes_{};
};

}  // namespace covfefe
