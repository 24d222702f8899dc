// SPDX-License-Identifier: Apache-2.0
// ChaCha20-Poly1305 (RFC 8439), detached, with the project's nonce: 0^4 || LE64(counter). No
// allocation. A key and counter must never seal twice; the callers' counters see to it.
#pragma once

#include "base/bytes.h"
#include "crypto/types.h"

namespace covfefe::crypto {

struct KeyAt {
  KeyView key;
  std::uint64_t counter = 0;
};

struct SealedOut {
  MutableBytes text;
  std::span<std::uint8_t, kTagSize> tag;
};
struct SealedIn {
  ByteView text;
  std::span<const std::uint8_t, kTagSize> tag;
};

void aead_seal(const KeyAt& at, ByteView ad, ByteView plain, const SealedOut& out);
// out.text is as long as plain; the two are the same bytes or do not overlap.

[[nodiscard]] bool aead_open(const KeyAt& at, ByteView ad, const SealedIn& in, MutableBytes plain);
// Verifies before it decrypts: false leaves plain untouched. Same rule about overlapping.

void stream(const KeyAt& at, MutableBytes out);
// Key stream of ChaCha20 from block 0.
void stream_xor(const KeyAt& at, std::uint32_t block, ByteView in, MutableBytes out);
// XORs the key stream from `block` on; in and out are the same bytes or do not overlap.

inline constexpr std::size_t kXNonceSize = 24;
struct XKey {
  KeyView key;
  std::span<const std::uint8_t, kXNonceSize> nonce;  // random: long enough never to repeat
};

void xaead_seal(const XKey& with, ByteView ad, ByteView plain, MutableBytes out);
[[nodiscard]] bool xaead_open(const XKey& with, ByteView ad, ByteView sealed, MutableBytes plain);
// XChaCha20-Poly1305, tag behind the text: sealed is kTagSize longer than plain.

}  // namespace covfefe::crypto
