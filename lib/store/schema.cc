// SPDX-License-Identifier: Apache-2.0
#include "store/schema.h"

#include <sqlite3.h>

#include <memory>
#include <string>

#include "store/migrations.h"
#include "store/statement.h"

namespace covfefe::store {
namespace {

struct Close {
  void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
};

// Everything but spaces.
StoreResult<std::string> schema_of(sqlite3* database) {
  std::string out;
  Statement statement(database,
                      "SELECT type || ' ' || name || ' ' || tbl_name || ' ' || coalesce(sql, '') "
                      "FROM sqlite_schema ORDER BY name");
  while (true) {
    const auto row = statement.step();
    if (!row) return row.error();
    if (!*row) return out;
    const auto text = statement.text_at(0);
    if (!text) return text.error();
    for (const char c : *text) {
      if (c != ' ' && c != '\n' && c != '\t') out += c;
    }
    out += '\n';
  }
}

StoreResult<std::int64_t> version_of(sqlite3* database) {
  Statement statement(database, "PRAGMA user_version");
  const auto row = statement.step();
  if (!row) return row.error();
  return statement.column_integer(0);
}

StoreResult<std::string> wanted_schema(std::size_t version) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(":memory:", &raw, SQLITE_OPEN_READWRITE, nullptr);
  const std::unique_ptr<sqlite3, Close> fresh(raw);
  if (code != SQLITE_OK) return error_of(raw, code);
  for (const char* migration : all_migrations().first(version)) {
    const int made = sqlite3_exec(raw, migration, nullptr, nullptr, nullptr);
    if (made != SQLITE_OK) return error_of(raw, made);
  }
  return schema_of(raw);
}

}  // namespace

StoreResult<void> check_schema(sqlite3* database) {
  const auto version = version_of(database);
  if (!version) return version.error();
  const auto newest = static_cast<std::int64_t>(all_migrations().size());
  if (*version < 0 || *version > newest) return {};
  const auto wanted = wanted_schema(static_cast<std::size_t>(*version));
  if (!wanted) return wanted.error();
  const auto found = schema_of(database);
  if (!found) return found.error();
  if (*found != *wanted) {
    return StoreError{Fault::Corrupt, "the tables are not those of this program"};
  }
  return {};
}

}  // namespace covfefe::store
