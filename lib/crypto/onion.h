// SPDX-License-Identifier: Apache-2.0
// The data onion (Steps C3 to C7, covfefe-protocol(7); B3). An onion is 5 tag slots and a body:
// 1,360 or 216 bytes. No allocation; windows are checked by the caller where the steps say so.
//
// Forward:  origin_seal -> relay_forward ... -> hop_open at the destination
// Backward: destination_seal -> relay_backward ... -> origin_open at the origin
#pragma once

#include "base/result.h"
#include "crypto/aead.h"
#include "crypto/entropy.h"

namespace covfefe::crypto {

inline constexpr std::size_t kSlotsSize = 80;
inline constexpr std::size_t kSlotPlain = 64;  // the four slots under a hop's layer
inline constexpr std::size_t kHopsMost = 5;

struct HopKeys {
  SecretKey forward;
  SecretKey backward;
};
struct OriginHop {
  HopKeys keys;
  std::uint64_t delta = 0;  // counter on the next link minus counter on this one, mod 2^64
};
using OriginPath = std::span<const OriginHop>;  // 1..kHopsMost hops, the destination last

[[nodiscard]] inline MutableBytes body_of(MutableBytes onion) {
  return onion.subspan(kSlotsSize);
}
[[nodiscard]] inline ByteView body_of(ByteView onion) {
  return onion.subspan(kSlotsSize);
}

void origin_seal(OriginPath path, std::uint64_t counter, Entropy& random, MutableBytes onion);
// In place: the body stands at body_of(onion), the slots are written. counter: on the first link,
// never twice.
void hop_seal(const KeyAt& at, Entropy& random, MutableBytes onion);
// The same for one hop and a bare key: the link circuit in both directions, a direct circuit.

[[nodiscard]] bool relay_forward(const KeyAt& at, ByteView onion, MutableBytes out);
// Verifies and strips one layer; out is an onion for the next link. False: bad tag, out is void.
// The two must not overlap.

[[nodiscard]] bool hop_open(const KeyAt& at, ByteView onion, MutableBytes plain);
// At the destination (and the link circuit). plain has the onion's length; on success the body
// stands at body_of(plain). The same bytes or no overlap.

void destination_seal(const KeyAt& at, MutableBytes onion);
// Backward, in place: the body stands at body_of(onion), the slots are written.
void relay_backward(const KeyAt& at, MutableBytes onion);
// In place. at.counter: the incoming counter minus delta. The window was checked AND SET before: a
// repeated counter would repeat a nonce.

[[nodiscard]] bool origin_open(OriginPath path, std::uint64_t counter, ByteView onion,
                               MutableBytes plain);
// All layers; counter: on the first link. plain as in hop_open. False: void; ask first_bad_hop.
[[nodiscard]] std::size_t first_bad_hop(OriginPath path, std::uint64_t counter, ByteView onion);
// Slow path after origin_open failed: 1..n = the first hop whose tag does not verify (the link
// before it or that hop is at fault), 0 = none.

}  // namespace covfefe::crypto
