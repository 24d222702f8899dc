// SPDX-License-Identifier: Apache-2.0
#include "crypto/mac.h"

#include "base/check.h"
#include "crypto/aead.h"
#include "crypto/hash.h"

namespace covfefe::crypto {
namespace {

constexpr std::size_t kDatagram = 256;
constexpr std::size_t kMac1At = kDatagram - 2 * kMacSize;
constexpr std::size_t kMac2At = kDatagram - kMacSize;

ByteArray<kMacSize> mac(ByteView key, ByteView before) {
  return blake2b<kMacSize>(key, {before});
}

}  // namespace

PublicKey mac1_key(KeyView responder_static) {
  return blake2b<32>({}, {bytes_of("covfefe mac1 v1"), responder_static});
}

PublicKey cookie_key(KeyView responder_static) {
  return blake2b<32>({}, {bytes_of("covfefe cookie v1"), responder_static});
}

void put_mac1(KeyView key, MutableBytes datagram) {
  CHECK(datagram.size() == kDatagram);
  copy(mac(key, datagram.first(kMac1At)), datagram.subspan(kMac1At, kMacSize));
}

void put_mac2(const Cookie& cookie, MutableBytes datagram) {
  CHECK(datagram.size() == kDatagram);
  copy(mac(cookie, datagram.first(kMac2At)), datagram.subspan(kMac2At, kMacSize));
}

bool check_mac1(KeyView key, ByteView datagram) {
  return datagram.size() == kDatagram &&
         equal(mac(key, datagram.first(kMac1At)), datagram.subspan(kMac1At, kMacSize));
}

bool check_mac2(const Cookie& cookie, ByteView datagram) {
  return datagram.size() == kDatagram &&
         equal(mac(cookie, datagram.first(kMac2At)), datagram.subspan(kMac2At, kMacSize));
}

bool has_mac2(ByteView datagram) {
  CHECK(datagram.size() == kDatagram);
  return !all_zero(datagram.subspan(kMac2At, kMacSize));
}

ByteArray<kMacSize> mac1_of(ByteView datagram) {
  CHECK(datagram.size() == kDatagram);
  ByteArray<kMacSize> out{};
  copy(datagram.subspan(kMac1At, kMacSize), out);
  return out;
}

Cookie make_cookie(KeyView secret, const Endpoint& from) {
  ByteArray<2> port{};
  store_le(port.data(), from.port);
  return blake2b<kMacSize>(secret, {from.ip.bytes, port});
}

void seal_cookie(const CookieSealing& with, const Cookie& cookie, Entropy& random,
                 std::span<std::uint8_t, kSealedCookie> out) {
  const auto nonce = out.first<kXNonceSize>();
  random.fill(nonce);
  xaead_seal({with.key, nonce}, with.mac1, cookie, out.subspan<kXNonceSize>());
}

std::optional<Cookie> open_cookie(const CookieSealing& with,
                                  std::span<const std::uint8_t, kSealedCookie> sealed) {
  Cookie out{};
  const XKey key{with.key, sealed.first<kXNonceSize>()};
  if (!xaead_open(key, with.mac1, sealed.subspan<kXNonceSize>(), out)) return std::nullopt;
  return out;
}

}  // namespace covfefe::crypto
