// SPDX-License-Identifier: Apache-2.0
#include "crypto/hash.h"

#include <sodium.h>

#include "base/check.h"

namespace covfefe::crypto {

void blake2b(ByteView key, Parts parts, MutableBytes out) {
  CHECK(out.size() >= crypto_generichash_BYTES_MIN && out.size() <= crypto_generichash_BYTES_MAX);
  crypto_generichash_state state;
  const int started = crypto_generichash_init(&state, key.data(), key.size(), out.size());
  CHECK(started == 0);  // refuses only a key of a wrong length
  for (const ByteView part : parts) {
    crypto_generichash_update(&state, part.data(), part.size());
  }
  crypto_generichash_final(&state, out.data(), out.size());
  sodium_memzero(&state, sizeof state);
}

SecretKey kdf(KeyView key, std::uint64_t id, const char (&context)[9]) {
  SecretKey out;
  crypto_kdf_derive_from_key(out.data(), out.size(), id, context, key.data());
  return out;
}

bool equal(ByteView a, ByteView b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace covfefe::crypto
