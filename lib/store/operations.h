// SPDX-License-Identifier: Apache-2.0
// Changes that are made once, however often they are asked for. A change carries an operation id;
// repeated, it changes nothing and returns the first answer. The last kRememberedOperations of all
// kinds together are remembered, over restarts too. Thread: the one that opened the Database.
#pragma once

#include <cstdint>
#include <functional>

#include "base/bytes.h"
#include "store/database.h"

namespace covfefe::store {

using OperationId = ByteArray<16>;  // random, chosen by the caller

inline constexpr std::int64_t kRememberedOperations = 4'096;

class Operations {
 public:
  explicit Operations(Database& database) : database_(database) {}
  // Borrows the database, which must outlive it.

  using Change = std::function<StoreResult<std::int64_t>()>;
  StoreResult<std::int64_t> once(const OperationId& operation, const Change& change);
  // One transaction around the change and the memory of it, durable on success. The answer is an
  // id or 0. A change that fails is rolled back and not remembered.

 private:
  StoreResult<std::int64_t> remembered(const OperationId& operation);
  StoreResult<void> remember(const OperationId& operation, std::int64_t answer);

  Database& database_;
};

}  // namespace covfefe::store
