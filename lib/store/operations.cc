// SPDX-License-Identifier: Apache-2.0
#include "store/operations.h"

#include "store/statement.h"

namespace covfefe::store {
namespace {

constexpr std::int64_t kNothing = -1;  // no remembered answer; real answers are ids or 0

}  // namespace

StoreResult<std::int64_t> Operations::once(const OperationId& operation, const Change& change) {
  Transaction transaction(database_);
  if (!transaction.begun()) return transaction.begun().error();
  const auto before = remembered(operation);
  if (!before || *before != kNothing) return before;
  const StoreResult<std::int64_t> answer = change();
  if (!answer) return answer;
  if (auto done = remember(operation, *answer); !done) return done.error();
  if (auto done = transaction.commit(); !done) return done.error();
  return answer;
}

StoreResult<std::int64_t> Operations::remembered(const OperationId& operation) {
  Statement statement(database_.handle(), "SELECT answer FROM operations WHERE id=?");
  const auto row = statement.blob(operation).step();
  if (!row) return row.error();
  return *row ? statement.column_integer(0) : kNothing;
}

StoreResult<void> Operations::remember(const OperationId& operation, std::int64_t answer) {
  Statement add(database_.handle(),
                "INSERT INTO operations VALUES(?, (SELECT coalesce(max(sequence),0)+1 FROM "
                "operations), ?)");
  if (auto done = add.blob(operation).integer(answer).run(); !done) return done;
  Statement forget(database_.handle(),
                   "DELETE FROM operations WHERE sequence <= (SELECT max(sequence) FROM "
                   "operations) - ?");
  return forget.integer(kRememberedOperations).run();
}

}  // namespace covfefe::store
