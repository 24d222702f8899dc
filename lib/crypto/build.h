// SPDX-License-Identifier: Apache-2.0
// The circuit build (Steps B1 to B9, covfefe-protocol(7); B4): one packet of 1,264 B that every hop
// opens, strips and refills, and an answer of the same size that every hop wraps on the way back.
// A packet is five records of 128 B, the reader's own always first, then a payload of 624 B that
// only the last hop can read. All keys are used once. No allocation.
//
// Out:  OriginBuild -> open_build (keystore) -> HopBuild::pass ... -> HopBuild::payload
// Back: HopBuild::finish -> HopBuild::wrap ... -> OriginBuild::open
#pragma once

#include <array>
#include <optional>
#include <span>

#include "base/inline_vec.h"
#include "base/result.h"
#include "crypto/dh.h"
#include "crypto/entropy.h"
#include "crypto/onion.h"

namespace covfefe::crypto {

inline constexpr std::size_t kBuildPacketSize = 1264;
inline constexpr std::size_t kBuildRecordSize = 80;    // wire/build.h gives it meaning
inline constexpr std::size_t kBuildRestSize = 1136;    // what is sealed behind a record
inline constexpr std::size_t kBuildPayloadSize = 624;  // to the last hop
inline constexpr std::size_t kBuildAnswerSize = 608;   // from the last hop

using BuildPacket = ByteArray<kBuildPacketSize>;
using BuildRecordBytes = ByteArray<kBuildRecordSize>;

struct OpenedRecord {
  BuildRecordBytes record{};
  SecretKey k1;
  ByteArray<kBuildRestSize> rest{};
};
[[nodiscard]] Result<OpenedRecord> open_build(const KeyPair& onion, ByteView packet);
// The keystore's half of a hop: one X25519 operation. Forged: not sealed to this key, or changed on
// the way; WrongValue: an ephemeral of small order; WrongLength: not kBuildPacketSize bytes. The
// first 32 bytes of a packet are the ephemeral. Whether it was seen before is the caller's
// question.

struct BuildStop {  // one hop as the origin sees it
  PublicKey onion_key{};
  BuildRecordBytes record{};
  const KeyPair* ephemeral = nullptr;
  // Borrowed for make(); null: a fresh one from random. Never in two builds: the record's key comes
  // from it and has one nonce only.
};

class OriginBuild {
 public:
  [[nodiscard]] static Result<OriginBuild> make(std::span<const BuildStop> path, ByteView payload,
                                                Entropy& random, MutableBytes packet);
  // path: 1..kHopsMost; payload: kBuildPayloadSize bytes. Writes the packet for the first hop.
  // WrongValue: an onion key of small order; packet is void then. Two X25519 operations a hop.

  struct Opened {
    InlineVec<BuildRecordBytes, kHopsMost> replies;  // in the order of the path
    std::array<HopKeys, kHopsMost> keys{};           // of as many hops
    bool complete = false;                 // every hop answered and the last one's answer opened
    ByteArray<kBuildAnswerSize> answer{};  // when complete
  };
  [[nodiscard]] Opened open(ByteView packet, bool (*goes_on)(const BuildRecordBytes& reply)) const;
  // The packet that came back; one X25519 operation a hop. Stops behind the first reply that
  // goes_on() denies (a refusal: the hops behind it never saw the build) or that does not open
  // (then fewer replies than hops, and the last one still goes on: the fault lies there or beyond).
  [[nodiscard]] std::size_t hops() const { return length_; }
  [[nodiscard]] const PublicKey& last_ephemeral() const { return hops_[length_ - 1].e.public_key; }

 private:
  OriginBuild() = default;
  struct Hop {
    KeyPair e;
    PublicKey onion_key{};
    SecretKey k1;
  };
  [[nodiscard]] static std::optional<Hop> meet(const BuildStop& stop, Entropy& random);
  std::array<Hop, kHopsMost> hops_{};
  std::size_t length_ = 0;
};

class HopBuild {
 public:
  struct Arrived {
    const OpenedRecord& opened;
    const PublicKey& onion_key;  // that it was sealed to
    ByteView packet;             // as it came
  };
  [[nodiscard]] static Result<HopBuild> answer(const Arrived& arrived, Entropy& random);
  // The router's half: makes the hop's own ephemeral and from it the data keys. Two X25519
  // operations. The result keeps copies of what it needs. WrongValue: as open_build says.

  [[nodiscard]] HopKeys keys() const;
  [[nodiscard]] ByteView payload() const;  // kBuildPayloadSize bytes; meaningful at the last hop
  [[nodiscard]] const PublicKey& ephemeral() const { return e_; }  // the origin's for this hop

  void pass(MutableBytes packet) const;
  // The packet for the next hop.
  void finish(const BuildRecordBytes& reply, ByteView answer, MutableBytes packet,
              Entropy& random) const;
  // At the last hop (answer: kBuildAnswerSize bytes) or at a refusing one (answer empty: random
  // bytes instead).
  void wrap(const BuildRecordBytes& reply, ByteView inner, MutableBytes packet) const;
  // On the way back through a relay: inner is the packet that the next hop sent; the same bytes as
  // packet or no overlap.

 private:
  HopBuild() = default;
  PublicKey e_{};  // the origin's
  PublicKey y_{};  // ours
  SecretKey k1_;
  SecretKey k2_;
  ByteArray<kBuildRestSize> rest_{};
};

}  // namespace covfefe::crypto
