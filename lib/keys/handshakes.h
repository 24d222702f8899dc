// SPDX-License-Identifier: Apache-2.0
// Whole Noise_IKpsk2 handshakes of links, both roles (Steps N8 to N11, covfefe-protocol(7)):
// fixed-size inputs, and what comes out is the session of an authenticated friend, never a bare
// Diffie-Hellman. Messages are hostile; who sent them is unknown until they verify. Thread: one.
#pragma once

#include <map>

#include "crypto/noise.h"
#include "keys/contents.h"
#include "keys/peers.h"

namespace covfefe::keys {

inline constexpr std::string_view kPrologue = "covfefe link v1";
inline constexpr std::uint16_t kLinkVersion = 1;
inline constexpr std::size_t kPayload1 = 120;  // TAI64N 12 | boot id 8 | version 2 | flags 2 | zero
inline constexpr std::size_t kPayload2 = 164;  // boot id 8 | version 2 | flags 2 | zero
inline constexpr std::size_t kMessage1 = 216;  // e 32 | s 32 + 16 | payload 120 + 16
inline constexpr std::size_t kMessage2 = 212;  // e 32 | payload 164 + 16
inline constexpr std::size_t kMaxPending = 4'096;

using BootId = ByteArray<8>;

struct Established {
  crypto::PublicKey static_key{};  // the authenticated friend
  crypto::NoiseKeys keys;
  BootId boot_id{};
  std::uint16_t version = 0;
  std::uint16_t flags = 0;
};

struct Initiated {
  std::uint64_t handshake = 0;
  ByteArray<kMessage1> message{};
};

struct Responded {
  Established session;
  ByteArray<kMessage2> message{};
  Tai64n timestamp;
};

class Handshakes {
 public:
  Handshakes(const Contents& contents, Peers& peers, crypto::Entropy& random)
      : contents_(contents), peers_(peers), random_(random) {}
  // All three must outlive this, and `contents` stay where it is.

  struct First {
    crypto::PublicKey to{};
    BootId boot_id{};
    Tai64n timestamp;  // above every one sent before, and durable as such
  };
  Result<Initiated> initiate(const First& first);
  // Unknown: no such friend is loaded. The oldest of kMaxPending makes room. Forged: the friend's
  // static key gives a zero DH.

  Result<Established> finish(std::uint64_t handshake, ByteView message);
  // Unknown: no such handshake, or its friend is gone. A forged message leaves it pending.

  Result<Responded> respond(ByteView message, const BootId& own);
  // Unknown: decrypted, but no loaded friend; no DH with that key was done. Replayed: the timestamp
  // is not above the greatest seen of this friend.

  void forget(const crypto::PublicKey& static_key);
  // Drops its pending handshakes.
  [[nodiscard]] std::size_t pending() const { return pending_.size(); }

 private:
  struct Pending {
    crypto::PublicKey to{};
    crypto::NoiseHandshake noise;
  };
  class Gate;

  crypto::NoiseSetup setup(crypto::Role role, const RootKeys::Open& open) const;
  std::optional<crypto::SecretKey> psk_of(const crypto::PublicKey& static_key) const;

  const Contents& contents_;
  Peers& peers_;
  crypto::Entropy& random_;
  std::map<std::uint64_t, Pending> pending_;  // ascending numbers: the first is the oldest
  std::uint64_t next_ = 1;
};

}  // namespace covfefe::keys
