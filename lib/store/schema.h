// SPDX-License-Identifier: Apache-2.0
// Is the file that was opened our database? Its own check finds only broken trees: tables of
// another program, or a letter of a table's name that changed, pass it.
#pragma once

#include "store/error.h"

struct sqlite3;

namespace covfefe::store {

[[nodiscard]] StoreResult<void> check_schema(sqlite3* database);
// Corrupt if tables and indexes are not exactly those that the migrations up to the file's own
// version make. Spaces do not count: SQLite rewrites the text of a table when a column is added. Of
// a version that this program does not know nothing is said.

}  // namespace covfefe::store
