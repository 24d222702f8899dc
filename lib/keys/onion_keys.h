// SPDX-License-Identifier: Apache-2.0
// The keys that circuit builds are sealed to (Steps N12 to N14, covfefe-protocol(7)): in memory
// only, one for each epoch, two at a time. The private halves lie in guarded memory and are copied
// out for one opening. Packets are hostile. Thread: one.
#pragma once

#include <optional>

#include "base/inline_vec.h"
#include "crypto/build.h"
#include "crypto/guarded.h"
#include "keys/build_replays.h"
#include "wire/descriptor.h"

namespace covfefe::keys {

inline constexpr std::int64_t kOnionKeyAhead = 1'200;
// Seconds before an epoch when its key is made, so that friends have it in time. With the grace of
// the one before (wire/descriptor.h) never more than two are alive.
inline constexpr Duration kOnionKeyLife =
    Duration::seconds(kOnionKeyAhead + wire::kEpochSeconds + wire::kEpochGrace);
inline constexpr std::size_t kOnionKeys = 2;

struct Moment {
  Instant monotonic;
  WallTime wall;
};
// A key is over when either says so: a machine may sleep, a clock may be set back.

struct OpenedBuild {
  crypto::OpenedRecord opened;
  crypto::PublicKey onion_key{};  // the public half that it was sealed to
};

struct OnionKeyShown {
  crypto::PublicKey key{};
  std::int64_t not_after = 0;  // Unix seconds, the end of its epoch's grace: erased by then
};

class OnionKeys {
 public:
  static std::optional<OnionKeys> make(crypto::Entropy& random, const Moment& now);
  // With one fresh key. Nothing when guarded memory cannot be had or locked. random must outlive
  // it.

  Result<OpenedBuild> open(ByteView packet, const Moment& now);
  // WrongLength; Overloaded: too many are remembered; Forged: no key opens it; WrongValue: a point
  // of small order or a bad record; Expired and Replayed: see BuildReplays. Only who gets the
  // record is remembered.

  [[nodiscard]] InlineVec<OnionKeyShown, kOnionKeys> shown(const Moment& now);
  // The later epoch's first.

  void rotate(const Moment& now);
  // Erases what is due and makes what is missing; the two above begin with it. Call it about once
  // a minute, so that keys die when nobody asks.

  [[nodiscard]] std::size_t remembered() const { return replays_.size(); }
  [[nodiscard]] std::uint64_t made() const { return made_; }

 private:
  struct Slot {
    crypto::PublicKey public_key{};
    std::uint32_t epoch = 0;
    Instant since;
    bool live = false;
  };

  OnionKeys(crypto::Entropy& random, crypto::Guarded memory)
      : random_(&random), memory_(std::move(memory)), replays_(random) {}

  void need(std::uint32_t epoch, const Moment& now);
  void make_key(std::size_t at, std::uint32_t epoch, const Moment& now);
  void erase_key(std::size_t at);
  [[nodiscard]] crypto::KeyPair pair(std::size_t at) const;
  Result<OpenedBuild> try_keys(ByteView packet) const;

  crypto::Entropy* random_;
  crypto::Guarded memory_;  // the private half of each slot, 32 bytes each
  std::array<Slot, kOnionKeys> slots_{};
  std::size_t newest_ = 0;  // slot of the later epoch
  BuildReplays replays_;
  std::uint64_t made_ = 0;
};

}  // namespace covfefe::keys
