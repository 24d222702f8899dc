// SPDX-License-Identifier: Apache-2.0
#include "keys/root_keys.h"

#include "crypto/address.h"

namespace covfefe::keys {
namespace {

using crypto::kKeySize;

constexpr char kContext[] = "cvident1";
constexpr std::string_view kStaticLabel = "covfefe static v1";
enum KdfId : std::uint64_t { kIdentity = 1, kStatic = 2, kService = 3, kEndorsement = 4 };

crypto::SigningPair derived_signing_pair(crypto::KeyView seed, KdfId id) {
  return crypto::signing_pair(crypto::kdf(seed, id, kContext).view());
}

std::array<std::uint8_t, kStaticLabel.size() + kKeySize> static_claim(
    const crypto::PublicKey& static_key) {
  std::array<std::uint8_t, kStaticLabel.size() + kKeySize> out{};
  copy(bytes_of(kStaticLabel), out);
  copy(static_key, MutableBytes(out).subspan(kStaticLabel.size()));
  return out;
}

PublicIdentity identity_of(crypto::KeyView seed, const crypto::PublicKey& static_key) {
  const crypto::SigningPair signer = derived_signing_pair(seed, kIdentity);
  PublicIdentity out;
  out.identity_key = signer.public_key;
  out.static_key = static_key;
  out.static_signature = crypto::sign(signer, static_claim(static_key));
  out.service_key = derived_signing_pair(seed, kService).public_key;
  out.address = crypto::overlay_address(out.service_key);
  return out;
}

}  // namespace

bool is_static_signed(const PublicIdentity& identity) {
  return crypto::verify(identity.identity_key, static_claim(identity.static_key),
                        identity.static_signature);
}

std::optional<RootKeys> RootKeys::from_seed(crypto::KeyView seed) {
  std::optional<crypto::Guarded> memory = crypto::Guarded::make(3 * kKeySize);
  if (!memory) return {};
  const crypto::KeyPair link = crypto::key_pair(crypto::kdf(seed, kStatic, kContext));
  const crypto::SecretKey endorsement = crypto::kdf(seed, kEndorsement, kContext);
  {
    const crypto::Guarded::Writing open(*memory);
    copy(seed, open.bytes());
    copy(link.secret.view(), open.bytes().subspan(kKeySize));
    copy(endorsement.view(), open.bytes().subspan(2 * kKeySize));
  }
  RootKeys out(*std::move(memory));
  out.identity_ = identity_of(seed, link.public_key);
  return out;
}

crypto::KeyView RootKeys::seed(const Open& open) const {
  return open.bytes().first<kKeySize>();
}

crypto::KeyPairView RootKeys::static_pair(const Open& open) const {
  return {identity_.static_key, open.bytes().subspan<kKeySize, kKeySize>()};
}

crypto::Certificate RootKeys::certify(const crypto::PublicKey& session_key,
                                      std::int64_t not_after) const {
  const Open held = open();
  return crypto::make_certificate(derived_signing_pair(seed(held), kService), session_key,
                                  not_after);
}

ByteArray<32> RootKeys::mac(crypto::Parts parts) const {
  const Open held = open();
  return crypto::blake2b<32>(held.bytes().subspan(2 * kKeySize, kKeySize), parts);
}

}  // namespace covfefe::keys
