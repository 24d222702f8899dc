// SPDX-License-Identifier: Apache-2.0
#include "keys/vault.h"

#include <algorithm>
#include <cerrno>

namespace covfefe::keys {
namespace {

constexpr std::int64_t kCertificateSeconds = 3'600;  // A7

bool same_keys(const FriendRecord& a, const FriendRecord& b) {
  return a.identity_key == b.identity_key && a.static_key == b.static_key &&
         a.service_key == b.service_key && a.address == b.address;
}

}  // namespace

SealedResult<std::unique_ptr<Vault>> Vault::open(const Place& place, ByteView secret,
                                                 crypto::Entropy& random) {
  SealedResult<SealedFile::Opened> opened = SealedFile::open(place, secret);
  if (!opened.ok()) return opened.error();
  return std::unique_ptr<Vault>(new Vault(*std::move(opened), random));
}

Vault::Vault(SealedFile::Opened opened, crypto::Entropy& random)
    : file_(std::move(opened.file)),
      contents_(std::move(opened.contents)),
      random_(random),
      timestamps_(contents_.ceiling),
      handshakes_(contents_, peers_, random) {}

VaultResult<void> Vault::save() {
  const SysResult<void> saved = file_.save(contents_, random_);
  if (!saved.ok()) return VaultError(saved.error());
  return {};
}

Result<void> Vault::check_new(const FriendRecord& record, ByteView psk) const {
  if (!psk.empty() && psk.size() != crypto::kKeySize) return Reject::WrongLength;
  if (const Result<void> sound = check_friend(contents_.root, record); !sound.ok()) return sound;
  const bool taken = std::any_of(
      contents_.friends.begin(), contents_.friends.end(), [&record](const Endorsed& one) {
        return one.static_key == record.static_key && one.identity_key != record.identity_key;
      });
  if (taken) return Reject::Unexpected;
  return {};
}

VaultResult<Endorsement> Vault::endorse(FriendRecord record, ByteView psk) {
  if (const Result<void> sound = check_new(record, psk); !sound.ok())
    return VaultError(sound.error());
  record.serial = contents_.next_serial;
  const std::optional<std::size_t> at = contents_.find(record.identity_key);
  ++contents_.next_serial;
  const VaultResult<void> kept = at ? renew(*at, record, psk) : add(record, psk);
  if (!kept.ok()) {
    --contents_.next_serial;
    return kept.error();
  }
  return Endorsement{record.serial, endorsement_of(contents_.root, record)};
}

VaultResult<Endorsement> Vault::amend(const FriendRecord& previous, FriendRecord record,
                                      ByteView psk) {
  const std::optional<std::size_t> at = contents_.find(previous.identity_key);
  const bool vouched = at && is_current(contents_.root, previous, contents_.friends[*at]);
  if (!vouched || !same_keys(previous, record)) return VaultError(Reject::Forged);
  return endorse(std::move(record), psk);
}

VaultResult<void> Vault::add(const FriendRecord& record, ByteView psk) {
  const std::size_t at = contents_.friends.size();
  if (at == kMaxEndorsed) return VaultError(Reject::Overloaded);
  if (!contents_.psks.grow(at + 1))
    return VaultError(SysError{"lock memory for", "a friend", ENOMEM});
  contents_.friends.push_back(
      {record.identity_key, record.static_key, record.serial, record.serial});
  if (!psk.empty()) contents_.psks.set(at, psk.first<crypto::kKeySize>());
  VaultResult<void> saved = save();
  if (!saved.ok()) contents_.erase(at);
  return saved;
}

VaultResult<void> Vault::renew(std::size_t at, const FriendRecord& record, ByteView psk) {
  const Endorsed before = contents_.friends[at];
  const crypto::SecretKey psk_before = contents_.psks.get(at);
  Endorsed& listed = contents_.friends[at];
  const bool rekeyed = listed.static_key != record.static_key;
  listed.newest = record.serial;
  listed.static_key = record.static_key;
  if (rekeyed) listed.floor = record.serial;
  if (!psk.empty()) contents_.psks.set(at, psk.first<crypto::kKeySize>());
  VaultResult<void> saved = save();
  if (!saved.ok()) {
    contents_.friends[at] = before;
    contents_.psks.set(at, psk_before.view());
  } else if (rekeyed) {
    peers_.forget(record.identity_key);
    handshakes_.forget(before.static_key);
  }
  return saved;
}

VaultResult<void> Vault::revoke(const crypto::PublicKey& identity_key) {
  const std::optional<std::size_t> at = contents_.find(identity_key);
  if (!at) return {};
  const Endorsed before = contents_.friends[*at];
  const crypto::SecretKey psk_before = contents_.psks.get(*at);
  contents_.erase(*at);
  VaultResult<void> saved = save();
  if (!saved.ok()) {
    contents_.friends.push_back(before);
    contents_.psks.set(contents_.friends.size() - 1, psk_before.view());
    return saved;
  }
  peers_.forget(identity_key);
  handshakes_.forget(before.static_key);
  return {};
}

LoadCount Vault::load(std::span<const FriendRecord> records, std::span<const Seen> seen) {
  const std::vector<Endorsed> before = contents_.friends;
  const LoadCount count = peers_.load(contents_, records, seen);
  // Raised floors hold from now on in any case; a disk that refuses them gets them at the next
  // save.
  const bool raised =
      !std::equal(before.begin(), before.end(), contents_.friends.begin(),
                  [](const Endorsed& a, const Endorsed& b) { return a.floor == b.floor; });
  if (raised) static_cast<void>(save());
  return count;
}

// Step N6, covfefe-protocol(7).
VaultResult<Tai64n> Vault::next_timestamp(WallTime now) {
  const Tai64n timestamp = timestamps_.peek(now);
  if (timestamps_.should_raise(now) || !timestamps_.may_send(timestamp)) {
    const Tai64n before = std::exchange(contents_.ceiling, timestamps_.wanted_ceiling(now));
    const VaultResult<void> saved = save();
    if (saved.ok()) {
      timestamps_.raised(contents_.ceiling);
    } else {
      contents_.ceiling = before;
      if (!timestamps_.may_send(timestamp)) return saved.error();
    }
  }
  timestamps_.sent(timestamp);
  return timestamp;
}

VaultResult<Initiated> Vault::initiate(const Target& target, WallTime now) {
  if (!peers_.identity_of(target.static_key)) return VaultError(Reject::Unknown);
  const VaultResult<Tai64n> timestamp = next_timestamp(now);
  if (!timestamp.ok()) return timestamp.error();
  Result<Initiated> out = handshakes_.initiate({target.static_key, target.boot_id, *timestamp});
  if (!out.ok()) return VaultError(out.error());
  return *std::move(out);
}

Result<Established> Vault::finish(std::uint64_t handshake, ByteView message) {
  return handshakes_.finish(handshake, message);
}

Result<Responded> Vault::respond(ByteView message, const BootId& own) {
  return handshakes_.respond(message, own);
}

crypto::Certificate Vault::certify(const crypto::PublicKey& session_key, WallTime now) const {
  return contents_.root.certify(session_key, now.unix_seconds() + kCertificateSeconds);
}

}  // namespace covfefe::keys
