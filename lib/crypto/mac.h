// SPDX-License-Identifier: Apache-2.0
// mac1, mac2 and cookies of the handshake datagrams (Steps L2, L3, covfefe-protocol(7)). Strangers
// cost one keyed hash. Secrets' rotation and rate limits are the caller's.
#pragma once

#include <optional>

#include "base/address.h"
#include "crypto/entropy.h"
#include "crypto/types.h"

namespace covfefe::crypto {

inline constexpr std::size_t kMacSize = 16;
inline constexpr std::size_t kSealedCookie = 24 + 16 + 16;  // nonce, cookie, tag
using Cookie = ByteArray<kMacSize>;

[[nodiscard]] PublicKey mac1_key(KeyView responder_static);
// BLAKE2b-256("covfefe mac1 v1" || responder static). Not secret among friends.
[[nodiscard]] PublicKey cookie_key(KeyView responder_static);
// BLAKE2b-256("covfefe cookie v1" || responder static).

void put_mac1(KeyView key, MutableBytes datagram);
void put_mac2(const Cookie& cookie, MutableBytes datagram);
// datagram: 256 bytes; the MACs are its last two 16-byte fields, mac1 before mac2.
[[nodiscard]] bool check_mac1(KeyView key, ByteView datagram);
[[nodiscard]] bool check_mac2(const Cookie& cookie, ByteView datagram);
// False for any other length.
[[nodiscard]] bool has_mac2(ByteView datagram);
// It is not all zero, as it is without a cookie. datagram: 256 bytes.
[[nodiscard]] ByteArray<kMacSize> mac1_of(ByteView datagram);

[[nodiscard]] Cookie make_cookie(KeyView secret, const Endpoint& from);
// Proof that whoever shows it can receive at `from`: keyed BLAKE2b-128 over address and port.

struct CookieSealing {
  KeyView key;               // cookie_key of the one who answers
  ByteArray<kMacSize> mac1;  // of the datagram that is answered: binds the reply to it
};
void seal_cookie(const CookieSealing& with, const Cookie& cookie, Entropy& random,
                 std::span<std::uint8_t, kSealedCookie> out);
[[nodiscard]] std::optional<Cookie> open_cookie(
    const CookieSealing& with, std::span<const std::uint8_t, kSealedCookie> sealed);
// Nothing when forged or meant for another datagram.

}  // namespace covfefe::crypto
