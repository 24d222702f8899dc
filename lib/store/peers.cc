// SPDX-License-Identifier: Apache-2.0
#include "store/peers.h"

#include <sqlite3.h>

#include <algorithm>

#include "store/statement.h"

namespace covfefe::store {
namespace {

StoreError unknown(FriendId id) {
  return {Fault::Unknown, "no friend with id " + std::to_string(id.value)};
}

bool read_friend(Statement& row, FriendRecord& out) {
  out.id = {static_cast<std::uint32_t>(row.column_integer(0))};
  out.petname = row.column_text(1);
  out.trust = static_cast<TrustLevel>(std::clamp<std::int64_t>(row.column_integer(2), 0, 3));
  out.serial = static_cast<std::uint64_t>(row.column_integer(7));
  out.added_at = row.column_integer(9);
  // A value from nowhere shows nothing.
  const std::int64_t shown = row.column_integer(10);
  out.visibility = shown >= 0 && shown <= 2 ? static_cast<Visibility>(shown) : Visibility::Hidden;
  return row.column_blob(3, out.identity_key) && row.column_blob(4, out.static_key) &&
         row.column_blob(5, out.service_key) && row.column_blob(6, out.address.bytes) &&
         row.column_blob(8, out.endorsement);
}

Statement& bind_friend(Statement& statement, const FriendRecord& record) {
  return statement.text(record.petname)
      .integer(static_cast<std::int64_t>(record.trust))
      .blob(record.identity_key)
      .blob(record.static_key)
      .blob(record.service_key)
      .blob(record.address.bytes)
      .integer(static_cast<std::int64_t>(record.serial))
      .blob(record.endorsement)
      .integer(record.added_at)
      .integer(static_cast<std::int64_t>(record.visibility));
}

}  // namespace

StoreResult<FriendId> Peers::put_friend(const OperationId& operation, const FriendRecord& record) {
  const auto id = operations_.once(operation, [&]() -> StoreResult<std::int64_t> {
    const auto written = write_friend(record);
    if (!written) return written;
    const FriendId row{static_cast<std::uint32_t>(*written)};
    if (auto done = write_endpoints(row, record.endpoints); !done) return done.error();
    return written;
  });
  if (!id) return id.error();
  return FriendId{static_cast<std::uint32_t>(*id)};
}

StoreResult<std::int64_t> Peers::write_friend(const FriendRecord& record) {
  sqlite3* handle = database_.handle();
  if (record.id.value != 0) {
    Statement update(handle,
                     "UPDATE friends SET petname=?, trust=?, identity_key=?, static_key=?, "
                     "service_key=?, address=?, serial=?, endorsement=?, added_at=?, visibility=? "
                     "WHERE id=?");
    if (auto done = bind_friend(update, record).integer(record.id.value).run(); !done) {
      return done.error();
    }
    if (sqlite3_changes(handle) == 0) return unknown(record.id);
    return std::int64_t{record.id.value};
  }
  Statement count(handle, "SELECT count(*) FROM friends");
  if (const auto row = count.step(); !row) return row.error();
  if (count.column_integer(0) >= static_cast<std::int64_t>(kMaxFriends)) {
    return StoreError{Fault::Refused, "already " + std::to_string(kMaxFriends) + " friends"};
  }
  Statement insert(handle,
                   "INSERT INTO friends(petname, trust, identity_key, static_key, service_key, "
                   "address, serial, endorsement, added_at, visibility) "
                   "VALUES(?,?,?,?,?,?,?,?,?,?)");
  if (auto done = bind_friend(insert, record).run(); !done) return done.error();
  return std::int64_t{sqlite3_last_insert_rowid(handle)};
}

StoreResult<void> Peers::write_endpoints(FriendId id, std::span<const Endpoint> newest_first) {
  Statement clear(database_.handle(), "DELETE FROM endpoints WHERE friend_id=?");
  if (auto done = clear.integer(id.value).run(); !done) return done;
  std::int64_t rank = 0;
  for (const Endpoint& endpoint : newest_first) {
    if (rank == static_cast<std::int64_t>(kMaxFriendEndpoints)) break;
    Statement insert(database_.handle(), "INSERT OR IGNORE INTO endpoints VALUES(?,?,?,?)");
    insert.integer(id.value).blob(endpoint.ip.bytes).integer(endpoint.port).integer(rank++);
    if (auto done = insert.run(); !done) return done;
  }
  return {};
}

StoreResult<void> Peers::remove_friend(const OperationId& operation, FriendId id) {
  const auto gone = operations_.once(operation, [&]() -> StoreResult<std::int64_t> {
    Statement remove(database_.handle(), "DELETE FROM friends WHERE id=?");
    if (auto done = remove.integer(id.value).run(); !done) return done.error();
    if (sqlite3_changes(database_.handle()) == 0) return unknown(id);
    return std::int64_t{0};
  });
  if (!gone) return gone.error();
  return {};
}

StoreResult<std::vector<FriendRecord>> Peers::friends() {
  std::vector<FriendRecord> out;
  Statement statement(database_.handle(),
                      "SELECT id, petname, trust, identity_key, static_key, service_key, address, "
                      "serial, endorsement, added_at, visibility FROM friends ORDER BY id");
  while (true) {
    const auto row = statement.step();
    if (!row) return row.error();
    if (!*row) return out;
    FriendRecord record;
    if (!read_friend(statement, record)) {
      return StoreError{Fault::Corrupt, "a row of friends has fields of a wrong length"};
    }
    auto known = endpoints(record.id);
    if (!known) return known.error();
    record.endpoints = std::move(*known);
    out.push_back(std::move(record));
  }
}

StoreResult<std::vector<Endpoint>> Peers::endpoints(FriendId id) {
  std::vector<Endpoint> out;
  Statement statement(database_.handle(),
                      "SELECT ip, port FROM endpoints WHERE friend_id=? ORDER BY rank");
  statement.integer(id.value);
  while (true) {
    const auto row = statement.step();
    if (!row) return row.error();
    if (!*row) return out;
    Endpoint endpoint;
    if (!statement.column_blob(0, endpoint.ip.bytes)) {
      return StoreError{Fault::Corrupt, "a row of endpoints has an address of a wrong length"};
    }
    endpoint.port = static_cast<std::uint16_t>(statement.column_integer(1));
    out.push_back(endpoint);
  }
}

StoreResult<bool> Peers::exists(FriendId id) {
  Statement statement(database_.handle(), "SELECT 1 FROM friends WHERE id=?");
  return statement.integer(id.value).step();
}

StoreResult<void> Peers::record_endpoint(const OperationId& operation, FriendId id,
                                         const Endpoint& endpoint) {
  const auto done = operations_.once(operation, [&]() -> StoreResult<std::int64_t> {
    const auto there = exists(id);
    if (!there) return there.error();
    if (!*there) return unknown(id);
    auto known = endpoints(id);
    if (!known) return known.error();
    std::erase(*known, endpoint);
    known->insert(known->begin(), endpoint);
    if (auto written = write_endpoints(id, *known); !written) return written.error();
    return std::int64_t{0};
  });
  if (!done) return done.error();
  return {};
}

}  // namespace covfefe::store
