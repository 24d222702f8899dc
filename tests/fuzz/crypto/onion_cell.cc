// SPDX-License-Identifier: Apache-2.0
// Data onions through the code of every party. Input: length of the path, the hop that is looked
// at, flags (1: L cell; 2: the rest is a cell, else it is a body and a mask), then bytes. A cell
// that nobody sealed is refused by all; a sealed one is refused exactly if its mask is not zero.
#include <vector>

#include "base/bug.h"
#include "crypto/drbg.h"
#include "crypto/onion.h"

using namespace covfefe;
using namespace covfefe::crypto;

namespace {

using Bytes = std::vector<std::uint8_t>;
enum : std::uint8_t { kLargeFlag = 1, kCellFlag = 2 };
constexpr std::size_t kLarge = 1360;
constexpr std::size_t kSmall = 216;
constexpr std::uint64_t kFirst = ~0ULL - 1;  // wraps on the way

void require(bool holds) {
  if (!holds) bug("an onion came out otherwise than it must");
}

struct Circuit {
  explicit Circuit(std::size_t length) : random(KeyView(ByteArray<32>{43})) {
    std::uint64_t at = kFirst;
    for (std::size_t i = 0; i < length; ++i) {
      OriginHop hop;
      random.fill(hop.keys.forward.mutable_view());
      random.fill(hop.keys.backward.mutable_view());
      hop.delta = random.next_u64();
      hops.push_back(std::move(hop));
      counters.push_back(at);
      at += hops.back().delta;
    }
  }
  [[nodiscard]] KeyAt forward(std::size_t i) const {
    return {hops[i].keys.forward.view(), counters[i]};
  }
  [[nodiscard]] KeyAt backward(std::size_t i) const {
    return {hops[i].keys.backward.view(), counters[i]};
  }
  // What hop i does with a cell; nothing if it refuses.
  [[nodiscard]] bool step(std::size_t i, Bytes& onion) const {
    Bytes out(onion.size());
    const bool last = i + 1 == hops.size();
    const bool good =
        last ? hop_open(forward(i), onion, out) : relay_forward(forward(i), onion, out);
    if (good) onion = out;
    return good;
  }

  Drbg random;
  std::vector<OriginHop> hops;
  std::vector<std::uint64_t> counters;
};

void unsealed(Circuit& circuit, std::size_t looked_at, const Bytes& cell) {
  Bytes onion = cell;
  require(!circuit.step(looked_at, onion) && onion == cell);
  Bytes plain(cell.size());
  require(!origin_open(circuit.hops, kFirst, cell, plain));
  require(first_bad_hop(circuit.hops, kFirst, cell) == 1);
  relay_backward(circuit.backward(looked_at), onion);
  require(onion != cell);
}

void forward(Circuit& circuit, std::size_t looked_at, const Bytes& sent, ByteView mask) {
  Bytes onion = sent;
  origin_seal(circuit.hops, kFirst, circuit.random, onion);
  for (std::size_t i = 0; i < looked_at; ++i) require(circuit.step(i, onion));
  for (std::size_t i = 0; i < mask.size(); ++i) onion[i] ^= mask[i];
  require(circuit.step(looked_at, onion) == all_zero(mask));
  if (!all_zero(mask)) return;
  for (std::size_t i = looked_at + 1; i < circuit.hops.size(); ++i) require(circuit.step(i, onion));
  require(std::ranges::equal(body_of(ByteView(onion)), body_of(ByteView(sent))));
}

// The mask meets the cell on its way from hop `looked_at` to the one before. What a later relay
// drops may be changed, the body may not.
void backward(Circuit& circuit, std::size_t looked_at, const Bytes& sent, ByteView mask) {
  Bytes onion = sent;
  destination_seal(circuit.backward(circuit.hops.size() - 1), onion);
  for (std::size_t i = circuit.hops.size() - 1; i-- > looked_at;) {
    relay_backward(circuit.backward(i), onion);
  }
  for (std::size_t i = 0; i < mask.size(); ++i) onion[i] ^= mask[i];
  for (std::size_t i = looked_at; i-- > 0;) relay_backward(circuit.backward(i), onion);
  Bytes plain(onion.size());
  const bool opened = origin_open(circuit.hops, kFirst, onion, plain);
  const bool whole = mask.size() <= kSlotsSize || all_zero(body_of(mask));
  require(!opened || whole);
  require(opened || !all_zero(mask));
  if (opened) require(std::ranges::equal(body_of(ByteView(plain)), body_of(ByteView(sent))));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3 || size > 3 + 2 * kLarge) return 0;
  Circuit circuit(1 + data[0] % kHopsMost);
  const std::size_t looked_at = data[1] % circuit.hops.size();
  const std::uint8_t flags = data[2];
  const std::size_t length = (flags & kLargeFlag) != 0 ? kLarge : kSmall;
  const ByteView rest(data + 3, size - 3);
  Bytes cell(length);
  copy(rest, cell);
  if ((flags & kCellFlag) != 0) {
    unsealed(circuit, looked_at, cell);
    return 0;
  }
  ByteView mask = rest.subspan(std::min(rest.size(), length));
  mask = mask.first(std::min(mask.size(), length));
  forward(circuit, looked_at, cell, mask);
  backward(circuit, looked_at, cell, mask);
  return 0;
}
