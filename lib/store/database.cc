// SPDX-License-Identifier: Apache-2.0
#include "store/database.h"

#include <sqlite3.h>

#include <filesystem>
#include <utility>

#include "store/backup.h"
#include "store/migrations.h"
#include "store/schema.h"
#include "store/statement.h"

namespace covfefe::store {
namespace {

// EXCLUSIVE comes before WAL, so that no shared-memory file is made; FULL syncs each commit;
// temporary tables stay out of /var/tmp, which the jail does not have. The log is folded into the
// file by commit(), because SQLite would say nothing of a disk that fails there.
constexpr const char* kPragmas =
    "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
    "PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0; PRAGMA trusted_schema=OFF;"
    "PRAGMA cell_size_check=ON; PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON;"
    "PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=4194304; PRAGMA cache_size=-1024;";

constexpr int kLongestLog = 256;  // pages, then it is folded into the file

// SQLite calls this after every commit.
int note_log(void* pages, sqlite3*, const char*, int now) {
  *static_cast<int*>(pages) = now;
  return SQLITE_OK;
}

int authorize(void*, int action, const char*, const char*, const char*, const char*) {
  return action == SQLITE_ATTACH || action == SQLITE_DETACH || action == SQLITE_PRAGMA ? SQLITE_DENY
                                                                                       : SQLITE_OK;
}

void set_limits(sqlite3* handle) {
  sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, 1 << 20);
  sqlite3_limit(handle, SQLITE_LIMIT_SQL_LENGTH, 1 << 14);
  sqlite3_limit(handle, SQLITE_LIMIT_EXPR_DEPTH, 32);
  sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_limit(handle, SQLITE_LIMIT_VARIABLE_NUMBER, 32);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
}

StoreResult<void> execute(sqlite3* handle, const char* sql) {
  const int code = sqlite3_exec(handle, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error_of(handle, sqlite3_extended_errcode(handle));
  return {};
}

}  // namespace

StoreResult<Database> Database::open(const std::string& path, WallTime now) {
  Database database;
  database.path_ = path;
  std::error_code ignored;
  const bool existed = std::filesystem::exists(path, ignored);
  if (!existed) database.how_ = Opened::Created;
  if (!is_lost(path)) {
    auto first = database.open_file();
    if (first && is_suspect(path)) first = database.renew();
    if (first) return database;
    if (first.error().fault != Fault::Corrupt) return first.error();
    database.close();
  }
  auto replaced = replace_corrupt(path, now);
  if (!replaced) return replaced.error();
  database.quarantined_ = replaced->quarantined;
  database.how_ = replaced->restored ? Opened::Restored : Opened::StartedEmpty;
  clear_suspect(path);
  if (auto second = database.open_file(); !second) return second.error();
  return database;
}

StoreResult<void> Database::open_file() {
  const int code = sqlite3_open_v2(
      path_.c_str(), &handle_,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
      nullptr);
  if (code != SQLITE_OK) {
    StoreError error = error_of(handle_, code);
    error.text += " in " + path_;
    return error;
  }
  return prepare();
}

StoreResult<void> Database::prepare() {
  set_limits(handle_);
  if (auto done = execute(handle_, kPragmas); !done) return done;
  if (auto sound = check("PRAGMA quick_check(1)"); !sound) return sound;
  if (is_suspect(path_)) {
    if (auto sound = check("PRAGMA integrity_check(1)"); !sound) return sound;
  }
  if (auto done = migrate(); !done) return done;
  if (auto ours = check_schema(handle_); !ours) {
    return StoreError{ours.error().fault, path_ + ": " + ours.error().text};
  }
  sqlite3_wal_hook(handle_, note_log, log_pages_.get());
  sqlite3_set_authorizer(handle_, authorize, nullptr);
  return {};
}

StoreResult<void> Database::check(std::string_view pragma) {
  Statement statement(handle_, pragma);
  const auto row = statement.step();
  if (!row) return row.error();
  const auto verdict = *row ? statement.text_at(0) : StoreResult<std::string>(std::string());
  if (!verdict) return verdict.error();
  if (*verdict != "ok") return StoreError{Fault::Corrupt, path_ + ": " + *verdict};
  return {};
}

StoreResult<void> Database::answers() {
  Statement statement(handle_, "SELECT count(*) FROM sqlite_schema");
  const auto row = statement.step();
  if (!row) return row.error();
  return {};
}

StoreResult<void> Database::migrate() {
  const auto row_version = [this]() -> StoreResult<std::int64_t> {
    Statement statement(handle_, "PRAGMA user_version");
    const auto row = statement.step();
    if (!row) return row.error();
    return statement.column_integer(0);
  };
  auto version = row_version();
  if (!version) return version.error();
  const auto migrations = all_migrations();
  const auto newest = static_cast<std::int64_t>(migrations.size());
  if (*version < 0 || *version > newest) {
    return StoreError{Fault::Refused, path_ + " has schema version " + std::to_string(*version) +
                                          ", this program knows up to " + std::to_string(newest) +
                                          ": install the newer program again"};
  }
  for (auto next = *version; next < newest; ++next) {
    const std::string script = std::string("BEGIN EXCLUSIVE;") +
                               migrations[static_cast<std::size_t>(next)] +
                               "PRAGMA user_version=" + std::to_string(next + 1) + ";COMMIT;";
    if (auto done = execute(handle_, script.c_str()); !done) {
      // Corrupt: what a migration makes is there already, or what it changes is not.
      rollback();
      return done;
    }
  }
  return {};
}

StoreResult<void> Database::begin() {
  // A full disk is no failed one: the log grows until there is room, or until it finds none, too.
  if (failed_ && failed_->fault != Fault::Full) return *failed_;
  return execute(handle_, "BEGIN IMMEDIATE");
}
StoreResult<void> Database::commit() {
  if (auto done = execute(handle_, "COMMIT"); !done) return done;
  // Durable from here on, in the log. A disk that fails now ends the next transaction instead.
  if (*log_pages_ >= kLongestLog) {
    if (auto folded = fold_log(SQLITE_CHECKPOINT_PASSIVE); !folded) failed_ = folded.error();
  }
  return {};
}

StoreResult<void> Database::renew() {
  if (auto kept = rotate_backup(handle_, path_, Generation::Same); !kept) {
    // Without room for a copy it goes on, and stays suspect.
    if (kept.error().fault == Fault::Full) return {};
    return kept;
  }
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  close();
  if (auto renewed = store::renew(path_); !renewed) return renewed;
  clear_suspect(path_);
  return open_file();
}

StoreResult<void> Database::fold_log(int mode) {
  const int code = sqlite3_wal_checkpoint_v2(handle_, nullptr, mode, nullptr, nullptr);
  if (code != SQLITE_OK) return error_of(handle_, code);
  return {};
}

void Database::rollback() {
  // Some errors have rolled back by themselves; then there is nothing left to do.
  if (sqlite3_get_autocommit(handle_) == 0) {
    sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

StoreResult<void> Database::integrity_check() {
  sqlite3_set_authorizer(handle_, nullptr, nullptr);
  auto result = check("PRAGMA integrity_check(1)");
  sqlite3_set_authorizer(handle_, authorize, nullptr);
  return result;
}

StoreResult<void> Database::back_up(Generation generation) {
  if (auto done = rotate_backup(handle_, path_, generation); !done) return done;
  // What is only in the log would be lost with the log: a damaged log rolls back without a word.
  return fold_log(SQLITE_CHECKPOINT_TRUNCATE);
}

void Database::suspect() {
  // The log stays as it is: the next open copies what it can read before anything is folded.
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  // On a disk that refuses even this, the next open finds out by itself.
  static_cast<void>(mark_suspect(path_));
}

void Database::close() {
  sqlite3_close_v2(handle_);
  handle_ = nullptr;
}

Database::~Database() {
  close();
}

Database::Database(Database&& other) noexcept {
  *this = std::move(other);
}

Database& Database::operator=(Database&& other) noexcept {
  if (this == &other) return *this;
  close();
  path_ = std::move(other.path_);
  quarantined_ = std::move(other.quarantined_);
  handle_ = std::exchange(other.handle_, nullptr);
  log_pages_ = std::move(other.log_pages_);
  failed_ = std::move(other.failed_);
  how_ = other.how_;
  return *this;
}

}  // namespace covfefe::store
