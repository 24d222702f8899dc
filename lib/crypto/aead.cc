// SPDX-License-Identifier: Apache-2.0
#include "crypto/aead.h"

#include <sodium.h>

#include "base/check.h"

namespace covfefe::crypto {
namespace {

struct Nonce {
  explicit Nonce(std::uint64_t counter) { store_le(bytes.data() + 4, counter); }
  ByteArray<12> bytes{};
};

// libsodium's arguments may not be null, even where there is no text.
std::uint8_t* text_at(MutableBytes text, std::uint8_t& none) {
  return text.empty() ? &none : text.data();
}
const std::uint8_t* text_at(ByteView text, const std::uint8_t& none) {
  return text.empty() ? &none : text.data();
}

}  // namespace

void aead_seal(const KeyAt& at, ByteView ad, ByteView plain, const SealedOut& out) {
  CHECK(out.text.size() == plain.size());
  std::uint8_t none = 0;
  crypto_aead_chacha20poly1305_ietf_encrypt_detached(
      text_at(out.text, none), out.tag.data(), nullptr, text_at(plain, none), plain.size(),
      ad.data(), ad.size(), nullptr, Nonce(at.counter).bytes.data(), at.key.data());
}

bool aead_open(const KeyAt& at, ByteView ad, const SealedIn& in, MutableBytes plain) {
  CHECK(in.text.size() == plain.size());
  std::uint8_t none = 0;
  return crypto_aead_chacha20poly1305_ietf_decrypt_detached(
             text_at(plain, none), nullptr, text_at(in.text, none), in.text.size(), in.tag.data(),
             ad.data(), ad.size(), Nonce(at.counter).bytes.data(), at.key.data()) == 0;
}

void stream(const KeyAt& at, MutableBytes out) {
  crypto_stream_chacha20_ietf(out.data(), out.size(), Nonce(at.counter).bytes.data(),
                              at.key.data());
}

void stream_xor(const KeyAt& at, std::uint32_t block, ByteView in, MutableBytes out) {
  CHECK(in.size() == out.size());
  crypto_stream_chacha20_ietf_xor_ic(out.data(), in.data(), in.size(),
                                     Nonce(at.counter).bytes.data(), block, at.key.data());
}

void xaead_seal(const XKey& with, ByteView ad, ByteView plain, MutableBytes out) {
  CHECK(out.size() == plain.size() + kTagSize);
  crypto_aead_xchacha20poly1305_ietf_encrypt(out.data(), nullptr, plain.data(), plain.size(),
                                             ad.data(), ad.size(), nullptr, with.nonce.data(),
                                             with.key.data());
}

bool xaead_open(const XKey& with, ByteView ad, ByteView sealed, MutableBytes plain) {
  if (sealed.size() < kTagSize || plain.size() != sealed.size() - kTagSize) return false;
  return crypto_aead_xchacha20poly1305_ietf_decrypt(plain.data(), nullptr, nullptr, sealed.data(),
                                                    sealed.size(), ad.data(), ad.size(),
                                                    with.nonce.data(), with.key.data()) == 0;
}

}  // namespace covfefe::crypto
