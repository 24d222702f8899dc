// SPDX-License-Identifier: Apache-2.0
// The open key file and everything that may be asked of it. This is the keystore as a value: the
// service around it only translates. No function returns the seed, a private key or a PSK. What is
// durable is durable before the function returns; when the disk refuses, nothing has changed. Only
// after an error that os::is_unsettled is that unknown: then the vault must not be used any more.
// Thread: one; blocks on the disk in endorse, amend, revoke, load and, about once in 30 minutes,
// initiate.
#pragma once

#include <memory>
#include <span>
#include <variant>

#include "keys/endorse.h"
#include "keys/handshakes.h"
#include "keys/peers.h"
#include "keys/sealed_file.h"

namespace covfefe::keys {

using VaultError = std::variant<Reject, SysError>;
template <typename T>
using VaultResult = Expected<T, VaultError>;

struct Endorsement {
  std::uint64_t serial = 0;
  ByteArray<32> mark{};
};

class Vault {
 public:
  static SealedResult<std::unique_ptr<Vault>> open(const Place& place, ByteView secret,
                                                   crypto::Entropy& random);
  // secret: credential or passphrase. Both references must outlive the vault.

  [[nodiscard]] const PublicIdentity& identity() const { return contents_.root.identity(); }

  VaultResult<Endorsement> endorse(FriendRecord record, ByteView psk);
  // The record's serial and endorsement are ignored. psk: empty keeps the one there is, 32 bytes
  // replace it (all zero: none). Rejects: check_friend's; WrongLength of the psk; Unexpected: its
  // static key belongs to another friend; Overloaded: kMaxEndorsed friends.
  // An earlier endorsement of the identity stays good until the new one is loaded, so that a crash
  // between keystore and database loses no friend.

  VaultResult<Endorsement> amend(const FriendRecord& previous, FriendRecord record, ByteView psk);
  // endorse for a change to a friend, whose record lies where others can alter it. Rejects, besides
  // endorse's: Forged when `previous` is no record that load would accept now, or a key or the
  // address differs between the two.

  VaultResult<void> revoke(const crypto::PublicKey& identity_key);
  // No endorsement made so far is honoured again; the PSK is gone. Also fine for a stranger.

  LoadCount load(std::span<const FriendRecord> records, std::span<const Seen> seen);
  // See Peers::load.

  struct Target {
    crypto::PublicKey static_key{};
    BootId boot_id{};
  };
  VaultResult<Initiated> initiate(const Target& target, WallTime now);
  Result<Established> finish(std::uint64_t handshake, ByteView message);
  Result<Responded> respond(ByteView message, const BootId& own);
  // See Handshakes.

  [[nodiscard]] crypto::Certificate certify(const crypto::PublicKey& session_key,
                                            WallTime now) const;
  // One hour (A7).

  [[nodiscard]] std::size_t endorsed() const { return contents_.friends.size(); }
  [[nodiscard]] std::size_t loaded() const { return peers_.size(); }
  [[nodiscard]] std::size_t pending() const { return handshakes_.pending(); }

 private:
  Vault(SealedFile::Opened opened, crypto::Entropy& random);

  [[nodiscard]] Result<void> check_new(const FriendRecord& record, ByteView psk) const;
  VaultResult<void> add(const FriendRecord& record, ByteView psk);
  VaultResult<void> renew(std::size_t at, const FriendRecord& record, ByteView psk);
  VaultResult<void> save();
  VaultResult<Tai64n> next_timestamp(WallTime now);

  SealedFile file_;
  Contents contents_;
  crypto::Entropy& random_;
  Timestamps timestamps_;
  Peers peers_;
  Handshakes handshakes_;
};

}  // namespace covfefe::keys
