// SPDX-License-Identifier: Apache-2.0
// What the sealed key file holds, as a value and as bytes (never on disk unsealed). Trusts the
// bytes only as far as their seal: they are still checked field by field. Thread: one.
#pragma once

#include <optional>
#include <vector>

#include "keys/psk_pool.h"
#include "keys/root_keys.h"
#include "keys/tai64n.h"

namespace covfefe::keys {

inline constexpr std::size_t kMaxEndorsed = 4'096;

struct Endorsed {
  crypto::PublicKey identity_key{};
  crypto::PublicKey static_key{};
  std::uint64_t floor = 0;   // endorsements with a smaller serial are void
  std::uint64_t newest = 0;  // the last that was made; floor follows once it is in use
};
// Whoever is not listed is no friend: revoking is forgetting, and never lacks room.

struct Contents {
  RootKeys root;
  std::uint64_t next_serial = 1;
  Tai64n ceiling;  // of handshake timestamps
  std::vector<Endorsed> friends;
  PskPool psks;  // psks.get(i) belongs to friends[i]; all zero: none

  [[nodiscard]] std::optional<std::size_t> find(const crypto::PublicKey& identity_key) const;
  void erase(std::size_t at);
  // Wipes the PSK; the last friend takes the number.
};

[[nodiscard]] std::optional<Contents> fresh_contents(crypto::KeyView seed);
// Nothing when guarded memory cannot be had or locked.

[[nodiscard]] std::size_t encoded_size(const Contents& contents);
void encode(const Contents& contents, MutableBytes out);
// out: encoded_size() bytes of guarded memory, for they hold the seed and every PSK.

enum class DecodeFault : std::uint8_t { Malformed, NoMemory };
[[nodiscard]] Expected<Contents, DecodeFault> decode(ByteView bytes);

}  // namespace covfefe::keys
