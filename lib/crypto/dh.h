// SPDX-License-Identifier: Apache-2.0
// X25519.
#pragma once

#include <optional>

#include "crypto/entropy.h"
#include "crypto/types.h"

namespace covfefe::crypto {

struct KeyPairView {
  KeyView public_key;
  KeyView secret;
};
// Borrowed.

struct KeyPair {
  PublicKey public_key{};
  SecretKey secret;
  [[nodiscard]] KeyPairView view() const { return {public_key, secret.view()}; }
};

[[nodiscard]] KeyPair key_pair(SecretKey secret);
[[nodiscard]] KeyPair make_key_pair(Entropy& random);

[[nodiscard]] std::optional<SecretKey> dh(KeyView secret, KeyView public_key);
// Nothing when the result is zero: the other side sent a point of small order.

}  // namespace covfefe::crypto
