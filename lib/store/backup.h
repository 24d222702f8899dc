// SPDX-License-Identifier: Apache-2.0
// Rotated backups beside the database: FILE.1 is the newest of kBackups. A backup counts only after
// its own check passed, and if its tables are those of its version; nothing is ever deleted before
// its successor is whole and synced.
#pragma once

#include <cstdint>
#include <string>

#include "base/instant.h"
#include "store/error.h"

struct sqlite3;

namespace covfefe::store {

enum class Generation : std::uint8_t {
  Same,  // the copy replaces FILE.1
  Next,  // FILE.1 … move on by one, the oldest goes
};

StoreResult<void> rotate_backup(sqlite3* live, const std::string& path, Generation generation);
// Copies the live database to FILE.new, checks and syncs the copy and puts it in as FILE.1.

[[nodiscard]] std::int64_t backup_made(const std::string& path, int number);
// When FILE.number was written, in Unix seconds; 0 if it is not there.

struct Replaced {
  std::string quarantined;  // where the corrupt file is now, empty if there was none
  bool restored = false;    // false: no backup passed its check, the next open starts empty
};

StoreResult<Replaced> replace_corrupt(const std::string& path, WallTime now);
// Moves FILE and its log to FILE.corrupt-SECONDS and copies the newest sound backup into place.
// Interrupted at any instant it leaves no FILE: is_lost then says so.

StoreResult<void> renew(const std::string& path);
// Puts a copy of FILE.1, which is just made, in the place of FILE and its log; Io, and both stay,
// if it does not pass its check. Of a log whose sync failed nobody knows what is on the disk:
// replayed after a power cut, a part of it would bring old pages back into a file that was written
// since. Interrupted, as above.

[[nodiscard]] bool is_lost(const std::string& path);
// No FILE, or an empty one, beside a backup: a restore was interrupted, or somebody deleted it.

StoreResult<void> mark_suspect(const std::string& path);
[[nodiscard]] bool is_suspect(const std::string& path);
void clear_suspect(const std::string& path);
// FILE.suspect: what was seen at run time calls for the thorough check at the next open.

}  // namespace covfefe::store
