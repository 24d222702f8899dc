// SPDX-License-Identifier: Apache-2.0
// Friends, their endpoints and what was measured of them, as rows. Every change is one transaction
// and durable when it returns, and is made once for its operation id. Thread: the one that opened
// the Database.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/records.h"
#include "store/database.h"
#include "store/operations.h"

namespace covfefe::store {

inline constexpr std::size_t kMaxFriends = 4'096;
inline constexpr std::int64_t kMinuteAge = 7 * 24 * 3600;    // minutes are kept a week
inline constexpr std::int64_t kHourAge = 400 * 24 * 3600LL;  // hours a year and a month

class Peers {
 public:
  explicit Peers(Database& database) : database_(database), operations_(database) {}
  // Borrows the database, which must outlive it.

  StoreResult<FriendId> put_friend(const OperationId& operation, const FriendRecord& record);
  // id 0 adds, any other replaces that row. Exists: petname, a key or the address is another's.
  StoreResult<void> remove_friend(const OperationId& operation, FriendId id);
  // Endpoints and metrics go with it. Unknown when there is no such row.
  StoreResult<std::vector<FriendRecord>> friends();
  // In order of id. A row whose blobs have a wrong length is Corrupt.

  StoreResult<void> record_endpoint(const OperationId& operation, FriendId id,
                                    const Endpoint& endpoint);
  // Becomes the newest; at most kMaxFriendEndpoints are kept.
  StoreResult<void> record_metrics(const OperationId& operation,
                                   std::span<const MetricSample> samples, WallTime now);
  // Adds each sample to its minute and its hour. Samples of unknown friends, and those that end
  // more than an hour after `now`, are dropped. Rows past their age leave in the same transaction.
  StoreResult<std::vector<MetricSample>> metrics(FriendId id, std::int64_t since, std::size_t most);
  // Minute rows, newest first.

 private:
  StoreResult<std::int64_t> write_friend(const FriendRecord& record);
  StoreResult<void> write_endpoints(FriendId id, std::span<const Endpoint> newest_first);
  StoreResult<std::vector<Endpoint>> endpoints(FriendId id);
  StoreResult<bool> exists(FriendId id);
  StoreResult<void> add_sample(const MetricSample& sample, std::int64_t span);
  StoreResult<void> drop_old(std::int64_t now);

  Database& database_;
  Operations operations_;
};

}  // namespace covfefe::store
