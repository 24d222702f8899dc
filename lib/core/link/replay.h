// SPDX-License-Identifier: Apache-2.0
// Which sequence numbers of one lane have been seen (Step L12, covfefe-protocol(7)): a sliding
// bitmap of the newest `Bits` numbers (A3). Ask fresh() first, verify the cell, then set(): a
// forged cell must not move the window.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace covfefe::core {

template <std::size_t Bits>
class ReplayWindow {
  static_assert(Bits % 64 == 0);

 public:
  static constexpr std::size_t bits() { return Bits; }

  [[nodiscard]] bool fresh(std::uint64_t seq) const {
    if (seq >= next_) return true;
    if (next_ - seq > Bits) return false;
    return (words_[(seq / 64) % kWords] & bit(seq)) == 0;
  }
  // False when seq was set before, or is Bits or more below the newest.

  void set(std::uint64_t seq) {
    if (seq >= next_) advance(seq);
    words_[(seq / 64) % kWords] |= bit(seq);
    ++accepted_;
  }
  // Only after fresh(seq).

  [[nodiscard]] std::uint64_t missing() const { return next_ - accepted_; }
  // Numbers below the newest that never came, those that may still come included.

 private:
  static constexpr std::size_t kWords = Bits / 64 + 1;  // the newest word is only partly in use

  static std::uint64_t bit(std::uint64_t seq) { return std::uint64_t{1} << (seq % 64); }

  void advance(std::uint64_t seq) {
    const std::uint64_t from = next_ == 0 ? 0 : (next_ - 1) / 64 + 1;
    const std::uint64_t to = seq / 64;
    const std::uint64_t first = to - from >= kWords && to >= from ? to - kWords + 1 : from;
    for (std::uint64_t w = first; w <= to; ++w) words_[w % kWords] = 0;
    next_ = seq + 1;
  }

  std::array<std::uint64_t, kWords> words_{};
  std::uint64_t next_ = 0;  // newest + 1
  std::uint64_t accepted_ = 0;
};

}  // namespace covfefe::core
