// SPDX-License-Identifier: Apache-2.0
// A keystore inside a test: the same answers as the process gives, made with real Noise and real
// signatures, without sealed files and RPC. Deterministic in its seed.
#pragma once

#include <map>

#include "core/io.h"
#include "crypto/dh.h"
#include "crypto/drbg.h"
#include "crypto/noise.h"
#include "crypto/sign.h"
#include "keys/onion_keys.h"

namespace covfefe::test {

class FakeKeystore {
 public:
  explicit FakeKeystore(std::uint8_t seed);

  [[nodiscard]] const core::StaticKey& static_key() const { return keys_.public_key; }
  [[nodiscard]] const Address& address() const { return address_; }
  [[nodiscard]] const crypto::PublicKey& service_key() const { return service_.public_key; }
  // Whose hash the address is.

  void befriend(const core::StaticKey& peer, const ByteArray<32>& psk = {});
  // From now on handshakes with this key are run; psk all zero = none.
  void forget(const core::StaticKey& peer);
  void set_clock(WallTime now) { now_ = now; }
  // For certificates, which end an hour later, and onion keys, one for each epoch as in the
  // process. Moves no other clock.
  void restart();
  // Forgets what only its memory holds: pending handshakes, onion keys, which builds it opened.

  [[nodiscard]] core::KeystoreReply answer(const core::KeystoreRequest& request);

 private:
  struct Peer {
    ByteArray<32> psk{};
    std::uint64_t newest = 0;  // timestamp of the last first message
  };
  struct Gate;
  using Reply = decltype(core::KeystoreReply::answer);
  Reply run(const core::Initiate& ask);
  Reply run(const core::Finish& ask);
  Reply run(const core::Respond& ask);
  Reply run(const core::Certify& ask);
  Reply run(const core::OpenBuild& ask);
  Reply run(const core::OnionKeysQuery& ask);
  [[nodiscard]] keys::Moment moment() const;
  crypto::NoiseHandshake handshake(crypto::Role role, const core::StaticKey* peer) const;

  crypto::Drbg random_;
  crypto::KeyPair keys_;
  crypto::SigningPair service_;
  Address address_;
  WallTime now_{1'700'000'000'000'000'000};
  std::map<core::StaticKey, Peer> peers_;
  std::map<std::uint64_t, crypto::NoiseHandshake> pending_;
  std::optional<keys::OnionKeys> onion_;
  std::uint64_t next_handshake_ = 1;
  std::uint64_t timestamp_ = 1;
};

}  // namespace covfefe::test
