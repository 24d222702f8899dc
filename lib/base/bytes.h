// SPDX-License-Identifier: Apache-2.0
// Views of bytes, little- and big-endian loads and stores, and a bounded reader and writer.
// Trusts nothing: Reader and Writer never pass the end; the bare loads and stores require the
// stated number of bytes and are for offsets that a length check has already covered.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace covfefe {

using ByteView = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;
template <std::size_t N>
using ByteArray = std::array<std::uint8_t, N>;

template <typename T>
[[nodiscard]] constexpr T load_le(const std::uint8_t* at) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(value | static_cast<T>(static_cast<T>(at[i]) << (8 * i)));
  }
  return value;
}
// Reads sizeof(T) bytes, T an unsigned integer.

template <typename T>
constexpr void store_le(std::uint8_t* at, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) at[i] = static_cast<std::uint8_t>(value >> (8 * i));
}
// Writes sizeof(T) bytes.

template <typename T>
[[nodiscard]] constexpr T load_be(const std::uint8_t* at) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value = static_cast<T>((value << 8) | at[i]);
  return value;
}

template <typename T>
constexpr void store_be(std::uint8_t* at, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    at[i] = static_cast<std::uint8_t>(value >> (8 * (sizeof(T) - 1 - i)));
  }
}

[[nodiscard]] inline ByteView bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
// The text's own bytes, borrowed.

[[nodiscard]] inline std::string_view text_of(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline void copy(ByteView from, MutableBytes to) {
  if (const std::size_t n = std::min(from.size(), to.size()); n != 0) {
    std::memmove(to.data(), from.data(), n);
  }
}
// Copies the shorter of the two lengths; the ranges may overlap.

[[nodiscard]] inline bool all_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; });
}
// Not constant time: for fields that are public.

class Reader {
 public:
  explicit Reader(ByteView bytes) : rest_(bytes) {}

  [[nodiscard]] std::size_t remaining() const { return rest_.size(); }
  [[nodiscard]] bool failed() const { return failed_; }
  // Sticky: true once any read asked for more than was there.

  template <typename T>
  T le() {
    const ByteView b = take(sizeof(T));
    return b.size() == sizeof(T) ? load_le<T>(b.data()) : T{};
  }
  // The next little-endian integer, 0 after a failure.

  ByteView take(std::size_t n) {
    if (failed_ || n > rest_.size()) {
      failed_ = true;
      return {};
    }
    const ByteView head = rest_.first(n);
    rest_ = rest_.subspan(n);
    return head;
  }
  // The next n bytes, or nothing and failed().

  template <std::size_t N>
  ByteArray<N> array() {
    ByteArray<N> out{};
    copy(take(N), out);
    return out;
  }

 private:
  ByteView rest_;
  bool failed_ = false;
};

class Writer {
 public:
  explicit Writer(MutableBytes bytes) : all_(bytes) {}

  [[nodiscard]] std::size_t written() const { return at_; }
  [[nodiscard]] std::size_t room() const { return all_.size() - at_; }
  [[nodiscard]] bool failed() const { return failed_; }
  // Sticky: true once any write did not fit; what did not fit is not written at all.

  template <typename T>
  void le(T value) {
    if (MutableBytes b = skip(sizeof(T)); !b.empty()) store_le<T>(b.data(), value);
  }

  void bytes(ByteView from) {
    if (MutableBytes b = skip(from.size()); !b.empty()) copy(from, b);
  }

  MutableBytes skip(std::size_t n) {
    if (failed_ || n > room()) {
      failed_ = true;
      return {};
    }
    const MutableBytes out = all_.subspan(at_, n);
    at_ += n;
    return out;
  }
  // Reserves the next n bytes, whose contents are left as they are.

 private:
  MutableBytes all_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace covfefe
