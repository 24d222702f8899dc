// SPDX-License-Identifier: Apache-2.0
// How often each friend kept or broke what it had promised, of each kind. Numbers, apart from the
// trust that the operator gives. Every change is one transaction, durable when it returns, and made
// once for its operation id. Thread: the one that opened the Database.
#pragma once

#include <span>
#include <vector>

#include "base/instant.h"
#include "base/promises.h"
#include "store/operations.h"

namespace covfefe::store {

class Promises {
 public:
  explicit Promises(Database& database) : database_(database), operations_(database) {}
  // Borrows the database, which must outlive it.

  StoreResult<void> record(const OperationId& operation, std::span<const PromiseEnd> ends,
                           WallTime now);
  // Adds to the tallies, which go with their friend. Ends of unknown friends are dropped; one that
  // lies in the future counts as of now. Refused: more than kMaxPromiseOutcomes.
  StoreResult<std::vector<PromiseTally>> tallies();
  // In order of friend and kind.

 private:
  StoreResult<void> add(const PromiseEnd& end, std::int64_t now);

  Database& database_;
  Operations operations_;
};

}  // namespace covfefe::store
