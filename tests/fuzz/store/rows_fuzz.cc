// SPDX-License-Identifier: Apache-2.0
// Rows as a damaged or foreign database may hold them. The input is a script: {table and column,
// kind of value, bytes}, each of which overwrites that column of all rows, constraints or not; then
// everything is read. What is read must keep the bounds on which the rest of the process relies.
#include <sqlite3.h>
#include <stdlib.h>

#include <array>
#include <filesystem>
#include <string>

#include "base/bug.h"
#include "store/capacity.h"
#include "store/peers.h"
#include "store/promises.h"
#include "store/routes.h"

namespace covfefe::store {
namespace {

constexpr std::array kColumns = {"friends SET petname",
                                 "friends SET trust",
                                 "friends SET identity_key",
                                 "friends SET static_key",
                                 "friends SET service_key",
                                 "friends SET address",
                                 "friends SET serial",
                                 "friends SET endorsement",
                                 "friends SET added_at",
                                 "friends SET visibility",
                                 "endpoints SET ip",
                                 "endpoints SET port",
                                 "endpoints SET rank",
                                 "operations SET id",
                                 "operations SET answer",
                                 "metrics SET at",
                                 "metrics SET seconds",
                                 "metrics SET rx",
                                 "metrics SET up",
                                 "metrics SET rtt",
                                 "metrics SET link_faults",
                                 "metrics SET relayed_cells",
                                 "catalogues SET friend_id",
                                 "catalogues SET epoch",
                                 "catalogues SET descriptors",
                                 "destinations SET address",
                                 "destinations SET sequence",
                                 "promises SET kind",
                                 "promises SET kept",
                                 "promises SET last_at",
                                 "capacity SET at",
                                 "capacity SET minutes",
                                 "capacity SET limited",
                                 "capacity SET rate",
                                 "capacity SET lowest",
                                 "capacity SET sent",
                                 "capacity SET cuts",
                                 "friends SET id",
                                 "endpoints SET friend_id"};

constexpr WallTime kNow{1'800'000'000'000'000'000};
constexpr std::int64_t kThen = 1'799'999'940;

OperationId operation(std::uint8_t number) {
  OperationId out{};
  out[0] = number;
  return out;
}

struct Target {
  std::string directory = std::filesystem::exists("/dev/shm") ? "/dev/shm/covfefe-rows-XXXXXX"
                                                              : "/tmp/covfefe-rows-XXXXXX";
  StoreResult<Database> database = make();
  Peers peers{database.value()};
  Routes routes{database.value()};
  Promises promises{database.value()};
  Capacity capacity{database.value()};

  StoreResult<Database> make() {
    if (mkdtemp(directory.data()) == nullptr) bug("no directory");
    return Database::open(directory + "/peers.db", kNow);
  }
  Target() {
    fill();
    // The name goes, the open file stays: nothing is left behind however the process ends.
    std::filesystem::remove_all(directory);
  }
  void fill() {
    FriendRecord someone;
    someone.petname = "someone";
    someone.endpoints = {{{}, 6363, 0}};
    const auto id = peers.put_friend(operation(1), someone);
    if (!id) bug("no friend to begin with");
    const MetricSample sample{*id, kThen, 60, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    const PromiseEnd end{*id, PromiseKind::LeaseTaken, true, kThen};
    const CapacityRecord minute{kThen, kCapacityMinute, 1'000, 900, 800, 1};
    const DestinationChange used{{}, DestinationUse::Used};
    const bool there =
        peers.record_metrics(operation(2), {&sample, 1}, kNow).ok() &&
        promises.record(operation(3), {&end, 1}, kNow).ok() &&
        capacity.record(operation(4), {&minute, 1}, kNow).ok() &&
        routes.record_destinations({&used, 1}).ok() &&
        routes.record_catalogue({*id, 1, std::vector<std::uint8_t>(kDescriptorBytes)}).ok();
    if (!there) bug("no rows to begin with");
  }

  void damage(Reader& in) {
    const char* column = kColumns[in.le<std::uint8_t>() % kColumns.size()];
    const std::uint8_t kind = in.le<std::uint8_t>();
    std::size_t length = in.le<std::uint8_t>();
    if (kind % 8 == 7) length *= 400;
    const ByteView bytes = in.take(std::min(length, in.remaining()));
    sqlite3_stmt* update = nullptr;
    const std::string sql = "UPDATE OR REPLACE " + std::string(column) + "=?";
    if (sqlite3_prepare_v2(database.value().handle(), sql.c_str(), -1, &update, nullptr) != 0) {
      bug("the script names what there is not");
    }
    bind(update, kind, {bytes, length});
    (void)sqlite3_step(update);  // a STRICT table may keep its types
    sqlite3_finalize(update);
  }
  struct Value {
    ByteView bytes;
    std::size_t length;
  };
  static void bind(sqlite3_stmt* update, std::uint8_t kind, const Value& value) {
    std::vector<std::uint8_t> stretched(value.bytes.begin(), value.bytes.end());
    stretched.resize(value.length);
    const int size = static_cast<int>(stretched.size());
    if (kind % 4 == 0) {
      stretched.resize(8);
      sqlite3_bind_int64(update, 1,
                         static_cast<std::int64_t>(load_le<std::uint64_t>(stretched.data())));
    } else if (kind % 4 == 1) {
      sqlite3_bind_text(update, 1, reinterpret_cast<const char*>(stretched.data()), size,
                        SQLITE_TRANSIENT);
    } else {
      sqlite3_bind_blob(update, 1, stretched.data(), size, SQLITE_TRANSIENT);
    }
  }

  void read() {
    if (const auto all = peers.friends()) {
      for (const FriendRecord& one : *all) {
        if (static_cast<int>(one.trust) > 3) bug("a trust that is none");
        if (one.visibility > Visibility::Reachable) bug("a visibility that is none");
        if (one.endpoints.size() > kMaxFriendEndpoints) bug("more endpoints than a friend has");
      }
    }
    if (const auto all = routes.catalogues({}, 8)) {
      for (const CatalogueRecord& one : *all) {
        const std::size_t size = one.descriptors.size();
        if (size > kMaxCatalogue || size % kDescriptorBytes != 0) bug("half a descriptor");
      }
    }
    if (const auto all = promises.tallies()) {
      for (const PromiseTally& one : *all) {
        if (one.kind < PromiseKind::LeaseGiven || one.kind > PromiseKind::Please) bug("no kind");
      }
    }
    (void)routes.destinations();
    (void)peers.metrics({1}, 0, 8);
    (void)capacity.history(kCapacityMinute, 8);
    (void)capacity.history(kCapacityHour, 8);
  }

  // As a foreign program would leave it: no constraint holds, no column keeps its type.
  void unguard() {
    sqlite3* handle = database.value().handle();
    sqlite3_set_authorizer(handle, nullptr, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 0, nullptr);
    constexpr const char* kSql =
        "PRAGMA foreign_keys=0; PRAGMA ignore_check_constraints=1; PRAGMA writable_schema=1; "
        "UPDATE sqlite_schema SET sql=replace(replace(sql, 'STRICT, ', ''), ') STRICT', ')'); "
        "PRAGMA writable_schema=RESET";
    if (sqlite3_exec(handle, kSql, nullptr, nullptr, nullptr) != SQLITE_OK) bug("still guarded");
  }
};

}  // namespace
}  // namespace covfefe::store

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static covfefe::store::Target target;
  static const bool unguarded = (target.unguard(), true);
  if (!unguarded || !target.database.value().begin()) covfefe::bug("the database is closed");
  covfefe::Reader in({data, size});
  for (int i = 0; i < 8 && in.remaining() > 3; ++i) target.damage(in);
  target.read();
  target.database.value().rollback();
  return 0;
}
