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

// 1 is relay only: what a friendship was before there was a choice. The longest catalogue is 512
// descriptors of 96 bytes.
constexpr const char* kCircuits = R"sql(
ALTER TABLE friends ADD COLUMN visibility INTEGER NOT NULL DEFAULT 1
  CHECK(visibility BETWEEN 0 AND 2);
ALTER TABLE metrics ADD COLUMN link_faults INTEGER NOT NULL DEFAULT 0;
ALTER TABLE metrics ADD COLUMN onion_faults INTEGER NOT NULL DEFAULT 0;
ALTER TABLE metrics ADD COLUMN circuits_destroyed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE metrics ADD COLUMN relayed_cells INTEGER NOT NULL DEFAULT 0;
CREATE TABLE catalogues(
  friend_id INTEGER PRIMARY KEY REFERENCES friends(id) ON DELETE CASCADE,
  epoch INTEGER NOT NULL CHECK(epoch BETWEEN 0 AND 4294967295),
  descriptors BLOB NOT NULL
    CHECK(length(descriptors) BETWEEN 96 AND 49152 AND length(descriptors) % 96 = 0)
) STRICT;
CREATE TABLE destinations(
  address BLOB PRIMARY KEY CHECK(length(address) = 16),
  sequence INTEGER NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;
)sql";

// Of the uplink's minutes, an hour keeps sums: `minutes` were added, of which `limited` had a rate.
constexpr const char* kShaper = R"sql(
CREATE TABLE promises(
  friend_id INTEGER NOT NULL REFERENCES friends(id) ON DELETE CASCADE,
  kind INTEGER NOT NULL CHECK(kind BETWEEN 1 AND 5),
  kept INTEGER NOT NULL,
  broken INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  PRIMARY KEY(friend_id, kind)
) STRICT, WITHOUT ROWID;
CREATE TABLE capacity(
  span INTEGER NOT NULL CHECK(span IN (60, 3600)),
  at INTEGER NOT NULL,
  minutes INTEGER NOT NULL,
  limited INTEGER NOT NULL,
  rate INTEGER NOT NULL,
  lowest INTEGER NOT NULL,
  sent INTEGER NOT NULL,
  cuts INTEGER NOT NULL,
  PRIMARY KEY(span, at)
) STRICT, WITHOUT ROWID;
)sql";

constexpr const char* kAll[] = {kFriends, kMetrics, kCircuits, kShaper};

}  // namespace

std::span<const char* const> all_migrations() {
  return kAll;
}

}  // namespace covfefe::store
