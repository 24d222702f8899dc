// SPDX-License-Identifier: Apache-2.0
// Rotated backups beside the database: FILE.1 is the newest of kBackups. A backup counts only after
// its own check passed; nothing is ever deleted before its successor is whole and synced.
#pragma once

#include <string>

#include "base/instant.h"
#include "store/error.h"

struct sqlite3;

namespace covfefe::store {

StoreResult<void> rotate_backup(sqlite3* live, const std::string& path);
// Copies the live database to FILE.new, checks and syncs the copy, shifts FILE.1 … and renames.

struct Replaced {
  std::string quarantined;  // where the corrupt file is now
  bool restored = false;    // false: no backup passed its check, the next open starts empty
};

StoreResult<Replaced> replace_corrupt(const std::string& path, WallTime now);
// Moves FILE and its log to FILE.corrupt-SECONDS and copies the newest sound backup into place.

}  // namespace covfefe::store
