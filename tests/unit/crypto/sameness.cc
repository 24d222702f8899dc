// SPDX-License-Identifier: Apache-2.0
#include "unit/crypto/sameness.h"

#include <cmath>

#include "base/bug.h"

namespace covfefe::test {
namespace {

double normalised(double chi_square, double freedom) {
  return (chi_square - freedom) / std::sqrt(2 * freedom);
}

double against_uniform(const std::array<std::uint32_t, 256>& histogram, double total) {
  double out = 0;
  for (const double n : histogram) out += (n - total / 256) * (n - total / 256) / (total / 256);
  return normalised(out, 255);
}

std::size_t blocks_twice(ByteView view, std::size_t blocks) {
  std::vector<ByteArray<16>> all(blocks);
  for (std::size_t i = 0; i < blocks; ++i) copy(view.subspan(16 * i, 16), all[i]);
  std::ranges::sort(all);
  std::size_t out = 0;
  for (std::size_t i = 1; i < blocks; ++i) out += all[i] == all[i - 1] ? 1 : 0;
  return out;
}

// Adds each bit of a byte to its own count.
void count_bits(std::uint8_t byte, std::uint32_t* ones) {
  for (int b = 0; b < 8; ++b) ones[b] += (byte >> b) & 1U;
}

}  // namespace

void Sameness::see(const Place& place, ByteView view) {
  Seen& seen = places_[place];
  if (seen.views++ == 0) {
    seen.ones.resize(8 * view.size());
    seen.blocks.resize(view.size() / kBlock);
  }
  if (seen.ones.size() != 8 * view.size()) bug("views of one place differ in length");
  for (std::size_t i = 0; i < view.size(); ++i) count_bits(view[i], &seen.ones[8 * i]);
  for (std::size_t i = 0; i < seen.blocks.size() * kBlock; ++i) ++seen.blocks[i / kBlock][view[i]];
  seen.twice += blocks_twice(view, seen.blocks.size());
}

Sameness::Verdict Sameness::verdict_of(const Place& place) const {
  const Seen& seen = places_.at(place);
  const auto views = static_cast<double>(seen.views);
  Verdict out;
  out.twice = seen.twice;
  for (const double ones : seen.ones) {
    out.bit = std::max(out.bit, std::abs(ones - views / 2) / std::sqrt(views / 4));
  }
  for (const Histogram& block : seen.blocks) {
    out.block = std::max(out.block, against_uniform(block, views * kBlock));
  }
  return out;
}

// Chi-square of homogeneity: places by byte values.
double Sameness::alike(std::size_t block) const {
  std::array<double, 256> column{};
  double total = 0;
  double rows = 0;
  for (const auto& [place, seen] : places_) {
    if (block >= seen.blocks.size()) continue;
    for (std::size_t v = 0; v < 256; ++v) column[v] += seen.blocks[block][v];
    total += static_cast<double>(seen.views * kBlock);
    rows += 1;
  }
  if (rows < 2) return 0;
  double out = 0;
  for (const auto& [place, seen] : places_) {
    if (block >= seen.blocks.size()) continue;
    for (std::size_t v = 0; v < 256; ++v) {
      const double expected = column[v] * static_cast<double>(seen.views * kBlock) / total;
      const double off = seen.blocks[block][v] - expected;
      if (expected > 0) out += off * off / expected;
    }
  }
  return normalised(out, 255 * (rows - 1));
}

Sameness::Verdict Sameness::verdict() const {
  Verdict out;
  std::size_t most = 0;
  for (const auto& [place, seen] : places_) {
    const Verdict one = verdict_of(place);
    out.bit = std::max(out.bit, one.bit);
    out.block = std::max(out.block, one.block);
    out.twice += one.twice;
    most = std::max(most, seen.blocks.size());
  }
  for (std::size_t b = 0; b < most; ++b) out.alike = std::max(out.alike, alike(b));
  return out;
}

}  // namespace covfefe::test
