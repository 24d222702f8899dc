// SPDX-License-Identifier: Apache-2.0
#include "store/statement.h"

#include <sqlite3.h>

#include "base/check.h"

namespace covfefe::store {
namespace {

Fault fault_of(int code) {
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR:  // our SQL is sound, so the file's format or tables are not
      return Fault::Corrupt;
    case SQLITE_FULL:
      return Fault::Full;
    case SQLITE_CONSTRAINT:
      return code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY
                 ? Fault::Exists
                 : Fault::Refused;
    case SQLITE_TOOBIG:
    case SQLITE_AUTH:
    case SQLITE_READONLY:
    case SQLITE_MISMATCH:
      return Fault::Refused;
    default:
      return Fault::Io;
  }
}

}  // namespace

StoreError error_of(sqlite3* database, int code) {
  return {fault_of(code),
          std::string("database: ") + sqlite3_errstr(code) + " (" + sqlite3_errmsg(database) + ")"};
}

Statement::Statement(sqlite3* database, std::string_view sql) : database_(database) {
  code_ =
      sqlite3_prepare_v2(database, sql.data(), static_cast<int>(sql.size()), &statement_, nullptr);
  CHECK(code_ != SQLITE_MISUSE);
}

Statement::~Statement() {
  sqlite3_finalize(statement_);
}

// A value that cannot be bound for want of memory shows at step().
void Statement::bound(int code) {
  CHECK(code == SQLITE_OK || code == SQLITE_NOMEM);
  if (code != SQLITE_OK) code_ = code;
}

Statement& Statement::integer(std::int64_t value) {
  if (statement_ != nullptr) bound(sqlite3_bind_int64(statement_, next_++, value));
  return *this;
}

Statement& Statement::text(std::string_view value) {
  if (statement_ != nullptr) {
    bound(sqlite3_bind_text(statement_, next_++, value.data(), static_cast<int>(value.size()),
                            SQLITE_TRANSIENT));
  }
  return *this;
}

Statement& Statement::blob(ByteView value) {
  if (statement_ != nullptr) {
    bound(sqlite3_bind_blob(statement_, next_++, value.data(), static_cast<int>(value.size()),
                            SQLITE_TRANSIENT));
  }
  return *this;
}

StoreResult<bool> Statement::step() {
  if (code_ != SQLITE_OK) return error_of(database_, code_);
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return error_of(database_, sqlite3_extended_errcode(database_));
}

StoreResult<void> Statement::run() {
  while (true) {
    const auto row = step();
    if (!row) return row.error();
    if (!*row) return {};
  }
}

std::int64_t Statement::column_integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string Statement::column_text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  const int size = sqlite3_column_bytes(statement_, column);
  return text == nullptr ? std::string() : std::string(text, static_cast<std::size_t>(size));
}

StoreResult<std::string> Statement::text_at(int column) const {
  if (sqlite3_column_text(statement_, column) == nullptr &&
      sqlite3_errcode(database_) == SQLITE_NOMEM) {
    return error_of(database_, SQLITE_NOMEM);
  }
  return column_text(column);
}

bool Statement::column_blob(int column, MutableBytes out) const {
  const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  if (size != out.size() || bytes == nullptr) return false;
  copy({bytes, size}, out);
  return true;
}

std::vector<std::uint8_t> Statement::column_bytes(int column) const {
  const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return bytes == nullptr ? std::vector<std::uint8_t>() : std::vector(bytes, bytes + size);
}

}  // namespace covfefe::store
