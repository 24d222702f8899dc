// SPDX-License-Identifier: Apache-2.0
// One prepared statement. Binds by position from 1, reads columns from 0. Not thread-safe; lives
// shorter than its Database.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "store/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace covfefe::store {

class Statement {
 public:
  Statement(sqlite3* database, std::string_view sql);
  // One that does not compile shows at step(), as Corrupt: the tables are not ours.
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& integer(std::int64_t value);
  Statement& text(std::string_view value);
  Statement& blob(ByteView value);
  // Each binds the next parameter; bytes and text are copied.

  StoreResult<bool> step();
  // True: a row is there. False: done.
  StoreResult<void> run();
  // Steps to the end and drops rows.

  [[nodiscard]] std::int64_t column_integer(int column) const;
  [[nodiscard]] std::string column_text(int column) const;
  StoreResult<std::string> text_at(int column) const;
  // The same; an error when there was no memory for it.
  bool column_blob(int column, MutableBytes out) const;
  // False when the stored length is not out.size(): a damaged or foreign row.
  [[nodiscard]] std::vector<std::uint8_t> column_bytes(int column) const;

 private:
  void bound(int code);

  sqlite3* database_;
  sqlite3_stmt* statement_ = nullptr;
  int code_ = 0;  // of compiling and binding
  int next_ = 1;
};

[[nodiscard]] StoreError error_of(sqlite3* database, int code);
// The fault and sentence for a SQLite result code.

}  // namespace covfefe::store
