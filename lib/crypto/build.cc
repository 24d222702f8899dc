// SPDX-License-Identifier: Apache-2.0
#include "crypto/build.h"

#include "base/check.h"
#include "crypto/aead.h"
#include "crypto/hash.h"

namespace covfefe::crypto {
namespace {

// packet: | e or y 32 | tag 16 | record 80 | four more records 512 | payload 624 |
constexpr std::size_t kSlot = kKeySize + kTagSize + kBuildRecordSize;
constexpr std::size_t kBehind = (kHopsMost - 1) * kSlot;  // the records behind a hop's own
constexpr std::size_t kTagAt = kKeySize;
constexpr std::size_t kTextAt = kKeySize + kTagSize;
constexpr std::size_t kPayloadAt = kHopsMost * kSlot;
constexpr std::size_t kSealed = kBuildPacketSize - kTextAt;
static_assert(kSlot == 128 && kSealed == 1216 && kSealed % 64 == 0);
static_assert(kBehind + kBuildPayloadSize == kBuildRestSize);
static_assert(kBuildAnswerSize + kTagSize == kBuildPayloadSize);

// Each key below is used once, so its nonce is 0.
enum : std::uint64_t { kIdRecord = 1, kIdFiller = 2, kIdLayer = 3 };                    // of K1
enum : std::uint64_t { kIdReply = 1, kIdAnswer = 2, kIdForward = 3, kIdBackward = 4 };  // of K2

SecretKey subkey(const SecretKey& key, std::uint64_t id) {
  return kdf(key.view(), id, "cvbuild1");
}

SecretKey first_key(const SecretKey& shared, const PublicKey& e, const PublicKey& onion) {
  SecretKey out;
  blake2b(shared.view(), {bytes_of("covfefe build 1"), e, onion}, out.mutable_view());
  return out;
}

struct Publics {
  const PublicKey& e;
  const PublicKey& onion;
  const PublicKey& y;
};
SecretKey second_key(const SecretKey& k1, const SecretKey& shared, const Publics& of) {
  SecretKey out;
  blake2b(k1.view(), {bytes_of("covfefe build 2"), shared.view(), of.e, of.onion, of.y},
          out.mutable_view());
  return out;
}

HopKeys data_keys(const SecretKey& k2) {
  return {subkey(k2, kIdForward), subkey(k2, kIdBackward)};
}

PublicKey public_key_of(ByteView packet) {
  PublicKey out{};
  copy(packet.first(kKeySize), out);
  return out;
}

void xor_into(MutableBytes to, ByteView from) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] ^= from[i];
}

ByteArray<kSlot> filler_of(const SecretKey& k1) {
  ByteArray<kSlot> out{};
  stream({subkey(k1, kIdFiller).view(), 0}, out);
  return out;
}

// What the fillers of all hops before the last will have become when the last one opens.
struct Filler {
  ByteArray<kBehind> bytes{};
  std::size_t size = 0;
  [[nodiscard]] MutableBytes used() { return MutableBytes(bytes).first(size); }
};

void pass_through(const SecretKey& k1, Filler& filler) {
  ByteArray<kBuildRecordSize + kBehind> text{};
  stream_xor({subkey(k1, kIdRecord).view(), 0}, 1, text, text);
  xor_into(filler.used(), ByteView(text).last(filler.size));
}

void append(const SecretKey& k1, Filler& filler) {
  copy(filler_of(k1), MutableBytes(filler.bytes).subspan(filler.size));
  filler.size += kSlot;
}

// packet: the record in its place and everything behind it as the hop is to find it.
void seal_packet(const SecretKey& k1, const PublicKey& e, MutableBytes packet) {
  const MutableBytes text = packet.subspan(kTextAt);
  copy(e, packet);
  aead_seal({subkey(k1, kIdRecord).view(), 0}, {}, text,
            {text, packet.subspan<kTagAt, kTagSize>()});
}

// One packet becomes what the hop before its reader is to find behind its own record.
void push_back_records(MutableBytes packet) {
  copy(packet.first(kBehind), packet.subspan(kSlot, kBehind));
}

void seal_reply(const SecretKey& k2, const BuildRecordBytes& reply, MutableBytes packet) {
  aead_seal({subkey(k2, kIdReply).view(), 0}, {}, reply,
            {packet.subspan<kTextAt, kBuildRecordSize>(), packet.subspan<kTagAt, kTagSize>()});
}

bool open_reply(const SecretKey& k2, ByteView packet, BuildRecordBytes& reply) {
  return aead_open(
      {subkey(k2, kIdReply).view(), 0}, {},
      {packet.subspan<kTextAt, kBuildRecordSize>(), packet.subspan<kTagAt, kTagSize>()}, reply);
}

bool open_answer(const SecretKey& k2, ByteView packet, MutableBytes answer) {
  const ByteView sealed = packet.subspan(kPayloadAt);
  return aead_open({subkey(k2, kIdAnswer).view(), 0}, {},
                   {sealed.first(kBuildAnswerSize), sealed.last<kTagSize>()}, answer);
}

// Takes a relay's layer off: its record goes, the others move to the front. The last one that this
// leaves is the one that the relay dropped; it held nothing, and nobody reads it.
void peel(const SecretKey& k1, MutableBytes packet) {
  const MutableBytes layered = packet.subspan(kSlot);
  stream_xor({subkey(k1, kIdLayer).view(), 0}, 0, layered, layered);
  copy(packet.subspan(kSlot, kBehind), packet.first(kBehind));
}

}  // namespace

Result<OpenedRecord> open_build(const KeyPair& onion, ByteView packet) {
  if (packet.size() != kBuildPacketSize) return Reject::WrongLength;
  const PublicKey e = public_key_of(packet);
  const auto shared = dh(onion.secret.view(), e);
  if (!shared) return Reject::WrongValue;
  OpenedRecord out;
  out.k1 = first_key(*shared, e, onion.public_key);
  ByteArray<kSealed> plain{};
  if (!aead_open({subkey(out.k1, kIdRecord).view(), 0}, {},
                 {packet.subspan(kTextAt), packet.subspan<kTagAt, kTagSize>()}, plain)) {
    return Reject::Forged;
  }
  copy(ByteView(plain).first(kBuildRecordSize), out.record);
  copy(ByteView(plain).subspan(kBuildRecordSize), out.rest);
  return out;
}

std::optional<OriginBuild::Hop> OriginBuild::meet(const BuildStop& stop, Entropy& random) {
  const KeyPair* brought = stop.ephemeral;
  Hop out{brought == nullptr ? make_key_pair(random)
                             : KeyPair{brought->public_key, brought->secret.duplicate()},
          stop.onion_key,
          {}};
  const auto shared = dh(out.e.secret.view(), stop.onion_key);
  if (!shared) return std::nullopt;
  out.k1 = first_key(*shared, out.e.public_key, stop.onion_key);
  return out;
}

Result<OriginBuild> OriginBuild::make(std::span<const BuildStop> path, ByteView payload,
                                      Entropy& random, MutableBytes packet) {
  CHECK(!path.empty() && path.size() <= kHopsMost);
  CHECK(payload.size() == kBuildPayloadSize && packet.size() == kBuildPacketSize);
  OriginBuild out;
  Filler filler;
  for (const BuildStop& stop : path) {
    auto hop = meet(stop, random);
    if (!hop) return Reject::WrongValue;
    pass_through(hop->k1, filler);
    if (out.length_ + 1 < path.size()) append(hop->k1, filler);
    out.hops_[out.length_++] = *std::move(hop);
  }
  const MutableBytes behind = packet.subspan(kSlot, kBehind);
  random.fill(behind.first(kBehind - filler.size));
  copy(filler.used(), behind.last(filler.size));
  copy(payload, packet.subspan(kPayloadAt));
  for (std::size_t i = path.size(); i-- > 0;) {
    copy(path[i].record, packet.subspan(kTextAt));
    seal_packet(out.hops_[i].k1, out.hops_[i].e.public_key, packet);
    if (i != 0) push_back_records(packet);
  }
  return out;
}

OriginBuild::Opened OriginBuild::open(ByteView packet,
                                      bool (*goes_on)(const BuildRecordBytes& reply)) const {
  CHECK(packet.size() == kBuildPacketSize);
  Opened out;
  BuildPacket inner{};
  copy(packet, inner);
  for (std::size_t i = 0; i < length_; ++i) {
    const Hop& hop = hops_[i];
    const PublicKey y = public_key_of(inner);
    const auto shared = dh(hop.e.secret.view(), y);
    if (!shared) return out;
    const SecretKey k2 = second_key(hop.k1, *shared, {hop.e.public_key, hop.onion_key, y});
    BuildRecordBytes reply{};
    if (!open_reply(k2, inner, reply)) return out;
    out.replies.push_back(reply);
    out.keys[i] = data_keys(k2);
    if (!goes_on(reply)) return out;
    if (i + 1 < length_) {
      peel(hop.k1, inner);
    } else {
      out.complete = open_answer(k2, inner, out.answer);
    }
  }
  return out;
}

Result<HopBuild> HopBuild::answer(const Arrived& arrived, Entropy& random) {
  CHECK(arrived.packet.size() == kBuildPacketSize);
  HopBuild out;
  out.e_ = public_key_of(arrived.packet);
  const KeyPair y = make_key_pair(random);
  const auto shared = dh(y.secret.view(), out.e_);
  if (!shared) return Reject::WrongValue;
  out.y_ = y.public_key;
  out.k1_ = arrived.opened.k1.duplicate();
  out.k2_ = second_key(out.k1_, *shared, {out.e_, arrived.onion_key, out.y_});
  out.rest_ = arrived.opened.rest;
  return out;
}

HopKeys HopBuild::keys() const {
  return data_keys(k2_);
}

ByteView HopBuild::payload() const {
  return ByteView(rest_).subspan(kBehind);
}

void HopBuild::pass(MutableBytes packet) const {
  CHECK(packet.size() == kBuildPacketSize);
  copy(ByteView(rest_).first(kBehind), packet);
  copy(filler_of(k1_), packet.subspan(kBehind));
  copy(payload(), packet.subspan(kPayloadAt));
}

void HopBuild::finish(const BuildRecordBytes& reply, ByteView answer, MutableBytes packet,
                      Entropy& random) const {
  CHECK(packet.size() == kBuildPacketSize);
  CHECK(answer.empty() || answer.size() == kBuildAnswerSize);
  copy(y_, packet);
  seal_reply(k2_, reply, packet);
  random.fill(packet.subspan(kSlot, kBehind));
  const MutableBytes sealed = packet.subspan(kPayloadAt);
  if (answer.empty()) {
    random.fill(sealed);
    return;
  }
  aead_seal({subkey(k2_, kIdAnswer).view(), 0}, {}, answer,
            {sealed.first(kBuildAnswerSize), sealed.last<kTagSize>()});
}

void HopBuild::wrap(const BuildRecordBytes& reply, ByteView inner, MutableBytes packet) const {
  CHECK(inner.size() == kBuildPacketSize && packet.size() == kBuildPacketSize);
  copy(inner.subspan(kPayloadAt), packet.subspan(kPayloadAt));
  copy(inner.first(kBehind), packet.subspan(kSlot));
  const MutableBytes layered = packet.subspan(kSlot);
  stream_xor({subkey(k1_, kIdLayer).view(), 0}, 0, layered, layered);
  copy(y_, packet);
  seal_reply(k2_, reply, packet);
}

}  // namespace covfefe::crypto
