// SPDX-License-Identifier: Apache-2.0
// What hops at different places saw, and three questions about it: is every bit balanced, is every
// block of 16 bytes uniform, is every block distributed alike at all places. A fourth: did one hop
// see the same block twice.
#pragma once

#include <array>
#include <compare>
#include <map>
#include <vector>

#include "base/bytes.h"

namespace covfefe::test {

struct Place {
  std::size_t length = 0;  // of the path
  std::size_t hop = 0;     // counted from 1
  auto operator<=>(const Place&) const = default;
};

class Sameness {
 public:
  void see(const Place& place, ByteView view);
  // All views of a place have one length; places may differ in it, and are compared as far as both
  // reach.

  struct Verdict {
    double bit = 0;         // largest deviation of a bit's count from one half, in sigmas
    double block = 0;       // largest chi-square of a block's bytes against uniform, normalised
    double alike = 0;       // the same for a block between all places that have it
    std::size_t twice = 0;  // blocks that came twice in one view
    [[nodiscard]] bool hides() const { return bit < 6 && block < 6 && alike < 6 && twice == 0; }
    // Of 450,000 bits and 4,000 blocks that are random one deviates as far as 6 less than once in
    // 500 runs; and a run is always the same, since its seeds are.
  };
  [[nodiscard]] Verdict verdict() const;
  [[nodiscard]] Verdict verdict_of(const Place& place) const;
  // Without `alike`.

 private:
  static constexpr std::size_t kBlock = 16;
  using Histogram = std::array<std::uint32_t, 256>;
  struct Seen {
    std::size_t views = 0;
    std::vector<std::uint32_t> ones;  // of each bit
    std::vector<Histogram> blocks;
    std::size_t twice = 0;
  };
  [[nodiscard]] double alike(std::size_t block) const;
  std::map<Place, Seen> places_;
};

}  // namespace covfefe::test
