// SPDX-License-Identifier: Apache-2.0
#include "keys/endorse.h"

#include <doctest/doctest.h>

#include "tests/unit/keys/support.h"

namespace covfefe::test {
namespace {

std::uint32_t accepted(keys::Vault& vault, const std::vector<FriendRecord>& records) {
  const keys::LoadCount count = vault.load(records, {});
  CHECK(count.accepted + count.refused == records.size());
  return count.accepted;
}

TEST_CASE("an endorsed friend is loaded, also after a restart") {
  KeyDirectory keys;
  auto vault = keys.open();
  const FriendRecord record = endorsed(*vault, stranger(7));
  CHECK(accepted(*vault, {record}) == 1);
  CHECK(accepted(*keys.open(), {record}) == 1);
}

TEST_CASE("a record altered in any endorsed field is refused") {
  KeyDirectory keys;
  auto vault = keys.open();
  const FriendRecord good = endorsed(*vault, stranger(7));
  std::vector<FriendRecord> bad(11, good);
  bad[0].petname = "friend-8";
  bad[1].trust = TrustLevel::Known;
  bad[2].identity_key[0] ^= 1;
  bad[3].static_key[0] ^= 1;
  bad[4].service_key[0] ^= 1;
  bad[5].address.bytes[15] ^= 1;
  bad[6].serial += 1;
  bad[7].endorsement[31] ^= 1;
  bad[8].endorsement = {};
  bad[9].visibility = Visibility::Reachable;
  bad[10].visibility = Visibility::Hidden;
  CHECK(accepted(*vault, bad) == 0);
  CHECK(accepted(*vault, {good}) == 1);
}

TEST_CASE("a hidden friend cannot be shown by whoever keeps the record") {
  KeyDirectory keys;
  auto vault = keys.open();
  FriendRecord record = stranger(7);
  record.visibility = Visibility::Hidden;
  const FriendRecord hidden = endorsed(*vault, record);
  CHECK(accepted(*vault, {hidden}) == 1);
  for (const Visibility other : {Visibility::RelayOnly, Visibility::Reachable}) {
    FriendRecord shown = hidden;
    shown.visibility = other;
    CHECK(accepted(*vault, {shown}) == 0);
  }
}

TEST_CASE("a record that was endorsed before there was a choice is good as relay only") {
  const auto root = keys::RootKeys::from_seed(key_of(1).view());
  FriendRecord record = stranger(7);
  record.serial = 3;
  const ByteArray<1> length{static_cast<std::uint8_t>(record.petname.size())};
  const ByteArray<1> trust{3};
  const ByteArray<8> serial{3};
  record.endorsement = root->mac({bytes_of("covfefe friend v1"), length, bytes_of(record.petname),
                                  trust, record.identity_key, record.static_key, record.service_key,
                                  record.address.bytes, serial});
  CHECK(keys::is_endorsed(*root, record));
  record.visibility = Visibility::Hidden;
  CHECK_FALSE(keys::is_endorsed(*root, record));
}

TEST_CASE("id, endpoints and date are the database's own and do not matter") {
  KeyDirectory keys;
  auto vault = keys.open();
  FriendRecord record = endorsed(*vault, stranger(7));
  record.id = FriendId{5};
  record.added_at = 1;
  record.endpoints.push_back({*parse_address("192.0.2.1"), 6363, 0});
  CHECK(accepted(*vault, {record}) == 1);
}

TEST_CASE("petname and trust cannot change places in the endorsement") {
  KeyDirectory keys;
  auto vault = keys.open();
  FriendRecord record = stranger(7);
  record.petname = "ab";
  record.trust = static_cast<TrustLevel>('c');
  FriendRecord other = record;
  other.petname = "abc";
  const auto root = keys::RootKeys::from_seed(key_of(1).view());
  CHECK(keys::endorsement_of(*root, record) != keys::endorsement_of(*root, other));
}

TEST_CASE("another node's endorsement is worth nothing here") {
  KeyDirectory here(1);
  KeyDirectory elsewhere(2);
  auto vault = here.open();
  auto other = elsewhere.open();
  endorsed(*vault, stranger(7));
  CHECK(accepted(*vault, {endorsed(*other, stranger(7))}) == 0);
}

TEST_CASE("a revoked friend is refused at once and after a restart, and may be endorsed anew") {
  KeyDirectory keys;
  auto vault = keys.open();
  const FriendRecord record = endorsed(*vault, stranger(7));
  CHECK(accepted(*vault, {record}) == 1);
  REQUIRE(vault->revoke(record.identity_key).ok());
  CHECK(vault->loaded() == 0);
  CHECK(accepted(*vault, {record}) == 0);
  vault = keys.open();
  CHECK(accepted(*vault, {record}) == 0);
  const FriendRecord again = endorsed(*vault, stranger(7));
  CHECK(again.serial > record.serial);
  CHECK(accepted(*vault, {record}) == 0);
  CHECK(accepted(*vault, {again}) == 1);
}

TEST_CASE("revoking a stranger does nothing and is no error") {
  KeyDirectory keys;
  auto vault = keys.open();
  const auto before = keys.file();
  CHECK(vault->revoke(stranger(9).identity_key).ok());
  CHECK(keys.file() == before);
}

TEST_CASE("an older endorsement is good until the newer one was loaded, and never again") {
  KeyDirectory keys;
  auto vault = keys.open();
  const FriendRecord met = endorsed(*vault, stranger(7));
  FriendRecord lowered = stranger(7);
  lowered.trust = TrustLevel::None;
  lowered = endorsed(*vault, lowered);
  CHECK(accepted(*vault, {met}) == 1);
  CHECK(accepted(*vault, {lowered}) == 1);
  CHECK(accepted(*vault, {met}) == 0);
  CHECK(accepted(*keys.open(), {met}) == 0);
  CHECK(accepted(*keys.open(), {lowered}) == 1);
}

Reject amend_refusal(keys::Vault& vault, const FriendRecord& previous, const FriendRecord& record) {
  const auto made = vault.amend(previous, record, {});
  return made.ok() ? Reject::Unexpected : std::get<Reject>(made.error());
}

TEST_CASE("a change to an endorsed friend is endorsed, and the record before it stays good") {
  KeyDirectory keys;
  auto vault = keys.open();
  const FriendRecord before = endorsed(*vault, stranger(7));
  FriendRecord after = before;
  after.petname = "renamed";
  after.trust = TrustLevel::Known;
  after.visibility = Visibility::Reachable;
  const auto made = vault->amend(before, after, key_of(5).view());
  REQUIRE(made.ok());
  after.serial = made->serial;
  after.endorsement = made->mark;
  CHECK(accepted(*vault, {before}) == 1);
  CHECK(accepted(*vault, {after}) == 1);
  CHECK(accepted(*keys.open(), {after}) == 1);
}

TEST_CASE("a change to a record altered in any endorsed field is forged and changes nothing") {
  KeyDirectory keys;
  auto vault = keys.open();
  const FriendRecord good = endorsed(*vault, stranger(7));
  endorsed(*vault, stranger(8));
  std::vector<FriendRecord> bad(10, good);
  bad[0].petname = "mallory";
  bad[1].trust = TrustLevel::Known;
  bad[2].visibility = Visibility::Reachable;
  bad[3].identity_key = stranger(8).identity_key;
  bad[4].identity_key = stranger(9).identity_key;
  bad[5].static_key = stranger(9).static_key;
  bad[6].service_key = stranger(9).service_key;
  bad[6].address = stranger(9).address;
  bad[7].address = stranger(9).address;
  ++bad[8].serial;
  bad[9].endorsement = {};
  const auto before = keys.file();
  for (const FriendRecord& one : bad) CHECK(amend_refusal(*vault, one, one) == Reject::Forged);
  CHECK(keys.file() == before);
  CHECK(vault->amend(good, good, {}).ok());
}

TEST_CASE("a change keeps every key and the address of the friend") {
  KeyDirectory keys;
  auto vault = keys.open();
  const FriendRecord good = endorsed(*vault, stranger(7));
  const FriendRecord other = stranger(8);
  std::vector<FriendRecord> bad(5, good);
  bad[0].identity_key = other.identity_key;
  bad[1].static_key = other.static_key;
  bad[2].service_key = other.service_key;
  bad[3].address = other.address;
  bad[4].service_key = other.service_key;
  bad[4].address = other.address;
  const auto before = keys.file();
  for (const FriendRecord& one : bad) CHECK(amend_refusal(*vault, good, one) == Reject::Forged);
  CHECK(keys.file() == before);
}

TEST_CASE("a record that was revoked or replaced since is no ground for a change") {
  KeyDirectory keys;
  auto vault = keys.open();
  const FriendRecord met = endorsed(*vault, stranger(7));
  FriendRecord lowered = stranger(7);
  lowered.trust = TrustLevel::None;
  lowered = endorsed(*vault, lowered);
  CHECK(accepted(*vault, {lowered}) == 1);
  CHECK(amend_refusal(*vault, met, met) == Reject::Forged);
  REQUIRE(vault->revoke(lowered.identity_key).ok());
  CHECK(amend_refusal(*vault, lowered, lowered) == Reject::Forged);
  CHECK(vault->endorsed() == 0);
}

TEST_CASE("a new static key ends the old one at once") {
  KeyDirectory keys;
  auto vault = keys.open();
  const FriendRecord before = endorsed(*vault, stranger(7));
  FriendRecord after = before;
  after.static_key = stranger(8).static_key;
  after = endorsed(*vault, after);
  CHECK(accepted(*vault, {before}) == 0);
  CHECK(accepted(*vault, {after}) == 1);
}

TEST_CASE("the same friend twice in one table is taken once") {
  KeyDirectory keys;
  auto vault = keys.open();
  const FriendRecord record = endorsed(*vault, stranger(7));
  CHECK(accepted(*vault, {record, record}) == 1);
}

TEST_CASE("records that make no friend are refused with their reason and change nothing") {
  KeyDirectory keys;
  auto vault = keys.open();
  endorsed(*vault, stranger(7));
  const auto before = keys.file();
  const auto reason = [&](const FriendRecord& record, ByteView psk = {}) {
    return std::get<Reject>(vault->endorse(record, psk).error());
  };
  FriendRecord bad = stranger(8);
  bad.address.bytes[3] ^= 1;
  CHECK(reason(bad) == Reject::Forged);
  bad = stranger(8);
  bad.petname.clear();
  CHECK(reason(bad) == Reject::WrongValue);
  bad = stranger(8);
  bad.petname.assign(64, 'a');
  CHECK(reason(bad) == Reject::WrongValue);
  bad = stranger(8);
  bad.static_key = {};
  CHECK(reason(bad) == Reject::WrongValue);
  bad = stranger(8);
  bad.static_key = bad.identity_key;
  CHECK(reason(bad) == Reject::WrongValue);
  CHECK(reason(record_of(vault->identity(), "me")) == Reject::WrongValue);
  bad = stranger(8);
  bad.static_key = stranger(7).static_key;
  CHECK(reason(bad) == Reject::Unexpected);
  CHECK(reason(stranger(8), ByteArray<31>{}) == Reject::WrongLength);
  CHECK(keys.file() == before);
}

TEST_CASE("the table has a bound") {
  KeyDirectory keys;
  auto contents = *keys::fresh_contents(key_of(1).view());
  for (std::uint32_t i = 0; i < keys::kMaxEndorsed; ++i) {
    keys::Endorsed one{{}, {}, 1, 1};
    store_le(one.identity_key.data(), i);
    store_le(one.static_key.data(), i);
    contents.friends.push_back(one);
  }
  contents.next_serial = 2;
  REQUIRE(contents.psks.grow(keys::kMaxEndorsed));
  std::filesystem::remove(keys.path());
  REQUIRE(keys.create(contents).ok());
  auto vault = keys.open();
  CHECK(vault->endorsed() == keys::kMaxEndorsed);
  CHECK(std::get<Reject>(vault->endorse(stranger(7), {}).error()) == Reject::Overloaded);
}

}  // namespace
}  // namespace covfefe::test
