// SPDX-License-Identifier: Apache-2.0
#include "store/promises.h"

#include <algorithm>

#include "store/statement.h"

namespace covfefe::store {

StoreResult<void> Promises::record(const OperationId& operation, std::span<const PromiseEnd> ends,
                                   WallTime now) {
  if (ends.size() > kMaxPromiseOutcomes) {
    return StoreError{Fault::Refused, "more than " + std::to_string(kMaxPromiseOutcomes) +
                                          " ends of promises in one call"};
  }
  const auto done = operations_.once(operation, [&]() -> StoreResult<std::int64_t> {
    for (const PromiseEnd& one : ends) {
      if (auto added = add(one, now.unix_seconds()); !added) return added.error();
    }
    return std::int64_t{0};
  });
  if (!done) return done.error();
  return {};
}

StoreResult<void> Promises::add(const PromiseEnd& end, std::int64_t now) {
  // WHERE tells SQLite's grammar that ON begins no join.
  Statement statement(database_.handle(),
                      "INSERT INTO promises SELECT id, ?, ?, ?, ? FROM friends WHERE id=? "
                      "ON CONFLICT(friend_id, kind) DO UPDATE SET kept=kept+excluded.kept, "
                      "broken=broken+excluded.broken, last_at=max(last_at, excluded.last_at)");
  return statement.integer(static_cast<std::int64_t>(end.kind))
      .integer(end.kept ? 1 : 0)
      .integer(end.kept ? 0 : 1)
      .integer(std::min(end.at, now))
      .integer(end.id.value)
      .run();
}

StoreResult<std::vector<PromiseTally>> Promises::tallies() {
  std::vector<PromiseTally> out;
  Statement statement(database_.handle(),
                      "SELECT friend_id, kind, kept, broken, last_at FROM promises "
                      "ORDER BY friend_id, kind");
  while (true) {
    const auto row = statement.step();
    if (!row) return row.error();
    if (!*row) return out;
    const std::int64_t kind = statement.column_integer(1);
    const bool known = kind >= static_cast<std::int64_t>(PromiseKind::LeaseGiven) &&
                       kind <= static_cast<std::int64_t>(PromiseKind::Please);
    if (!known) return StoreError{Fault::Corrupt, "a row of promises is of no kind"};
    out.push_back({{static_cast<std::uint32_t>(statement.column_integer(0))},
                   static_cast<PromiseKind>(kind),
                   static_cast<std::uint64_t>(statement.column_integer(2)),
                   static_cast<std::uint64_t>(statement.column_integer(3)),
                   statement.column_integer(4)});
  }
}

}  // namespace covfefe::store
