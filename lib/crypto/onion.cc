// SPDX-License-Identifier: Apache-2.0
#include "crypto/onion.h"

#include "base/check.h"
#include "crypto/hash.h"

namespace covfefe::crypto {
namespace {

constexpr std::size_t kLargest = 1360;

using Slots = ByteArray<kSlotPlain>;

bool is_onion(std::size_t size) {
  return size == kLargest || size == 216;
}

std::span<std::uint8_t, kTagSize> tag_of(MutableBytes onion) {
  return onion.first<kTagSize>();
}
std::span<const std::uint8_t, kTagSize> tag_of(ByteView onion) {
  return onion.first<kTagSize>();
}

// What a hop's AEAD covers: the four slots behind its tag, and the body.
MutableBytes inside(MutableBytes onion) {
  return onion.subspan(kTagSize);
}
ByteView inside(ByteView onion) {
  return onion.subspan(kTagSize);
}

void seal_in_place(const KeyAt& at, MutableBytes onion) {
  aead_seal(at, {}, inside(onion), {inside(onion), tag_of(onion)});
}

// Z: the key stream over the four slots.
Slots slot_stream(const KeyAt& at) {
  Slots out{};
  stream_xor(at, 1, out, out);
  return out;
}

struct HopStream {
  ByteArray<2 * kSlotPlain> blocks{};
  [[nodiscard]] ByteView filler() const { return ByteView(blocks).subspan(32, kTagSize); }  // F
  [[nodiscard]] ByteView slots() const { return ByteView(blocks).subspan(kSlotPlain); }     // Z
};

void xor_into(MutableBytes to, ByteView from) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] ^= from[i];
}

void shift_down(MutableBytes onion) {
  // The four slots under the stripped layer become T0..T3.
  copy(onion.subspan(kTagSize, kSlotPlain), onion.first(kSlotPlain));
}

void shift_up(MutableBytes onion) {
  // T0..T3 go under the next layer, T4 is dropped.
  copy(onion.first(kSlotPlain), onion.subspan(kTagSize, kSlotPlain));
}

struct Filler {
  Slots bytes{};
  std::size_t size = 0;
};

// Step C3.2: what the fillers of all hops before the destination will have become when it opens.
Filler filler_for(OriginPath path, std::uint64_t counter) {
  Filler out;
  HopStream hop;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path.size() == 1) return out;
    stream({path[i].keys.forward.view(), counter}, hop.blocks);
    xor_into(MutableBytes(out.bytes).first(out.size), hop.slots().last(out.size));
    if (i + 1 == path.size()) break;
    copy(hop.filler(), MutableBytes(out.bytes).subspan(out.size));
    out.size += kTagSize;
    counter += path[i].delta;
  }
  return out;
}

std::uint64_t last_counter(OriginPath path, std::uint64_t first) {
  for (std::size_t i = 0; i + 1 < path.size(); ++i) first += path[i].delta;
  return first;
}

// The slot that the hop before hop `first` dropped from that hop's output (B3, slow path).
ByteArray<kTagSize> dropped_slot(std::span<const Slots> streams, std::size_t first) {
  ByteArray<kTagSize> out{};
  std::size_t at = kSlotPlain - kTagSize;
  for (std::size_t m = first; m < streams.size(); ++m, at -= kTagSize) {
    xor_into(out, ByteView(streams[m]).subspan(at, kTagSize));
  }
  return out;
}

}  // namespace

void origin_seal(OriginPath path, std::uint64_t counter, Entropy& random, MutableBytes onion) {
  CHECK(is_onion(onion.size()) && !path.empty() && path.size() <= kHopsMost);
  const Filler filler = filler_for(path, counter);
  const MutableBytes slots = onion.subspan(kTagSize, kSlotPlain);
  random.fill(slots.first(kSlotPlain - filler.size));
  copy(ByteView(filler.bytes).first(filler.size), slots.last(filler.size));
  std::uint64_t at = last_counter(path, counter);
  for (std::size_t i = path.size(); i-- > 0;) {
    seal_in_place({path[i].keys.forward.view(), at}, onion);
    if (i == 0) break;
    shift_up(onion);
    at -= path[i - 1].delta;
  }
}

void hop_seal(const KeyAt& at, Entropy& random, MutableBytes onion) {
  CHECK(is_onion(onion.size()));
  random.fill(onion.subspan(kTagSize, kSlotPlain));
  seal_in_place(at, onion);
}

bool relay_forward(const KeyAt& at, ByteView onion, MutableBytes out) {
  CHECK(is_onion(onion.size()) && out.size() == onion.size());
  if (!aead_open(at, {}, {inside(onion), tag_of(onion)}, inside(out))) return false;
  shift_down(out);
  ByteArray<kSlotPlain> block{};
  stream(at, block);
  copy(ByteView(block).subspan(32, kTagSize), out.subspan(kSlotPlain, kTagSize));
  return true;
}

bool hop_open(const KeyAt& at, ByteView onion, MutableBytes plain) {
  CHECK(is_onion(onion.size()) && plain.size() == onion.size());
  return aead_open(at, {}, {inside(onion), tag_of(onion)}, inside(plain));
}

void destination_seal(const KeyAt& at, MutableBytes onion) {
  CHECK(is_onion(onion.size()));
  copy(Slots{}, onion.subspan(kTagSize));
  seal_in_place(at, onion);
}

void relay_backward(const KeyAt& at, MutableBytes onion) {
  CHECK(is_onion(onion.size()));
  shift_up(onion);
  seal_in_place(at, onion);
}

bool origin_open(OriginPath path, std::uint64_t counter, ByteView onion, MutableBytes plain) {
  CHECK(is_onion(onion.size()) && plain.size() == onion.size());
  CHECK(!path.empty() && path.size() <= kHopsMost);
  if (path.size() == 1) return hop_open({path[0].keys.backward.view(), counter}, onion, plain);
  ByteView from = inside(onion);
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    stream_xor({path[i].keys.backward.view(), counter}, 1, from, inside(plain));
    shift_down(plain);
    from = inside(plain);
    counter += path[i].delta;
  }
  // The destination's slots were zero, so their ciphertext is the key stream; the slots that no
  // relay dropped must say the same.
  const KeyAt last{path.back().keys.backward.view(), counter};
  const Slots expected = slot_stream(last);
  const std::size_t kept = kSlotPlain - kTagSize * (path.size() - 1);
  const bool whole = equal(inside(plain).first(kept), ByteView(expected).first(kept));
  copy(expected, inside(plain));
  Tag tag{};
  copy(plain.first(kTagSize), tag);
  return aead_open(last, {}, {inside(plain), tag}, inside(plain)) && whole;
}

std::size_t first_bad_hop(OriginPath path, std::uint64_t counter, ByteView onion) {
  CHECK(is_onion(onion.size()) && !path.empty() && path.size() <= kHopsMost);
  std::array<Slots, kHopsMost> streams{};
  std::uint64_t at = counter;
  for (std::size_t i = 0; i < path.size(); at += path[i++].delta) {
    streams[i] = slot_stream({path[i].keys.backward.view(), at});
  }
  ByteArray<kLargest> space{};
  const MutableBytes cell = MutableBytes(space).first(onion.size());
  copy(onion, cell);
  at = counter;
  for (std::size_t i = 0; i < path.size(); at += path[i++].delta) {
    if (!hop_open({path[i].keys.backward.view(), at}, cell, cell)) return i + 1;
    shift_down(cell);
    copy(dropped_slot({streams.data(), path.size()}, i + 1), cell.subspan(kSlotPlain, kTagSize));
  }
  return 0;
}

}  // namespace covfefe::crypto
