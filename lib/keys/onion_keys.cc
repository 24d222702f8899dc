// SPDX-License-Identifier: Apache-2.0
#include "keys/onion_keys.h"

#include <algorithm>

#include "wire/build.h"

namespace covfefe::keys {
namespace {

std::uint32_t epoch_of(const Moment& now) {
  return static_cast<std::uint32_t>(now.wall.unix_seconds() / wire::kEpochSeconds);
}

}  // namespace

std::optional<OnionKeys> OnionKeys::make(crypto::Entropy& random, const Moment& now) {
  auto memory = crypto::Guarded::make(kOnionKeys * crypto::kKeySize);
  if (!memory) return std::nullopt;
  OnionKeys out(random, std::move(*memory));
  out.rotate(now);
  return out;
}

void OnionKeys::make_key(std::size_t at, std::uint32_t epoch, const Moment& now) {
  const crypto::KeyPair fresh = crypto::make_key_pair(*random_);
  const crypto::Guarded::Writing writing(memory_);
  copy(fresh.secret.view(), writing.bytes().subspan(at * crypto::kKeySize, crypto::kKeySize));
  slots_[at] = {fresh.public_key, epoch, now.monotonic, true};
  newest_ = slots_[1 - at].live && slots_[1 - at].epoch > epoch ? 1 - at : at;
  ++made_;
}

void OnionKeys::erase_key(std::size_t at) {
  const crypto::Guarded::Writing writing(memory_);
  const MutableBytes secret = writing.bytes().subspan(at * crypto::kKeySize, crypto::kKeySize);
  copy(crypto::SecretKey().view(), secret);
  slots_[at] = {};
}

crypto::KeyPair OnionKeys::pair(std::size_t at) const {
  const crypto::Guarded::Reading reading(memory_);
  crypto::KeyPair out;
  out.public_key = slots_[at].public_key;
  copy(reading.bytes().subspan(at * crypto::kKeySize, crypto::kKeySize), out.secret.mutable_view());
  return out;
}

void OnionKeys::need(std::uint32_t epoch, const Moment& now) {
  const auto has = [epoch](const Slot& slot) { return slot.live && slot.epoch == epoch; };
  if (std::ranges::any_of(slots_, has)) return;
  const std::uint32_t current = epoch_of(now);
  // What is in the way is the key of an epoch before, or of one that the clock was set back from.
  const bool first = !slots_[0].live || slots_[0].epoch != current;
  make_key(first ? 0 : 1, epoch, now);
}

// Step N12, covfefe-protocol(7).
void OnionKeys::rotate(const Moment& now) {
  const std::int64_t seconds = now.wall.unix_seconds();
  const std::uint32_t epoch = epoch_of(now);
  for (std::size_t at = 0; at < kOnionKeys; ++at) {
    const Slot& slot = slots_[at];
    const bool over = seconds >= wire::expiry_of(slot.epoch) || slot.epoch > epoch + 1 ||
                      now.monotonic - slot.since >= kOnionKeyLife;
    if (slot.live && over) erase_key(at);
  }
  need(epoch, now);
  const std::int64_t left = wire::kEpochSeconds - seconds % wire::kEpochSeconds;
  if (left <= kOnionKeyAhead) need(epoch + 1, now);
  replays_.forget_due(now.wall);
}

InlineVec<OnionKeyShown, kOnionKeys> OnionKeys::shown(const Moment& now) {
  rotate(now);
  InlineVec<OnionKeyShown, kOnionKeys> out;
  for (const std::size_t at : {newest_, 1 - newest_}) {
    const Slot& slot = slots_[at];
    if (slot.live) out.push_back({slot.public_key, wire::expiry_of(slot.epoch)});
  }
  return out;
}

Result<OpenedBuild> OnionKeys::try_keys(ByteView packet) const {
  Reject why = Reject::Forged;
  for (const std::size_t at : {newest_, 1 - newest_}) {
    if (!slots_[at].live) continue;
    Result<crypto::OpenedRecord> opened = crypto::open_build(pair(at), packet);
    if (opened) return OpenedBuild{*std::move(opened), slots_[at].public_key};
    why = opened.error();
  }
  return why;
}

// Steps N13 and N14, covfefe-protocol(7).
Result<OpenedBuild> OnionKeys::open(ByteView packet, const Moment& now) {
  rotate(now);
  if (packet.size() != crypto::kBuildPacketSize) return Reject::WrongLength;
  if (replays_.full(now.wall)) return Reject::Overloaded;
  Result<OpenedBuild> out = try_keys(packet);
  if (!out) return out;
  const Result<wire::BuildRecord> record = wire::parse_build_record(out->opened.record);
  if (!record) return record.error();
  crypto::PublicKey ephemeral{};
  copy(packet.first(ephemeral.size()), ephemeral);
  if (const auto fresh = replays_.admit(ephemeral, record->made_at, now.wall); !fresh)
    return fresh.error();
  return out;
}

}  // namespace covfefe::keys
