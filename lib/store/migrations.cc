// SPDX-License-Identifier: Apache-2.0
#include "store/migrations.h"

namespace covfefe::store {
namespace {

// AUTOINCREMENT: a friend's id is never given to another, so late metrics cannot hit the wrong row.
constexpr const char* kFriends = R"sql(
CREATE TABLE friends(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  petname TEXT NOT NULL UNIQUE CHECK(length(petname) BETWEEN 1 AND 63),
  trust INTEGER NOT NULL CHECK(trust BETWEEN 0 AND 3),
  identity_key BLOB NOT NULL UNIQUE CHECK(length(identity_key) = 32),
  static_key BLOB NOT NULL UNIQUE CHECK(length(static_key) = 32),
  service_key BLOB NOT NULL CHECK(length(service_key) = 32),
  address BLOB NOT NULL UNIQUE CHECK(length(address) = 16),
  serial INTEGER NOT NULL,
  endorsement BLOB NOT NULL CHECK(length(endorsement) = 32),
  added_at INTEGER NOT NULL
) STRICT;
CREATE TABLE endpoints(
  friend_id INTEGER NOT NULL REFERENCES friends(id) ON DELETE CASCADE,
  ip BLOB NOT NULL CHECK(length(ip) = 16),
  port INTEGER NOT NULL CHECK(port BETWEEN 1 AND 65535),
  rank INTEGER NOT NULL,
  PRIMARY KEY(friend_id, ip, port)
) STRICT, WITHOUT ROWID;
CREATE TABLE operations(
  id BLOB PRIMARY KEY CHECK(length(id) = 16),
  sequence INTEGER NOT NULL UNIQUE,
  answer INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

constexpr const char* kMetrics = R"sql(
CREATE TABLE metrics(
  span INTEGER NOT NULL CHECK(span IN (60, 3600)),
  friend_id INTEGER NOT NULL REFERENCES friends(id) ON DELETE CASCADE,
  at INTEGER NOT NULL,
  seconds INTEGER NOT NULL,
  rx INTEGER NOT NULL,
  tx INTEGER NOT NULL,
  up INTEGER NOT NULL,
  rtt INTEGER NOT NULL,
  lost INTEGER NOT NULL,
  PRIMARY KEY(span, friend_id, at)
) STRICT, WITHOUT ROWID;
CREATE INDEX metrics_by_age ON metrics(span, at);
)sql";

constexpr const char* kAll[] = {kFriends, kMetrics};

}  // namespace

std::span<const char* const> all_migrations() {
  return kAll;
}

}  // namespace covfefe::store
