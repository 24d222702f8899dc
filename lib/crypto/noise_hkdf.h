// SPDX-License-Identifier: Apache-2.0
// Used inside lib/crypto only.
#pragma once

#include "base/inline_vec.h"
#include "crypto/types.h"

namespace covfefe::crypto {

struct NoiseOutputs {
  Secret<64> first;
  Secret<64> second;
  Secret<64> third;
};

[[nodiscard]] NoiseOutputs noise_hkdf(const Secret<64>& chaining, ByteView input);
// HKDF of the specification (section 4.3) with HMAC-BLAKE2b-512; who needs two outputs ignores the
// third.

}  // namespace covfefe::crypto
