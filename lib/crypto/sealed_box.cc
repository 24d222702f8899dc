// SPDX-License-Identifier: Apache-2.0
#include "crypto/sealed_box.h"

#include <sodium.h>

#include <cerrno>

#include "base/check.h"
#include "crypto/aead.h"

namespace covfefe::crypto {
namespace {

bool in_range(PasswordCost cost) {
  return cost.passes >= kLeastCost.passes && cost.passes <= kMostCost.passes &&
         cost.memory_bytes >= kLeastCost.memory_bytes &&
         cost.memory_bytes <= kMostCost.memory_bytes;
}

}  // namespace

void seal_box(const BoxKey& with, Entropy& random, ByteView plain, MutableBytes out) {
  CHECK(out.size() == plain.size() + kBoxOverhead);
  const auto nonce = out.first<kXNonceSize>();
  random.fill(nonce);
  xaead_seal({with.key, nonce}, with.ad, plain, out.subspan(kXNonceSize));
}

bool open_box(const BoxKey& with, ByteView box, MutableBytes plain) {
  if (box.size() < kBoxOverhead || plain.size() != box.size() - kBoxOverhead) return false;
  return xaead_open({with.key, box.first<kXNonceSize>()}, with.ad, box.subspan(kXNonceSize), plain);
}

SysResult<SecretKey> password_key(ByteView passphrase,
                                  std::span<const std::uint8_t, kSaltSize> salt,
                                  PasswordCost cost) {
  if (!in_range(cost)) return SysError{"argon2id", "cost out of range", EINVAL};
  SecretKey out;
  const int made =
      crypto_pwhash(out.data(), out.size(), text_of(passphrase).data(), passphrase.size(),
                    salt.data(), cost.passes, cost.memory_bytes, crypto_pwhash_ALG_ARGON2ID13);
  if (made != 0) {
    return SysError{"argon2id", std::to_string(cost.memory_bytes) + " bytes", ENOMEM};
  }
  return out;
}

}  // namespace covfefe::crypto
