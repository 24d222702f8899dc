// SPDX-License-Identifier: Apache-2.0
#include "keys/sealed_file.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <set>
#include <string>

#include "tests/unit/keys/support.h"

namespace covfefe::test {
namespace {

using keys::SealedFault;

SealedFault fault_of(KeyDirectory& keys) {
  const auto opened = keys.try_open();
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().text.find(keys.path()) != std::string::npos);
  return opened.error().fault;
}

TEST_CASE("a sealed file opens with its credential and gives the same identity") {
  KeyDirectory keys;
  const auto first = keys.open()->identity();
  const auto second = keys.open()->identity();
  CHECK(first.identity_key == second.identity_key);
  CHECK(first.address == crypto::overlay_address(first.service_key));
  CHECK(keys::is_static_signed(first));
}

TEST_CASE("the four keys of one seed are all different, and so are those of two seeds") {
  const auto a = keys::RootKeys::from_seed(key_of(1).view())->identity();
  const auto b = keys::RootKeys::from_seed(key_of(2).view())->identity();
  CHECK(a.identity_key != a.service_key);
  CHECK(a.identity_key != a.static_key);
  CHECK(a.static_key != a.service_key);
  CHECK(a.identity_key != b.identity_key);
  CHECK(a.static_key != b.static_key);
  keys::PublicIdentity forged = a;
  forged.static_key = b.static_key;
  CHECK_FALSE(keys::is_static_signed(forged));
}

TEST_CASE("the file holds neither seed nor PSK in clear") {
  KeyDirectory keys;
  auto vault = keys.open();
  endorsed(*vault, stranger(7), key_of(0x5a).view());
  const auto file = keys.file();
  for (const std::uint8_t secret : {std::uint8_t{1}, std::uint8_t{0x5a}}) {
    const auto planted = key_of(secret);
    CHECK(std::search(file.begin(), file.end(), planted.view().begin(), planted.view().end()) ==
          file.end());
  }
}

TEST_CASE("a file cut off at any byte is refused as cut off and left as it is") {
  KeyDirectory keys;
  const auto whole = keys.file();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    keys.overwrite(ByteView(whole).first(size));
    CHECK(fault_of(keys) == SealedFault::Truncated);
    CHECK(keys.file().size() == size);
  }
}

TEST_CASE("a byte too many, or far too many, is refused as too long") {
  KeyDirectory keys;
  auto file = keys.file();
  file.push_back(0);
  keys.overwrite(file);
  CHECK(fault_of(keys) == SealedFault::Oversized);
  file.resize(keys::kMaxFile + 1);
  keys.overwrite(file);
  CHECK(fault_of(keys) == SealedFault::Oversized);
}

TEST_CASE("any flipped bit is refused") {
  KeyDirectory keys;
  const auto whole = keys.file();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    auto bad = whole;
    bad[at] = static_cast<std::uint8_t>(bad[at] ^ (1U << (at % 8)));
    keys.overwrite(bad);
    CHECK_FALSE(keys.try_open().ok());
    CHECK(keys.file() == bad);
  }
}

TEST_CASE("each kind of damage has its own error") {
  KeyDirectory keys;
  const auto whole = keys.file();
  const auto with = [&](std::size_t at, std::uint8_t value) {
    auto bad = whole;
    bad[at] = value;
    keys.overwrite(bad);
    return fault_of(keys);
  };
  CHECK(with(0, 'C') == SealedFault::NotAKeyFile);
  CHECK(with(8, 2) == SealedFault::WrongVersion);
  CHECK(with(10, 3) == SealedFault::WrongHead);
  CHECK(with(11, 1) == SealedFault::WrongHead);
  CHECK(with(16, 1) == SealedFault::WrongHead);
  CHECK(with(40, static_cast<std::uint8_t>(whole[40] ^ 1)) == SealedFault::DoesNotOpen);
  CHECK(with(63, 1) == SealedFault::WrongHead);
  CHECK(with(64, static_cast<std::uint8_t>(whole[64] ^ 1)) == SealedFault::DoesNotOpen);
  keys.credential.fill(1);
  keys.overwrite(whole);
  CHECK(fault_of(keys) == SealedFault::DoesNotOpen);
  std::filesystem::remove(keys.path());
  CHECK(fault_of(keys) == SealedFault::Missing);
  std::filesystem::create_directory(keys.path());
  CHECK(fault_of(keys) == SealedFault::Unreadable);
}

TEST_CASE("an absurd Argon2id cost in the head is refused before any work") {
  keys::SealedHead head;
  head.lock = keys::Lock::Passphrase;
  head.cost = {1ULL << 40, 1ULL << 50};
  head.body_size = keys::kMinBody;
  std::vector<std::uint8_t> file(keys::kHeadSize + crypto::kBoxOverhead + keys::kMinBody);
  copy(head.bytes(), file);
  CHECK(keys::parse_head(file).error() == SealedFault::WrongHead);
}

TEST_CASE("a passphrase opens what it locked, another does not") {
  KeyDirectory keys;
  std::filesystem::remove(keys.path());
  const auto contents = keys::fresh_contents(key_of(1).view());
  const ByteView right = bytes_of("correct horse");
  REQUIRE(keys::create_sealed(keys.path(), {*contents, keys::Lock::Passphrase, crypto::kLeastCost,
                                            right, kSameOwner, keys.random})
              .ok());
  CHECK(keys::SealedFile::inspect(keys.place)->lock == keys::Lock::Passphrase);
  CHECK(keys::Vault::open(keys.place, right, keys.random).ok());
  const auto wrong = keys::Vault::open(keys.place, bytes_of("correct house"), keys.random);
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.error().fault == SealedFault::DoesNotOpen);
}

TEST_CASE("a passphrase for a file that is locked by a credential is told so") {
  KeyDirectory keys;
  const auto wrong = keys::Vault::open(keys.place, bytes_of("correct horse"), keys.random);
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.error().fault == SealedFault::NeedsOtherLock);
}

TEST_CASE("making keys overwrites nothing") {
  KeyDirectory keys;
  const auto before = keys.file();
  const auto contents = keys::fresh_contents(key_of(2).view());
  const auto made = keys.create(*contents);
  REQUIRE_FALSE(made.ok());
  CHECK(made.error().number == EEXIST);
  CHECK(keys.file() == before);
}

TEST_CASE("a crash between the temporary file and the rename leaves the old file in force") {
  KeyDirectory keys;
  auto vault = keys.open();
  endorsed(*vault, stranger(7));
  keys.directory.write(".keys.sealed.new", "half of a new ke");
  auto again = keys.open();
  CHECK(again->endorsed() == 1);
  endorsed(*again, stranger(8));
  CHECK(keys.open()->endorsed() == 2);
}

TEST_CASE("a disk that refuses changes nothing, in memory or in the file") {
  KeyDirectory keys;
  auto vault = keys.open();
  const FriendRecord known = endorsed(*vault, stranger(7), key_of(5).view());
  const auto before = keys.file();
  // The directory is gone from under the process: every write is refused, also to root.
  const std::string moved = keys.directory.text() + ".moved";
  std::filesystem::rename(keys.path(), moved);
  std::filesystem::remove_all(keys.directory.text());
  CHECK_FALSE(vault->endorse(stranger(8), {}).ok());
  CHECK_FALSE(vault->endorse(stranger(7), {}).ok());
  CHECK_FALSE(vault->revoke(known.identity_key).ok());
  CHECK(vault->endorsed() == 1);
  CHECK(vault->load(std::vector<FriendRecord>{known}, {}).accepted == 1);
  CHECK(*os::read_file(moved, 1 << 20) == before);
  std::filesystem::remove(moved);
}

TEST_CASE("contents survive encoding, and contents that contradict themselves are refused") {
  KeyDirectory keys;
  auto contents = *keys::fresh_contents(key_of(3).view());
  contents.next_serial = 9;
  contents.ceiling = {77, 5};
  contents.friends.push_back({stranger(4).identity_key, stranger(4).static_key, 3, 8});
  contents.psks.set(0, key_of(6).view());
  std::vector<std::uint8_t> bytes(keys::encoded_size(contents));
  keys::encode(contents, bytes);
  const auto back = keys::decode(bytes);
  REQUIRE(back.ok());
  CHECK(back->next_serial == 9);
  CHECK(back->ceiling == keys::Tai64n{77, 5});
  CHECK(back->friends[0].newest == 8);
  CHECK(crypto::equal(back->psks.get(0).view(), key_of(6).view()));

  for (const std::size_t size : {0U, 31U, 63U, 64U, 175U}) {
    CHECK_FALSE(keys::decode(ByteView(bytes).first(size)).ok());
  }
  auto later = bytes;
  store_le<std::uint64_t>(later.data() + 32, 8);  // next serial not above the newest
  CHECK_FALSE(keys::decode(later).ok());
  auto many = bytes;
  store_le<std::uint32_t>(many.data() + 56, 0xffffffffU);
  CHECK_FALSE(keys::decode(many).ok());
}

TEST_CASE("PSKs move into a larger pool unchanged") {
  auto pool = *keys::PskPool::make(0);
  const std::size_t room = pool.room();
  pool.set(room - 1, key_of(9).view());
  REQUIRE(pool.grow(room + 1));
  CHECK(pool.room() > room);
  CHECK(crypto::equal(pool.get(room - 1).view(), key_of(9).view()));
  CHECK(all_zero(pool.get(room).view()));
}

TEST_CASE("every fault has a sentence of its own") {
  std::set<std::string> sentences;
  for (int fault = 0; fault <= static_cast<int>(SealedFault::NoMemory); ++fault) {
    sentences.insert(keys::sealed_error(static_cast<SealedFault>(fault), "f").text);
  }
  CHECK(sentences.size() == static_cast<std::size_t>(SealedFault::NoMemory) + 1);
}

}  // namespace
}  // namespace covfefe::test
