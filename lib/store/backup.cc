// SPDX-License-Identifier: Apache-2.0
#include "store/backup.h"

#include <sqlite3.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <memory>

#include "os/sync.h"
#include "store/database.h"
#include "store/schema.h"
#include "store/statement.h"

namespace covfefe::store {
namespace {

namespace fs = std::filesystem;

struct Close {
  void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
};
using Handle = std::unique_ptr<sqlite3, Close>;

constexpr std::uintmax_t kEmpty = 1;  // bytes: SQLite takes a file of one byte for an empty one

std::string backup_name(const std::string& path, int number) {
  return path + "." + std::to_string(number);
}

std::string fresh_name(const std::string& path) {
  return path + ".new";
}

std::string suspect_name(const std::string& path) {
  return path + ".suspect";
}

StoreError file_error(const char* operation, const std::string& path, const std::error_code& code) {
  const Fault fault = code.value() == ENOSPC || code.value() == EDQUOT ? Fault::Full : Fault::Io;
  return {fault, std::string(operation) + " " + path + ": " + code.message()};
}

StoreResult<void> move_file(const std::string& from, const std::string& to) {
  std::error_code code;
  fs::rename(from, to, code);
  if (code && code.value() != ENOENT) return file_error("rename", from, code);
  return {};
}

StoreResult<Handle> open_plain(const std::string& path, int flags) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  Handle handle(raw);
  if (code != SQLITE_OK) {
    StoreError error = error_of(raw, code);
    error.text += " in " + path;
    return error;
  }
  return handle;
}

// False: the file is damaged, or not there. An error says nothing about the file: a disk that
// cannot read now must not cost a backup.
StoreResult<bool> is_sound(const std::string& path) {
  std::error_code code;
  if (!fs::exists(path, code)) {
    if (code) return file_error("stat", path, code);
    return false;
  }
  const auto handle = open_plain(path, SQLITE_OPEN_READONLY);
  if (!handle) return handle.error();
  Statement statement(handle->get(), "PRAGMA integrity_check(1)");
  const auto row = statement.step();
  if (!row && row.error().fault == Fault::Corrupt) return false;
  if (!row) return row.error();
  const auto verdict = *row ? statement.text_at(0) : StoreResult<std::string>(std::string());
  if (!verdict) return verdict.error();
  if (*verdict != "ok") return false;
  // A backup with other tables would be put in place, refused there, and never passed over.
  const auto ours = check_schema(handle->get());
  if (!ours && ours.error().fault != Fault::Corrupt) return ours.error();
  return ours.ok();
}

StoreResult<void> execute(sqlite3* handle, const char* sql) {
  const int code = sqlite3_exec(handle, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error_of(handle, sqlite3_extended_errcode(handle));
  return {};
}

StoreResult<void> copy_pages(sqlite3* from, const std::string& to) {
  const auto target = open_plain(to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  if (!target) return target.error();
  // The copy is one plain file: no log of its own, so that a rename moves all of it.
  auto set = execute(target->get(), "PRAGMA journal_mode=MEMORY; PRAGMA synchronous=FULL");
  if (!set) return set;
  sqlite3_backup* backup = sqlite3_backup_init(target->get(), "main", from, "main");
  if (backup == nullptr) return error_of(target->get(), sqlite3_extended_errcode(target->get()));
  sqlite3_backup_step(backup, -1);
  if (const int code = sqlite3_backup_finish(backup); code != SQLITE_OK) {
    return error_of(target->get(), code);
  }
  return {};
}

StoreResult<void> sync_directory(const std::string& path) {
  if (auto done = os::sync_directory(fs::path(path).parent_path().string()); !done) {
    return StoreError{Fault::Io, done.error().text()};
  }
  return {};
}

StoreResult<void> make_checked_copy(sqlite3* live, const std::string& fresh) {
  std::error_code code;
  for (const char* ending : {"", "-journal"}) fs::remove(fresh + ending, code);
  if (auto done = copy_pages(live, fresh); !done) return done;
  // A WAL database copies its mode flag; a sound reader needs the plain form.
  {
    const auto copy = open_plain(fresh, SQLITE_OPEN_READWRITE);
    if (!copy) return copy.error();
    auto plain = execute(copy->get(), "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=DELETE");
    if (!plain) return plain;
  }
  const auto sound = is_sound(fresh);
  if (!sound) return sound.error();
  if (!*sound) return StoreError{Fault::Corrupt, fresh + " fails its check after the copy"};
  return {};
}

// What was set aside before stays: it may be all that is left of something.
std::string free_name(const std::string& path, WallTime now) {
  const std::string base = path + ".corrupt-" + std::to_string(now.unix_seconds());
  std::string name = base;
  std::error_code ignored;
  for (int number = 2; fs::exists(name, ignored) || fs::exists(name + "-wal", ignored); ++number) {
    name = base + "-" + std::to_string(number);
  }
  return name;
}

// The file goes first: whoever finds a log without it knows that a restore was interrupted.
StoreResult<void> move_aside(const std::string& path, const std::string& aside) {
  if (auto moved = move_file(path, aside); !moved) return moved;
  // Logs belong to that file: replayed into another they would corrupt it.
  if (auto moved = move_file(path + "-journal", aside + "-journal"); !moved) return moved;
  return move_file(path + "-wal", aside + "-wal");
}

// FILE.new, whole and synced, from that backup. False: the backup is not sound, or not there.
StoreResult<bool> copy_backup(const std::string& path, int number) {
  const std::string candidate = backup_name(path, number);
  const auto sound = is_sound(candidate);
  if (!sound || !*sound) return sound;
  const auto from = open_plain(candidate, SQLITE_OPEN_READONLY);
  if (!from) return from.error();
  if (auto copied = make_checked_copy(from->get(), fresh_name(path)); !copied) {
    return copied.error();
  }
  return true;
}

// False: there is no sound backup.
StoreResult<bool> restore_newest(const std::string& path) {
  bool restored = false;
  for (int number = 1; number <= kBackups && !restored; ++number) {
    const auto copied = copy_backup(path, number);
    if (!copied) return copied.error();
    if (!*copied) continue;
    if (auto moved = move_file(fresh_name(path), path); !moved) return moved.error();
    restored = true;
  }
  if (auto synced = sync_directory(path); !synced) return synced.error();
  return restored;
}

}  // namespace

StoreResult<void> rotate_backup(sqlite3* live, const std::string& path, Generation generation) {
  const std::string fresh = fresh_name(path);
  if (auto made = make_checked_copy(live, fresh); !made) {
    std::error_code ignored;
    fs::remove(fresh, ignored);
    return made;
  }
  for (int number = kBackups - 1; number >= 1 && generation == Generation::Next; --number) {
    auto moved = move_file(backup_name(path, number), backup_name(path, number + 1));
    if (!moved) return moved;
  }
  if (auto moved = move_file(fresh, backup_name(path, 1)); !moved) return moved;
  return sync_directory(path);
}

std::int64_t backup_made(const std::string& path, int number) {
  std::error_code code;
  const fs::file_time_type written = fs::last_write_time(backup_name(path, number), code);
  if (code) return 0;
  const auto since_epoch = fs::file_time_type::clock::to_sys(written).time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(since_epoch).count();
}

StoreResult<Replaced> replace_corrupt(const std::string& path, WallTime now) {
  Replaced out;
  const std::string aside = free_name(path, now);
  std::error_code code;
  if (fs::exists(path, code)) out.quarantined = aside;
  if (auto moved = move_aside(path, aside); !moved) return moved.error();
  const auto restored = restore_newest(path);
  if (!restored) return restored.error();
  out.restored = *restored;
  return out;
}

StoreResult<void> renew(const std::string& path) {
  const auto copied = copy_backup(path, 1);
  if (!copied) return copied.error();
  // An older one in its place would take back what was acknowledged since.
  if (!*copied) return StoreError{Fault::Io, backup_name(path, 1) + " was just made, and fails"};
  const std::string aside = path + ".old";
  if (auto moved = move_aside(path, aside); !moved) return moved;
  if (auto moved = move_file(fresh_name(path), path); !moved) return moved;
  if (auto synced = sync_directory(path); !synced) return synced;
  std::error_code ignored;
  for (const char* ending : {"", "-wal", "-journal"}) fs::remove(aside + ending, ignored);
  return {};
}

bool is_lost(const std::string& path) {
  std::error_code code;
  const std::uintmax_t size = fs::file_size(path, code);
  if (code ? code != std::errc::no_such_file_or_directory : size > kEmpty) return false;
  for (int number = 1; number <= kBackups; ++number) {
    if (backup_made(path, number) != 0) return true;
  }
  return false;
}

StoreResult<void> mark_suspect(const std::string& path) {
  if (auto done = os::make_mark(suspect_name(path)); !done) {
    return StoreError{Fault::Io, done.error().text()};
  }
  return {};
}

bool is_suspect(const std::string& path) {
  std::error_code code;
  return fs::exists(suspect_name(path), code);
}

void clear_suspect(const std::string& path) {
  std::error_code ignored;
  fs::remove(suspect_name(path), ignored);
}

}  // namespace covfefe::store
