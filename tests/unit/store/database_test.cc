// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <sqlite3.h>

#include "store/statement.h"
#include "temporary.h"

namespace covfefe::store {
namespace {

std::string make_with_backups(const TemporaryDirectory& directory, int backups) {
  const std::string path = directory.file("peers.db");
  auto database = Database::open(path, kNow);
  REQUIRE(database.ok());
  Peers peers(*database);
  for (std::uint8_t number = 1; number <= 40; ++number) {
    FriendRecord record = person(number);
    record.identity_key[1] = 0xee;
    record.static_key[1] = 0xdd;
    REQUIRE(peers.put_friend(operation(number), record).ok());
  }
  for (int i = 0; i < backups; ++i) REQUIRE(database->back_up().ok());
  return path;
}

std::size_t friends_in(Database& database) {
  Peers peers(database);
  return peers.friends().value().size();
}

TEST_CASE("a corrupt file is set aside and the newest backup takes its place") {
  const TemporaryDirectory directory;
  const std::string path = make_with_backups(directory, 1);
  spoil(path, 4096, 8192);
  auto database = Database::open(path, kNow);
  REQUIRE(database.ok());
  CHECK(database->how() == Opened::Restored);
  CHECK(friends_in(*database) == 40);
  CHECK(std::filesystem::exists(database->quarantined()));
}

TEST_CASE("a file that is no database at all is treated the same") {
  const TemporaryDirectory directory;
  const std::string path = make_with_backups(directory, 2);
  spoil(path, 0, 100);
  auto database = Database::open(path, kNow);
  REQUIRE(database.ok());
  CHECK(database->how() == Opened::Restored);
  CHECK(friends_in(*database) == 40);
}

TEST_CASE("a corrupt newest backup is passed over for an older one") {
  const TemporaryDirectory directory;
  const std::string path = make_with_backups(directory, 3);
  spoil(path, 0, 100);
  spoil(path + ".1", 0, 100);
  spoil(path + ".2", 4096, 8192);
  auto database = Database::open(path, kNow);
  REQUIRE(database.ok());
  CHECK(database->how() == Opened::Restored);
  CHECK(friends_in(*database) == 40);
}

// Sound trees, and a table that this program does not know: SQLite's own check passes it.
void change_schema(const std::string& path) {
  sqlite3* raw = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &raw) == SQLITE_OK);
  const char* sql = "PRAGMA locking_mode=EXCLUSIVE; ALTER TABLE friends RENAME TO frienbs";
  CHECK(sqlite3_exec(raw, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(raw);
}

TEST_CASE("backups whose tables are not this program's are passed over for an older one") {
  const TemporaryDirectory directory;
  const std::string path = make_with_backups(directory, 3);
  for (const char* ending : {"", ".1", ".2"}) change_schema(path + ending);
  auto database = Database::open(path, kNow);
  REQUIRE(database.ok());
  CHECK(database->how() == Opened::Restored);
  CHECK(friends_in(*database) == 40);
}

TEST_CASE("tables that changed under the running program do not become a backup") {
  const TemporaryDirectory directory;
  const std::string path = make_with_backups(directory, 1);
  auto database = Database::open(path, kNow);
  REQUIRE(database.ok());
  const char* sql = "ALTER TABLE friends RENAME TO frienbs";
  REQUIRE(sqlite3_exec(database->handle(), sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  CHECK(database->back_up().error().fault == Fault::Corrupt);
  CHECK(!std::filesystem::exists(path + ".2"));
}

TEST_CASE("a fresh copy that fails its check is not replaced by an older one") {
  const TemporaryDirectory directory;
  const std::string path = make_with_backups(directory, 2);
  const auto size = std::filesystem::file_size(path);
  spoil(path + ".1", 4096, 8192);
  CHECK(renew(path).error().fault == Fault::Io);
  CHECK(std::filesystem::file_size(path) == size);
  CHECK(Database::open(path, kNow)->how() == Opened::Existing);
}

TEST_CASE("without a sound backup it starts empty and deletes nothing") {
  const TemporaryDirectory directory;
  const std::string path = make_with_backups(directory, 0);
  spoil(path, 0, 100);
  auto database = Database::open(path, kNow);
  REQUIRE(database.ok());
  CHECK(database->how() == Opened::StartedEmpty);
  CHECK(friends_in(*database) == 0);
  CHECK(std::filesystem::file_size(database->quarantined()) > 4096);
}

TEST_CASE("every truncation of the file opens as something sound") {
  const TemporaryDirectory directory;
  const std::string path = make_with_backups(directory, 1);
  const auto size = std::filesystem::file_size(path);
  for (std::uintmax_t keep = 0; keep < size; keep += 4096 + 512) {
    const TemporaryDirectory trial;
    const std::string copy_path = trial.file("peers.db");
    std::filesystem::copy_file(path, copy_path);
    std::filesystem::copy_file(path + ".1", copy_path + ".1");
    std::filesystem::resize_file(copy_path, keep);
    auto database = Database::open(copy_path, kNow);
    CAPTURE(keep);
    REQUIRE(database.ok());
    CHECK(friends_in(*database) == 40);
  }
}

TEST_CASE("a restore that was interrupted is done again, not answered with an empty database") {
  const TemporaryDirectory directory;
  const std::string path = make_with_backups(directory, 1);
  // As a power cut leaves it: the corrupt file is aside, its log not yet, the backup not copied.
  std::filesystem::rename(path, path + ".corrupt-1");
  std::ofstream(path + "-wal") << "the log of the corrupt file";
  auto database = Database::open(path, kNow);
  REQUIRE(database.ok());
  CHECK(database->how() == Opened::Restored);
  CHECK(database->quarantined().empty());
  CHECK(friends_in(*database) == 40);
}

// Two indexes change places: each is a sound tree, and only the thorough check compares contents.
void swap_indexes(const std::string& path) {
  sqlite3* raw = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &raw) == SQLITE_OK);
  const char* sql =
      "PRAGMA locking_mode=EXCLUSIVE; PRAGMA writable_schema=ON;"
      "UPDATE sqlite_schema SET rootpage=(SELECT sum(rootpage) FROM sqlite_schema WHERE name IN "
      "('sqlite_autoindex_friends_2', 'sqlite_autoindex_friends_3')) - rootpage WHERE name IN "
      "('sqlite_autoindex_friends_2', 'sqlite_autoindex_friends_3')";
  CHECK(sqlite3_exec(raw, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(raw);
}

TEST_CASE("what only the thorough check finds is repaired at the open after it was suspected") {
  const TemporaryDirectory directory;
  const std::string path = make_with_backups(directory, 1);
  swap_indexes(path);
  {
    auto database = Database::open(path, kNow);
    REQUIRE(database.ok());
    REQUIRE(database->how() == Opened::Existing);
    REQUIRE(database->back_up().error().fault == Fault::Corrupt);
    database->suspect();
  }
  {
    auto database = Database::open(path, kNow);
    REQUIRE(database.ok());
    CHECK(database->how() == Opened::Restored);
    CHECK(friends_in(*database) == 40);
  }
  auto again = Database::open(path, kNow);
  REQUIRE(again.ok());
  CHECK(again->how() == Opened::Existing);
}

TEST_CASE("a backup of the same generation replaces the newest and leaves the older ones") {
  const TemporaryDirectory directory;
  const std::string path = make_with_backups(directory, 2);
  const auto older = std::filesystem::last_write_time(path + ".2");
  auto database = Database::open(path, kNow);
  REQUIRE(database.ok());
  Peers peers(*database);
  REQUIRE(peers.remove_friend(operation(90), FriendId{1}).ok());
  REQUIRE(database->back_up(Generation::Same).ok());
  CHECK(std::filesystem::last_write_time(path + ".2") == older);
  CHECK(!std::filesystem::exists(path + ".3"));
  auto newest = Database::open(path + ".1", kNow);
  REQUIRE(newest.ok());
  CHECK(friends_in(*newest) == 39);
}

TEST_CASE("three backups are kept and each is a sound database") {
  const TemporaryDirectory directory;
  const std::string path = make_with_backups(directory, 5);
  for (int number = 1; number <= kBackups; ++number) {
    auto backup = Database::open(path + "." + std::to_string(number), kNow);
    REQUIRE(backup.ok());
    CHECK(friends_in(*backup) == 40);
  }
  CHECK(!std::filesystem::exists(path + ".4"));
  CHECK(!std::filesystem::exists(path + ".new"));
}

TEST_CASE("the connection runs as the durability rules demand") {
  const TemporaryDirectory directory;
  auto database = Database::open(directory.file("peers.db"), kNow);
  REQUIRE(database.ok());
  sqlite3_set_authorizer(database->handle(), nullptr, nullptr);
  const auto pragma = [&](const char* text) {
    Statement statement(database->handle(), text);
    REQUIRE(statement.step().value());
    return statement.column_text(0);
  };
  CHECK(pragma("PRAGMA journal_mode") == "wal");
  CHECK(pragma("PRAGMA locking_mode") == "exclusive");
  CHECK(pragma("PRAGMA synchronous") == "2");
  CHECK(pragma("PRAGMA temp_store") == "2");
  CHECK(pragma("PRAGMA foreign_keys") == "1");
  CHECK(!std::filesystem::exists(directory.file("peers.db-shm")));
}

TEST_CASE("after opening, ATTACH and PRAGMA are denied") {
  const TemporaryDirectory directory;
  auto database = Database::open(directory.file("peers.db"), kNow);
  REQUIRE(database.ok());
  Statement attach(database->handle(), "ATTACH 'x.db' AS x");
  CHECK(attach.step().error().fault == Fault::Refused);
  Statement pragma(database->handle(), "PRAGMA synchronous=OFF");
  CHECK(pragma.step().error().fault == Fault::Refused);
}

TEST_CASE("after a backup nothing is only in the log") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("peers.db");
  auto database = Database::open(path, kNow);
  REQUIRE(database.ok());
  Peers peers(*database);
  REQUIRE(peers.put_friend(operation(1), person(1)).ok());
  CHECK(std::filesystem::file_size(path + "-wal") > 0);
  REQUIRE(database->back_up().ok());
  CHECK(std::filesystem::file_size(path + "-wal") == 0);
}

TEST_CASE("a second connection is refused while the first lives") {
  const TemporaryDirectory directory;
  auto first = Database::open(directory.file("peers.db"), kNow);
  REQUIRE(first.ok());
  CHECK(!Database::open(directory.file("peers.db"), kNow).ok());
}

TEST_CASE("a database from a newer program is refused and left alone") {
  const TemporaryDirectory directory;
  const std::string path = make_with_backups(directory, 1);
  sqlite3* raw = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &raw) == SQLITE_OK);
  sqlite3_exec(raw, "PRAGMA user_version=99", nullptr, nullptr, nullptr);
  sqlite3_close(raw);
  const auto refused = Database::open(path, kNow);
  REQUIRE(!refused.ok());
  CHECK(refused.error().fault == Fault::Refused);
  CHECK(refused.error().text.find("99") != std::string::npos);
}

TEST_CASE("a file that cannot be written is an error, not a new database") {
  CHECK(!Database::open("/proc/no-such-directory/peers.db", kNow).ok());
}

}  // namespace
}  // namespace covfefe::store
