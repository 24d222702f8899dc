// SPDX-License-Identifier: Apache-2.0
// What SQLite itself refuses, as ours: each for a cause of its own, in a database of its own.
#include "store/statement.h"

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <memory>

#include "temporary.h"

namespace covfefe::store {
namespace {

constexpr const char* kTable =
    "CREATE TABLE person(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, note BLOB,"
    " CHECK (id < 100))";

struct Close {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};
using Raw = std::unique_ptr<sqlite3, Close>;

Raw open_raw(const std::string& path, int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) {
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open_v2(path.c_str(), &database, flags, nullptr) == SQLITE_OK);
  return Raw(database);
}

Raw with_table() {
  Raw out = open_raw(":memory:");
  REQUIRE(Statement(out.get(), kTable).run().ok());
  return out;
}

StoreError refusal(const Raw& database, std::string_view sql) {
  const auto done = Statement(database.get(), sql).run();
  REQUIRE_FALSE(done.ok());
  return done.error();
}

// SQLite gets no more memory than it has.
class NoMemory {
 public:
  NoMemory() { sqlite3_hard_heap_limit64(sqlite3_memory_used()); }
  NoMemory(const NoMemory&) = delete;
  NoMemory& operator=(const NoMemory&) = delete;
  ~NoMemory() { sqlite3_hard_heap_limit64(0); }
};

}  // namespace

TEST_CASE("values that the tables forbid are refused, and a name that is taken exists") {
  const Raw database = with_table();
  REQUIRE(Statement(database.get(), "INSERT INTO person VALUES(1, 'one', NULL)").run().ok());
  CHECK(refusal(database, "INSERT INTO person VALUES(2, 'one', NULL)").fault == Fault::Exists);
  CHECK(refusal(database, "INSERT INTO person VALUES(1, 'two', NULL)").fault == Fault::Exists);
  CHECK(refusal(database, "INSERT INTO person VALUES(3, NULL, NULL)").fault == Fault::Refused);
  CHECK(refusal(database, "INSERT INTO person VALUES(100, 'x', NULL)").fault == Fault::Refused);
  CHECK(refusal(database, "INSERT INTO person VALUES('id', 'x', NULL)").fault == Fault::Refused);
}

TEST_CASE("a value beyond SQLite's own bound is refused") {
  const Raw database = with_table();
  sqlite3_limit(database.get(), SQLITE_LIMIT_LENGTH, 1'000);
  const StoreError error = refusal(database, "INSERT INTO person VALUES(1, 'x', zeroblob(1001))");
  CHECK(error.fault == Fault::Refused);
  CHECK(error.text.find("too big") != std::string::npos);
}

TEST_CASE("a database that may not be written is not damaged") {
  const TemporaryDirectory directory;
  REQUIRE(Statement(open_raw(directory.file("x")).get(), kTable).run().ok());
  const Raw database = open_raw(directory.file("x"), SQLITE_OPEN_READONLY);
  CHECK(refusal(database, "INSERT INTO person VALUES(1, 'x', NULL)").fault == Fault::Refused);
  CHECK(Statement(database.get(), "SELECT * FROM person").run().ok());
}

TEST_CASE("a database that is as large as it may be is full, and is read on") {
  const Raw database = with_table();
  REQUIRE(Statement(database.get(), "PRAGMA max_page_count = 4").run().ok());
  const StoreError error = refusal(database, "INSERT INTO person VALUES(1, 'x', zeroblob(99999))");
  CHECK(error.fault == Fault::Full);
  CHECK(Statement(database.get(), "INSERT INTO person VALUES(2, 'y', NULL)").run().ok());
}

TEST_CASE("tables that are not ours are damage, and a file that others hold is a disk that fails") {
  const TemporaryDirectory directory;
  const Raw database = open_raw(directory.file("x"));
  CHECK(refusal(database, "SELECT * FROM person").fault == Fault::Corrupt);
  const Raw other = open_raw(directory.file("x"));
  REQUIRE(Statement(other.get(), "BEGIN EXCLUSIVE").run().ok());
  CHECK(refusal(database, kTable).fault == Fault::Io);
}

TEST_CASE("a text for which there is no memory is an error and not an empty text") {
  const Raw database = open_raw(":memory:");
  Statement statement(database.get(), "SELECT zeroblob(1000000), zeroblob(9), NULL");
  REQUIRE(statement.step().value());
  CHECK(statement.text_at(1).value() == std::string(9, '\0'));
  CHECK(statement.text_at(2).value().empty());
  {
    const NoMemory here;
    const auto text = statement.text_at(0);
    REQUIRE_FALSE(text.ok());
    CHECK(text.error().fault == Fault::Io);
    CHECK(text.error().text.find("memory") != std::string::npos);
  }
}

TEST_CASE("a value that cannot be bound for want of memory shows at the step") {
  const Raw database = with_table();
  const std::vector<std::uint8_t> note(100'000);
  {
    Statement statement(database.get(), "INSERT INTO person VALUES(1, 'x', ?1)");
    const NoMemory here;
    const auto done = statement.blob(note).run();
    REQUIRE_FALSE(done.ok());
    CHECK(done.error().fault == Fault::Io);
  }
  Statement count(database.get(), "SELECT count(*) FROM person");
  REQUIRE(count.step().value());
  CHECK(count.column_integer(0) == 0);
}

}  // namespace covfefe::store
