// SPDX-License-Identifier: Apache-2.0
// Keys, certificates, cell bodies and attach tokens of an end-to-end session (Steps E1 to E5 and
// E14, covfefe-protocol(7); A7).
#pragma once

#include <string_view>

#include "base/address.h"
#include "base/instant.h"
#include "base/result.h"
#include "crypto/onion.h"
#include "crypto/sign.h"

namespace covfefe::crypto {

[[nodiscard]] SecretKey session_psk(const Address& dialled);
// PSK of XXpsk0: BLAKE2b-256(key = address, "e2e"). Only who knows the address gets an answer.

inline constexpr std::size_t kCertificateSize = 136;
using Certificate = ByteArray<kCertificateSize>;
// service key 32 | session key 32 | not after, Unix seconds 8 | signature 64

[[nodiscard]] Certificate make_certificate(const SigningPair& service, const PublicKey& session_key,
                                           std::int64_t not_after);
[[nodiscard]] Result<Address> check_certificate(ByteView certificate, const PublicKey& session_key,
                                                WallTime now);
// The overlay address of the service that vouches for session_key (= the peer's Noise static).
// WrongLength, WrongValue (another session key), Expired, Forged. A not_after more than two hours
// ahead is WrongValue too: one hour is what the protocol grants, the rest is clock error. The
// initiator compares the address with the one it dialled.

struct DirectCircuit {
  std::uint32_t a = 0;  // id that the origin receives
  std::uint32_t b = 0;  // id that the destination receives
  ByteArray<32> salt_a{};
  ByteArray<32> salt_b{};
};
[[nodiscard]] HopKeys direct_circuit_keys(const DirectCircuit& circuit);
// Hop keys of a one-hop circuit between friends (Step E2). The secrecy is the link's: the salts
// came through its control channel.

void seal_body(const KeyAt& at, std::size_t head, MutableBytes body);
// In place: body = head (counter 8, then whatever stands clear) | plaintext | room for the tag.
// Writes the counter, seals the rest with the head as AD.
[[nodiscard]] bool open_body(KeyView key, std::size_t head, MutableBytes body);
// In place; the counter is the body's own. On success the plaintext stands at [head, size - 16).
[[nodiscard]] inline std::uint64_t body_counter(ByteView body) {
  return load_le<std::uint64_t>(body.data());
}

inline constexpr std::string_view kAttachLabel = "covfefe session v1";
// Of NoiseHandshake::export_key, for attach_keys.

struct AttachKeys {  // tokens that bring further circuits to a session (Step E14)
  ByteArray<8> session{};
  SecretKey ask;       // our tokens
  SecretKey answer;    // what the far end answers them with
  SecretKey asked;     // the far end's tokens
  SecretKey answered;  // what we answer those with
};
[[nodiscard]] AttachKeys attach_keys(KeyView exported, Role role);

[[nodiscard]] Tag attach_token(const KeyAt& at, const PublicKey& ephemeral);
// Each (key, counter) once.
[[nodiscard]] bool attach_token_is(const KeyAt& at, const PublicKey& ephemeral, const Tag& token);

}  // namespace covfefe::crypto
