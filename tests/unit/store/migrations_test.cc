// SPDX-License-Identifier: Apache-2.0
// A database as an earlier version of this program left it, opened by this one.
#include "store/migrations.h"

#include <doctest/doctest.h>
#include <sqlite3.h>

#include "store/capacity.h"
#include "store/promises.h"
#include "store/routes.h"
#include "temporary.h"

namespace covfefe::store {
namespace {

// Version 2: friends without visibility, metrics without faults, no catalogues. One friend with an
// endpoint, an hour of metrics and a remembered operation.
constexpr const char* kRows = R"sql(
INSERT INTO friends VALUES(7, 'bob', 3, zeroblob(32), zeroblob(32), zeroblob(32),
  x'fd000000000000000000000000000001', 4,
  x'0505050505050505050505050505050505050505050505050505050505050505', 1700000000);
INSERT INTO endpoints VALUES(7, zeroblob(16), 6363, 0);
INSERT INTO metrics VALUES(60, 7, 1700000040, 60, 100, 200, 60, 900, 1);
INSERT INTO operations VALUES(x'09000000000000000000000000000001', 1, 7);
PRAGMA user_version=2;
)sql";

// Version 3: all of that with visibility and catalogues, and nothing of promises and the uplink.
constexpr const char* kRowsOf3 = R"sql(
INSERT INTO friends VALUES(7, 'bob', 3, zeroblob(32), zeroblob(32), zeroblob(32),
  x'fd000000000000000000000000000001', 4, zeroblob(32), 1700000000, 2);
INSERT INTO metrics VALUES(60, 7, 1700000040, 60, 100, 200, 60, 900, 1, 2, 3, 4, 5);
INSERT INTO catalogues VALUES(7, 9, zeroblob(96));
INSERT INTO destinations VALUES(x'fd070707070707070707070707070707', 1);
INSERT INTO operations VALUES(x'09000000000000000000000000000001', 1, 7);
PRAGMA user_version=3;
)sql";

std::string make_version(std::size_t version, const char* rows,
                         const TemporaryDirectory& directory) {
  const std::string path = directory.file("peers.db");
  sqlite3* raw = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &raw) == SQLITE_OK);
  for (const char* step : all_migrations().first(version))
    REQUIRE(sqlite3_exec(raw, step, nullptr, nullptr, nullptr) == SQLITE_OK);
  REQUIRE(sqlite3_exec(raw, rows, nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(raw);
  return path;
}

TEST_CASE("a database of the version before circuits keeps its data and gets their defaults") {
  const TemporaryDirectory directory;
  const std::string path = make_version(2, kRows, directory);
  auto database = Database::open(path, kNow);
  REQUIRE(database.ok());
  CHECK(database->how() == Opened::Existing);
  Peers peers(*database);
  const auto friends = peers.friends().value();
  REQUIRE(friends.size() == 1);
  CHECK(friends[0].id == FriendId{7});
  CHECK(friends[0].petname == "bob");
  CHECK(friends[0].trust == TrustLevel::Met);
  CHECK(friends[0].visibility == Visibility::RelayOnly);
  CHECK(friends[0].endorsement[31] == 5);
  CHECK(friends[0].endpoints.at(0).port == 6363);
  const auto samples = peers.metrics({7}, 0, 10).value();
  REQUIRE(samples.size() == 1);
  CHECK(samples[0] == MetricSample{{7}, 1'700'000'040, 60, 100, 200, 60, 900, 1, 0, 0, 0, 0});
  CHECK(peers.put_friend(operation(9), person(2)).value() == FriendId{7});
}

TEST_CASE("a backup of the version before circuits takes the place of a damaged database") {
  const TemporaryDirectory directory;
  const std::string path = make_version(2, kRows, directory);
  std::filesystem::copy_file(path, path + ".1");
  spoil(path, 0, 100);
  auto database = Database::open(path, kNow);
  REQUIRE(database.ok());
  CHECK(database->how() == Opened::Restored);
  CHECK(Peers(*database).friends().value().size() == 1);
}

TEST_CASE("a migrated database takes what the older version had no place for, and reopens") {
  const TemporaryDirectory directory;
  const std::string path = make_version(2, kRows, directory);
  {
    auto database = Database::open(path, kNow);
    REQUIRE(database.ok());
    Peers peers(*database);
    FriendRecord bob = peers.friends().value()[0];
    bob.visibility = Visibility::Hidden;
    REQUIRE(peers.put_friend(operation(1), bob).ok());
    const MetricSample sample{{7}, kNow.unix_seconds(), 10, 1, 1, 10, 0, 0, 1, 2, 3, 4};
    REQUIRE(peers.record_metrics(operation(2), {&sample, 1}, kNow).ok());
    Routes routes(*database);
    REQUIRE(routes.record_catalogue({{7}, 5, std::vector<std::uint8_t>(96, 1)}).ok());
  }
  auto again = Database::open(path, kNow);
  REQUIRE(again.ok());
  Peers peers(*again);
  CHECK(peers.friends().value()[0].visibility == Visibility::Hidden);
  CHECK(peers.metrics({7}, 0, 10).value()[0].relayed_cells == 4);
  REQUIRE(peers.remove_friend(operation(3), {7}).ok());
  CHECK(Routes(*again).catalogues({0}, 8).value().empty());
}

TEST_CASE("a database of the version before the shaper keeps its data and takes promises") {
  const TemporaryDirectory directory;
  const std::string path = make_version(3, kRowsOf3, directory);
  {
    auto database = Database::open(path, kNow);
    REQUIRE(database.ok());
    CHECK(database->how() == Opened::Existing);
    Promises promises(*database);
    CHECK(promises.tallies().value().empty());
    const PromiseEnd end{{7}, PromiseKind::Leaving, true, kNow.unix_seconds()};
    REQUIRE(promises.record(operation(1), {&end, 1}, kNow).ok());
    const CapacityRecord minute{kNow.unix_seconds(), 60, 5, 4, 3, 2};
    REQUIRE(Capacity(*database).record(operation(2), {&minute, 1}, kNow).ok());
  }
  auto again = Database::open(path, kNow);
  REQUIRE(again.ok());
  Peers peers(*again);
  CHECK(peers.friends().value().at(0).visibility == Visibility::Reachable);
  CHECK(peers.metrics({7}, 0, 10).value().at(0).relayed_cells == 5);
  CHECK(peers.put_friend(operation(9), person(2)).value() == FriendId{7});
  CHECK(Routes(*again).catalogues({0}, 8).value().at(0).epoch == 9);
  CHECK(Routes(*again).destinations().value().size() == 1);
  CHECK(Promises(*again).tallies().value().at(0).kept == 1);
  CHECK(Capacity(*again).history(60, 10).value().at(0).lowest == 4);
}

}  // namespace
}  // namespace covfefe::store
