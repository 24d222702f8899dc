// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>

#include "base/bytes.h"
#include "crypto/types.h"

namespace covfefe::crypto {

using Parts = std::initializer_list<ByteView>;

void blake2b(ByteView key, Parts parts, MutableBytes out);
// BLAKE2b over the parts, one behind the other. out: 16..64 bytes, which enter the hash; key: none
// or 16..64 bytes.

template <std::size_t N>
[[nodiscard]] ByteArray<N> blake2b(ByteView key, Parts parts) {
  ByteArray<N> out;
  blake2b(key, parts, out);
  return out;
}

[[nodiscard]] SecretKey kdf(KeyView key, std::uint64_t id, const char (&context)[9]);
// crypto_kdf_derive_from_key: a 32-byte subkey. context: 8 characters.

[[nodiscard]] bool equal(ByteView a, ByteView b);
// Constant time for equal lengths; different lengths are false.

}  // namespace covfefe::crypto
