// SPDX-License-Identifier: Apache-2.0
#include <sodium.h>

#include "base/check.h"
#include "crypto/dh.h"
#include "crypto/sign.h"

namespace covfefe::crypto {

bool init() {
  return sodium_init() >= 0;
}

KeyPair key_pair(SecretKey secret) {
  KeyPair out{{}, std::move(secret)};
  crypto_scalarmult_base(out.public_key.data(), out.secret.data());
  return out;
}

KeyPair make_key_pair(Entropy& random) {
  SecretKey secret;
  random.fill(secret.mutable_view());
  return key_pair(std::move(secret));
}

std::optional<SecretKey> dh(KeyView secret, KeyView public_key) {
  SecretKey out;
  if (crypto_scalarmult(out.data(), secret.data(), public_key.data()) != 0) return std::nullopt;
  return out;
}

SigningPair signing_pair(KeyView seed) {
  SigningPair out;
  crypto_sign_seed_keypair(out.public_key.data(), out.secret.data(), seed.data());
  return out;
}

SigningPair make_signing_pair(Entropy& random) {
  SecretKey seed;
  random.fill(seed.mutable_view());
  return signing_pair(seed.view());
}

Signature sign(const SigningPair& pair, ByteView message) {
  Signature out{};
  crypto_sign_detached(out.data(), nullptr, message.data(), message.size(), pair.secret.data());
  return out;
}

bool verify(KeyView public_key, ByteView message, const Signature& signature) {
  return crypto_sign_verify_detached(signature.data(), message.data(), message.size(),
                                     public_key.data()) == 0;
}

}  // namespace covfefe::crypto
