// SPDX-License-Identifier: Apache-2.0
// Ed25519.
#pragma once

#include "crypto/entropy.h"
#include "crypto/types.h"

namespace covfefe::crypto {

using Signature = ByteArray<64>;

struct SigningPair {
  PublicKey public_key{};
  Secret<64> secret;
};

[[nodiscard]] SigningPair signing_pair(KeyView seed);
[[nodiscard]] SigningPair make_signing_pair(Entropy& random);

[[nodiscard]] Signature sign(const SigningPair& pair, ByteView message);
[[nodiscard]] bool verify(KeyView public_key, ByteView message, const Signature& signature);

}  // namespace covfefe::crypto
