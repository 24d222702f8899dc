// SPDX-License-Identifier: Apache-2.0
#include "store/capacity.h"

#include <algorithm>
#include <limits>

#include "store/statement.h"

namespace covfefe::store {
namespace {

constexpr std::int64_t kSpans[] = {kCapacityMinute, kCapacityHour};
constexpr std::int64_t kAhead = 3'600;  // seconds that a clock may have been set back since

std::int64_t bounded(std::uint64_t value) {
  return static_cast<std::int64_t>(
      std::min<std::uint64_t>(value, std::numeric_limits<std::int64_t>::max() / 1'000'000));
}
// Far above any line, and far enough below 2^63 that sums of an hour stay integers.

bool are_minutes(std::span<const CapacityRecord> all) {
  return std::all_of(all.begin(), all.end(), [](const CapacityRecord& one) {
    return one.seconds == kCapacityMinute && one.at > 0;
  });
}

std::uint64_t mean(std::int64_t sum, std::int64_t count) {
  return count > 0 && sum > 0 ? static_cast<std::uint64_t>(sum / count) : 0;
}

}  // namespace

StoreResult<void> Capacity::record(const OperationId& operation,
                                   std::span<const CapacityRecord> minutes, WallTime now) {
  if (minutes.size() > kMaxCapacityMinutes || !are_minutes(minutes)) {
    return StoreError{Fault::Refused, "a history of the uplink that is not up to " +
                                          std::to_string(kMaxCapacityMinutes) + " minutes"};
  }
  const std::int64_t present = now.unix_seconds();
  const auto done = operations_.once(operation, [&]() -> StoreResult<std::int64_t> {
    for (const CapacityRecord& one : minutes) {
      if (one.at > present + kAhead || one.at < present - kCapacityMinuteAge) continue;
      for (const std::int64_t span : kSpans) {
        if (auto added = add(one, span); !added) return added.error();
      }
    }
    if (auto dropped = drop_old(present); !dropped) return dropped.error();
    return std::int64_t{0};
  });
  if (!done) return done.error();
  return {};
}

StoreResult<void> Capacity::add(const CapacityRecord& minute, std::int64_t span) {
  // The bucket ends at the first multiple of its span that is not before the minute's end. A rate
  // of 0 is no limit: it is left out of means and leasts.
  const std::int64_t at = (minute.at + span - 1) / span * span;
  Statement statement(
      database_.handle(),
      "INSERT INTO capacity(span, at, minutes, limited, rate, lowest, sent, cuts) "
      "VALUES(?,?,1,?,?,?,?,?) ON CONFLICT(span, at) DO UPDATE SET minutes=minutes+1, "
      "limited=limited+excluded.limited, rate=rate+excluded.rate, "
      "lowest=CASE WHEN excluded.lowest=0 THEN lowest WHEN lowest=0 THEN excluded.lowest "
      "ELSE min(lowest, excluded.lowest) END, "
      "sent=sent+excluded.sent, cuts=cuts+excluded.cuts");
  return statement.integer(span)
      .integer(at)
      .integer(minute.rate == 0 ? 0 : 1)
      .integer(bounded(minute.rate))
      .integer(bounded(minute.lowest))
      .integer(bounded(minute.sent))
      .integer(minute.cuts)
      .run();
}

StoreResult<void> Capacity::drop_old(std::int64_t now) {
  for (const auto& [span, age] : {std::pair{kCapacityMinute, kCapacityMinuteAge},
                                  std::pair{kCapacityHour, kCapacityHourAge}}) {
    Statement statement(database_.handle(), "DELETE FROM capacity WHERE span=? AND at<?");
    if (auto done = statement.integer(span).integer(now - age).run(); !done) return done;
  }
  return {};
}

StoreResult<std::vector<CapacityRecord>> Capacity::history(std::uint32_t seconds,
                                                           std::size_t most) {
  std::vector<CapacityRecord> out;
  Statement statement(database_.handle(),
                      "SELECT at, minutes, limited, rate, lowest, sent, cuts FROM capacity "
                      "WHERE span=? ORDER BY at DESC LIMIT ?");
  statement.integer(seconds).integer(
      static_cast<std::int64_t>(std::min(most, kMaxCapacityHistory)));
  while (true) {
    const auto row = statement.step();
    if (!row) return row.error();
    if (!*row) return out;
    const std::int64_t cuts = std::clamp<std::int64_t>(statement.column_integer(6), 0, UINT32_MAX);
    out.push_back(
        {statement.column_integer(0), seconds,
         mean(statement.column_integer(3), statement.column_integer(2)),
         static_cast<std::uint64_t>(std::max<std::int64_t>(statement.column_integer(4), 0)),
         mean(statement.column_integer(5), statement.column_integer(1)),
         static_cast<std::uint32_t>(cuts)});
  }
}

}  // namespace covfefe::store
