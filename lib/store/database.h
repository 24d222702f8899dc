// SPDX-License-Identifier: Apache-2.0
// The one connection to the one database file. Exclusive, write-ahead log, every commit synced:
// what was answered survives a power cut. SQLite up to 3.51.2 can corrupt a WAL file with two
// connections, so nothing else opens it, in this process or another.
//
// Opening checks the file (quick_check), applies the numbered migrations and closes the door:
// afterwards ATTACH and PRAGMA are denied. A corrupt file is set aside, never deleted, and the
// newest backup that passes its own check takes its place; so it does where a backup has no
// database beside it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/instant.h"
#include "store/backup.h"
#include "store/error.h"

struct sqlite3;

namespace covfefe::store {

inline constexpr int kBackups = 3;                       // peers.db.1 (newest) … peers.db.3
inline constexpr std::int64_t kBackupEvery = 24 * 3600;  // seconds between rotations

enum class Opened : std::uint8_t { Existing, Created, Restored, StartedEmpty };
// Restored: a backup took the place of a corrupt or missing file. StartedEmpty: no usable backup
// was left.

class Database {
 public:
  static StoreResult<Database> open(const std::string& path, WallTime now);
  // path is the file; its directory must exist and be writable. `now` names a quarantined file.
  ~Database();
  Database(Database&& other) noexcept;
  Database& operator=(Database&& other) noexcept;

  [[nodiscard]] Opened how() const { return how_; }
  [[nodiscard]] const std::string& quarantined() const { return quarantined_; }
  // Where the corrupt file went, empty if there was none.
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] sqlite3* handle() const { return handle_; }

  StoreResult<void> begin();
  StoreResult<void> commit();
  void rollback();

  StoreResult<void> answers();
  // A question that costs next to nothing: does SQLite still answer?
  StoreResult<void> integrity_check();
  // The thorough one; Corrupt with SQLite's first sentence when it fails.
  StoreResult<void> back_up(Generation generation = Generation::Next);
  // Copies to a new file, checks the copy, then renames; on any failure the old backups stay. The
  // write-ahead log is folded into the file afterwards.
  void suspect();
  // Something was seen that calls for the end of this process: nothing more is written but a mark,
  // and the next open runs the thorough check, restores a backup if it fails, and otherwise puts a
  // fresh copy in the place of file and log.

 private:
  Database() = default;
  StoreResult<void> open_file();
  StoreResult<void> prepare();
  StoreResult<void> check(std::string_view pragma);
  StoreResult<void> migrate();
  StoreResult<void> renew();
  StoreResult<void> fold_log(int mode);
  void close();

  std::string path_;
  std::string quarantined_;
  sqlite3* handle_ = nullptr;
  Opened how_ = Opened::Existing;
  std::unique_ptr<int> log_pages_ = std::make_unique<int>(0);  // where SQLite can find it
  std::optional<StoreError> failed_;                           // of folding the log after a commit
};

class Transaction {
 public:
  explicit Transaction(Database& database) : database_(database), begun_(database.begin()) {}
  ~Transaction() {
    if (begun_ && !done_) database_.rollback();
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  [[nodiscard]] const StoreResult<void>& begun() const { return begun_; }
  StoreResult<void> commit() {
    auto result = database_.commit();
    done_ = result.ok();
    return result;
  }
  // Durable when it returns success; otherwise the destructor rolls back.

 private:
  Database& database_;
  StoreResult<void> begun_;
  bool done_ = false;
};

}  // namespace covfefe::store
