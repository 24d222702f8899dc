// SPDX-License-Identifier: Apache-2.0
// The SymmetricState and CipherState of the specification (sections 5.1, 5.2 and 4.3).
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/noise.h"
#include "crypto/noise_hkdf.h"

namespace covfefe::crypto {
namespace {

constexpr std::size_t kBlock = 128;  // of BLAKE2b

// HMAC (RFC 2104) over BLAKE2b-512: Noise asks for it although BLAKE2b has keys of its own.
void hmac(const Secret<64>& key, Parts parts, Secret<64>& out) {
  Secret<kBlock> inner;
  Secret<kBlock> outer;
  copy(key.view(), inner.mutable_view());
  copy(key.view(), outer.mutable_view());
  for (std::uint8_t& b : inner.mutable_view()) b ^= 0x36;
  for (std::uint8_t& b : outer.mutable_view()) b ^= 0x5c;
  InlineVec<ByteView, 3> all;
  all.push_back(inner.view());
  for (const ByteView part : parts) all.push_back(part);
  while (!all.full()) all.push_back(ByteView());
  Secret<64> middle;
  blake2b({}, {all[0], all[1], all[2]}, middle.mutable_view());
  blake2b({}, {outer.view(), middle.view()}, out.mutable_view());
}

}  // namespace

NoiseOutputs noise_hkdf(const Secret<64>& chaining, ByteView input) {
  static constexpr std::uint8_t kOne = 1;
  static constexpr std::uint8_t kTwo = 2;
  static constexpr std::uint8_t kThree = 3;
  Secret<64> temporary;
  NoiseOutputs out;
  hmac(chaining, {input}, temporary);
  hmac(temporary, {ByteView(&kOne, 1)}, out.first);
  hmac(temporary, {out.first.view(), ByteView(&kTwo, 1)}, out.second);
  hmac(temporary, {out.second.view(), ByteView(&kThree, 1)}, out.third);
  return out;
}

NoiseHandshake::State NoiseHandshake::State::duplicate() const {
  State out;
  out.h = h;
  out.chaining = chaining.duplicate();
  out.key = key.duplicate();
  out.counter = counter;
  out.keyed = keyed;
  out.ephemeral_secret = ephemeral_secret.duplicate();
  out.ephemeral = ephemeral;
  out.remote_ephemeral = remote_ephemeral;
  out.remote_static = remote_static;
  out.psk = psk.duplicate();
  return out;
}

void NoiseHandshake::State::mix_hash(ByteView data) {
  h = blake2b<64>({}, {h, data});
}

void NoiseHandshake::State::mix_key(ByteView input) {
  NoiseOutputs out = noise_hkdf(chaining, input);
  chaining = std::move(out.first);
  key = SecretKey(out.second.view().first<kKeySize>());
  counter = 0;
  keyed = true;
}

void NoiseHandshake::State::mix_psk() {
  NoiseOutputs out = noise_hkdf(chaining, psk.view());
  chaining = std::move(out.first);
  mix_hash(out.second.view());
  key = SecretKey(out.third.view().first<kKeySize>());
  counter = 0;
  keyed = true;
}

void NoiseHandshake::State::encrypt(ByteView plain, MutableBytes out) {
  if (keyed) {
    aead_seal({key.view(), counter++}, h, plain, {out.first(plain.size()), out.last<kTagSize>()});
  } else {
    copy(plain, out);
  }
  mix_hash(out);
}

bool NoiseHandshake::State::decrypt(ByteView sealed, MutableBytes plain) {
  if (keyed) {
    const SealedIn in{sealed.first(plain.size()), sealed.last<kTagSize>()};
    if (!aead_open({key.view(), counter++}, h, in, plain)) return false;
  } else {
    copy(sealed, plain);
  }
  mix_hash(sealed);
  return true;
}

}  // namespace covfefe::crypto
