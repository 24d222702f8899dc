// SPDX-License-Identifier: Apache-2.0
#include "keys/onion_keys.h"

#include <algorithm>

#include "wire/build.h"

namespace covfefe::keys {
namespace {

Duration age_of(const Moment& since, const Moment& now) {
  const Duration by_wall{now.wall.unix_nanoseconds - since.wall.unix_nanoseconds};
  return std::max(now.monotonic - since.monotonic, by_wall);
}

}  // namespace

std::optional<OnionKeys> OnionKeys::make(crypto::Entropy& random, const Moment& now) {
  auto memory = crypto::Guarded::make(kOnionKeys * crypto::kKeySize);
  if (!memory) return std::nullopt;
  OnionKeys out(random, std::move(*memory));
  out.make_key(0, now);
  return out;
}

void OnionKeys::make_key(std::size_t at, const Moment& now) {
  const crypto::KeyPair fresh = crypto::make_key_pair(*random_);
  const crypto::Guarded::Writing writing(memory_);
  copy(fresh.secret.view(), writing.bytes().subspan(at * crypto::kKeySize, crypto::kKeySize));
  slots_[at] = {fresh.public_key, now, true};
  newest_ = at;
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

// Step N12, covfefe-protocol(7).
void OnionKeys::rotate(const Moment& now) {
  for (std::size_t at = 0; at < kOnionKeys; ++at) {
    if (slots_[at].live && age_of(slots_[at].since, now) >= kOnionKeyLife) erase_key(at);
  }
  const Slot& newest = slots_[newest_];
  const bool due = !newest.live || age_of(newest.since, now) >= kOnionKeyNewest;
  if (due) make_key(1 - newest_, now);
  replays_.forget_due(now.wall);
}

InlineVec<OnionKeyShown, kOnionKeys> OnionKeys::shown(const Moment& now) {
  rotate(now);
  InlineVec<OnionKeyShown, kOnionKeys> out;
  for (const std::size_t at : {newest_, 1 - newest_}) {
    const Slot& slot = slots_[at];
    if (!slot.live) continue;
    const WallTime end{slot.since.wall.unix_nanoseconds + kOnionKeyLife.nanoseconds};
    out.push_back({slot.public_key, end.unix_seconds()});
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
