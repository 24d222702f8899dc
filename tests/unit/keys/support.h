// SPDX-License-Identifier: Apache-2.0
// A key file in a directory of its own, and friends to endorse.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "crypto/address.h"
#include "crypto/drbg.h"
#include "keys/vault.h"
#include "tests/support/temporary_directory.h"

namespace covfefe::test {

inline constexpr os::Owner kSameOwner{static_cast<uid_t>(-1), static_cast<gid_t>(-1)};
inline constexpr WallTime kNow{1'790'000'000'000'000'000};

inline crypto::SecretKey key_of(std::uint8_t byte) {
  crypto::SecretKey out;
  std::fill(out.mutable_view().begin(), out.mutable_view().end(), byte);
  return out;
}

struct KeyDirectory {
  TemporaryDirectory directory;
  crypto::Drbg random{key_of(99).view()};
  keys::Place place;
  ByteArray<32> credential{};

  explicit KeyDirectory(std::uint8_t seed = 1) {
    if (!crypto::init()) bug("libsodium");
    credential.fill(0xc0);
    place = {*os::open_directory(directory.text()), path()};
    const auto contents = keys::fresh_contents(key_of(seed).view());
    if (!create(*contents).ok()) bug("create_sealed");
  }
  [[nodiscard]] std::string path() const { return directory / keys::kFileName; }

  SysResult<void> create(const keys::Contents& contents) {
    return keys::create_sealed(
        path(), {contents, keys::Lock::Credential, {}, credential, kSameOwner, random});
  }
  keys::SealedResult<std::unique_ptr<keys::Vault>> try_open() {
    return keys::Vault::open(place, credential, random);
  }
  std::unique_ptr<keys::Vault> open() { return std::move(*try_open()); }
  // A fresh one each time: what a restarted process would see.

  [[nodiscard]] std::vector<std::uint8_t> file() const { return *os::read_file(path(), 1 << 20); }
  void overwrite(ByteView bytes) const { directory.write(keys::kFileName, text_of(bytes)); }
};

inline FriendRecord record_of(const keys::PublicIdentity& identity, const std::string& petname) {
  FriendRecord out;
  out.petname = petname;
  out.trust = TrustLevel::Met;
  out.identity_key = identity.identity_key;
  out.static_key = identity.static_key;
  out.service_key = identity.service_key;
  out.address = identity.address;
  return out;
}

inline FriendRecord stranger(std::uint8_t seed) {
  return record_of(keys::RootKeys::from_seed(key_of(seed).view())->identity(),
                   "friend-" + std::to_string(seed));
}

inline FriendRecord endorsed(keys::Vault& vault, FriendRecord record, ByteView psk = {}) {
  const auto made = vault.endorse(record, psk);
  if (!made.ok()) bug("endorse");
  record.serial = made->serial;
  record.endorsement = made->mark;
  return record;
}

}  // namespace covfefe::test
