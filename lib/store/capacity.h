// SPDX-License-Identifier: Apache-2.0
// What the uplink carried, by minutes for a week and by hours for a year and a month: at most
// 10,080 and 9,600 rows. Every change is one transaction, durable when it returns, and made once
// for its operation id. Thread: the one that opened the Database.
#pragma once

#include <span>
#include <vector>

#include "base/instant.h"
#include "base/records.h"
#include "store/operations.h"

namespace covfefe::store {

inline constexpr std::int64_t kCapacityMinuteAge = 7 * 24 * 3600;    // seconds
inline constexpr std::int64_t kCapacityHourAge = 400 * 24 * 3600LL;  // seconds

class Capacity {
 public:
  explicit Capacity(Database& database) : database_(database), operations_(database) {}
  // Borrows the database, which must outlive it.

  StoreResult<void> record(const OperationId& operation, std::span<const CapacityRecord> minutes,
                           WallTime now);
  // Adds each to its minute and its hour; those older than a week or more than an hour ahead of
  // `now` are dropped, and rows past their age leave. Refused: more than kMaxCapacityMinutes, or
  // one that is no minute.
  StoreResult<std::vector<CapacityRecord>> history(std::uint32_t seconds, std::size_t most);
  // Newest first. seconds: kCapacityMinute or kCapacityHour, of any other there are none.

 private:
  StoreResult<void> add(const CapacityRecord& minute, std::int64_t span);
  StoreResult<void> drop_old(std::int64_t now);

  Database& database_;
  Operations operations_;
};

}  // namespace covfefe::store
