// SPDX-License-Identifier: Apache-2.0
#include "crypto/session.h"

#include <utility>

#include "base/check.h"
#include "crypto/address.h"
#include "crypto/hash.h"

namespace covfefe::crypto {
namespace {

constexpr std::string_view kCertificateText = "covfefe e2e cert v1";
constexpr std::size_t kSignedSize = kCertificateText.size() + 32 + 8;
constexpr std::int64_t kLongest = 2 * 3600;

// session key and not_after stand one behind the other in the certificate too.
ByteArray<kSignedSize> signed_text(ByteView session_key_and_time) {
  ByteArray<kSignedSize> out{};
  copy(bytes_of(kCertificateText), out);
  copy(session_key_and_time, MutableBytes(out).subspan(kCertificateText.size()));
  return out;
}

}  // namespace

SecretKey session_psk(const Address& dialled) {
  SecretKey out;
  blake2b(dialled.bytes, {bytes_of("e2e")}, out.mutable_view());
  return out;
}

Certificate make_certificate(const SigningPair& service, const PublicKey& session_key,
                             std::int64_t not_after) {
  Certificate out{};
  Writer to(out);
  to.bytes(service.public_key);
  to.bytes(session_key);
  to.le(static_cast<std::uint64_t>(not_after));
  to.bytes(sign(service, signed_text(ByteView(out).subspan(32, 40))));
  return out;
}

Result<Address> check_certificate(ByteView certificate, const PublicKey& session_key,
                                  WallTime now) {
  if (certificate.size() != kCertificateSize) return Reject::WrongLength;
  Reader in(certificate);
  const auto service_key = in.array<32>();
  if (!equal(in.take(32), session_key)) return Reject::WrongValue;
  const auto not_after = in.le<std::uint64_t>();
  const auto signature = in.array<64>();
  const std::int64_t seconds = std::max<std::int64_t>(now.unix_seconds(), 0);
  const auto today = static_cast<std::uint64_t>(seconds);
  if (not_after < today) return Reject::Expired;
  if (not_after - today > static_cast<std::uint64_t>(kLongest)) return Reject::WrongValue;
  if (!verify(service_key, signed_text(certificate.subspan(32, 40)), signature)) {
    return Reject::Forged;
  }
  return overlay_address(service_key);
}

HopKeys direct_circuit_keys(const DirectCircuit& circuit) {
  Secret<64> salts;
  copy(circuit.salt_a, salts.mutable_view());
  copy(circuit.salt_b, MutableBytes(salts.mutable_view()).subspan(32));
  ByteArray<8> ids{};
  store_le(ids.data(), circuit.a);
  store_le(ids.data() + 4, circuit.b);
  SecretKey master;
  blake2b(salts.view(), {bytes_of("covfefe direct 1"), ids}, master.mutable_view());
  return {kdf(master.view(), 1, "cvdirect"), kdf(master.view(), 2, "cvdirect")};
}

void seal_body(const KeyAt& at, std::size_t head, MutableBytes body) {
  CHECK(head >= 8 && body.size() >= head + kTagSize);
  store_le(body.data(), at.counter);
  const MutableBytes text = body.subspan(head, body.size() - head - kTagSize);
  aead_seal(at, body.first(head), text, {text, body.last<kTagSize>()});
}

bool open_body(KeyView key, std::size_t head, MutableBytes body) {
  CHECK(head >= 8 && body.size() >= head + kTagSize);
  const MutableBytes text = body.subspan(head, body.size() - head - kTagSize);
  return aead_open({key, body_counter(body)}, body.first(head), {text, body.last<kTagSize>()},
                   text);
}

AttachKeys attach_keys(KeyView exported, Role role) {
  static constexpr char kContext[] = "cvattach";
  const SecretKey name = kdf(exported, 1, kContext);
  AttachKeys out{{},
                 kdf(exported, 2, kContext),
                 kdf(exported, 3, kContext),
                 kdf(exported, 4, kContext),
                 kdf(exported, 5, kContext)};
  copy(name.view().first<8>(), out.session);
  if (role == Role::Responder) {
    std::swap(out.ask, out.asked);
    std::swap(out.answer, out.answered);
  }
  return out;
}

Tag attach_token(const KeyAt& at, const PublicKey& ephemeral) {
  Tag out{};
  aead_seal(at, ephemeral, {}, {{}, out});
  return out;
}

bool attach_token_is(const KeyAt& at, const PublicKey& ephemeral, const Tag& token) {
  return aead_open(at, ephemeral, {{}, token}, {});
}

}  // namespace covfefe::crypto
