// SPDX-License-Identifier: Apache-2.0
#include "unit/crypto/refill_model.h"

#include "base/bug.h"
#include "crypto/hash.h"

namespace covfefe::test {

using namespace crypto;

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes key_stream(const KeyAt& at, std::uint32_t block, std::size_t size) {
  Bytes out(size);
  stream_xor(at, block, out, out);
  return out;
}

void xor_end(Bytes& filler, const Bytes& with) {
  const std::size_t skip = with.size() - filler.size();
  for (std::size_t i = 0; i < filler.size(); ++i) filler[i] ^= with[skip + i];
}

void append(Bytes& to, ByteView from) {
  to.insert(to.end(), from.begin(), from.end());
}

Bytes random_then(const Bytes& filler, std::size_t size, Entropy& random) {
  Bytes out(size - filler.size());
  random.fill(out);
  append(out, filler);
  return out;
}

Bytes sealed(const KeyAt& at, const Bytes& plain) {
  Bytes out(kTagSize + plain.size());
  const MutableBytes all(out);
  aead_seal(at, {}, plain, {all.subspan(kTagSize), all.first<kTagSize>()});
  return out;
}

struct Hop {
  KeyPair e;
  SecretKey k1;
};
Hop meet(const PublicKey& onion, Entropy& random) {
  Hop out{make_key_pair(random), {}};
  const auto shared = dh(out.e.secret.view(), onion);
  if (!shared) bug("the model was given a key of small order");
  blake2b(shared->view(), {bytes_of("covfefe build 1"), out.e.public_key, onion},
          out.k1.mutable_view());
  return out;
}

}  // namespace

Tag OnionModel::refill(const KeyAt& at) const {
  Tag out{};
  if (refill_ == Refill::KeyStream) copy(ByteView(key_stream(at, 0, 64)).subspan(32), out);
  return out;
}

void OnionModel::seal(OriginPath path, std::uint64_t counter, Entropy& random,
                      MutableBytes onion) const {
  Bytes filler;
  std::vector<KeyAt> at;
  for (std::size_t i = 0; i < path.size(); ++i) {
    at.push_back({path[i].keys.forward.view(), counter});
    xor_end(filler, key_stream(at[i], 1, kSlotPlain));
    if (i + 1 < path.size()) append(filler, refill(at[i]));
    counter += path[i].delta;
  }
  Bytes plain = random_then(filler, kSlotPlain, random);
  append(plain, body_of(onion));
  for (std::size_t i = path.size(); i-- > 0;) {
    const Bytes cell = sealed(at[i], plain);
    copy(cell, onion);
    copy(ByteView(cell).first(kSlotPlain), plain);
    copy(ByteView(cell).subspan(kSlotsSize), MutableBytes(plain).subspan(kSlotPlain));
  }
}

bool OnionModel::relay(const KeyAt& at, ByteView onion, MutableBytes out) const {
  Bytes plain(onion.size() - kTagSize);
  if (!aead_open(at, {}, {onion.subspan(kTagSize), onion.first<kTagSize>()}, plain)) return false;
  copy(ByteView(plain).first(kSlotPlain), out);
  copy(refill(at), out.subspan(kSlotPlain));
  copy(ByteView(plain).subspan(kSlotPlain), body_of(out));
  return true;
}

ByteArray<128> BuildModel::refill(const SecretKey& k1) const {
  ByteArray<128> out{};
  if (refill_ == Refill::KeyStream) {
    copy(key_stream({kdf(k1.view(), 2, "cvbuild1").view(), 0}, 0, 128), out);
  }
  return out;
}

BuildPacket BuildModel::make(std::span<const BuildStop> path, ByteView payload,
                             Entropy& random) const {
  std::vector<Hop> hops;
  Bytes filler;
  for (std::size_t i = 0; i < path.size(); ++i) {
    hops.push_back(meet(path[i].onion_key, random));
    xor_end(filler, key_stream({kdf(hops[i].k1.view(), 1, "cvbuild1").view(), 0}, 1, 592));
    if (i + 1 < path.size()) append(filler, refill(hops[i].k1));
  }
  Bytes behind = random_then(filler, 512, random);
  append(behind, payload);
  BuildPacket packet{};
  for (std::size_t i = path.size(); i-- > 0;) {
    Bytes plain(path[i].record.begin(), path[i].record.end());
    append(plain, behind);
    copy(hops[i].e.public_key, packet);
    copy(sealed({kdf(hops[i].k1.view(), 1, "cvbuild1").view(), 0}, plain),
         MutableBytes(packet).subspan(kKeySize));
    behind.assign(packet.begin(), packet.begin() + 512);
    append(behind, ByteView(packet).subspan(640));
  }
  return packet;
}

BuildPacket BuildModel::pass(const OpenedRecord& opened) const {
  BuildPacket out{};
  copy(ByteView(opened.rest).first(512), out);
  copy(refill(opened.k1), MutableBytes(out).subspan(512));
  copy(ByteView(opened.rest).subspan(512), MutableBytes(out).subspan(640));
  return out;
}

}  // namespace covfefe::test
