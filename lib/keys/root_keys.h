// SPDX-License-Identifier: Apache-2.0
// Everything that a node's one seed gives (Step N5, covfefe-protocol(7)). The seed and what is used
// often lie in guarded memory, closed between uses; signing keys are derived for each signature and
// wiped. Public keys are values. Thread: one.
#pragma once

#include <optional>

#include "base/address.h"
#include "crypto/dh.h"
#include "crypto/guarded.h"
#include "crypto/hash.h"
#include "crypto/session.h"
#include "crypto/sign.h"

namespace covfefe::keys {

struct PublicIdentity {
  crypto::PublicKey identity_key{};    // Ed25519, KDF id 1
  crypto::PublicKey static_key{};      // X25519, KDF id 2
  crypto::Signature static_signature;  // by identity_key over "covfefe static v1" || static_key
  crypto::PublicKey service_key{};     // Ed25519, KDF id 3
  Address address;                     // of service_key
};

[[nodiscard]] bool is_static_signed(const PublicIdentity& identity);
// Does static_signature verify? For cards from elsewhere.

class RootKeys {
 public:
  static std::optional<RootKeys> from_seed(crypto::KeyView seed);
  // Nothing when guarded memory cannot be had or locked.

  [[nodiscard]] const PublicIdentity& identity() const { return identity_; }

  using Open = crypto::Guarded::Reading;
  [[nodiscard]] Open open() const { return Open(memory_); }
  // One at a time; the functions below that take none open by themselves.
  [[nodiscard]] crypto::KeyView seed(const Open& open) const;
  [[nodiscard]] crypto::KeyPairView static_pair(const Open& open) const;
  // The view may be kept while these RootKeys live where they are, and read only while open.

  [[nodiscard]] crypto::Certificate certify(const crypto::PublicKey& session_key,
                                            std::int64_t not_after) const;
  [[nodiscard]] ByteArray<32> mac(crypto::Parts parts) const;
  // BLAKE2b-256 under the endorsement key, KDF id 4.

 private:
  explicit RootKeys(crypto::Guarded memory) : memory_(std::move(memory)) {}
  crypto::Guarded memory_;  // seed 32, X25519 static secret 32, endorsement key 32
  PublicIdentity identity_;
};

}  // namespace covfefe::keys
