// SPDX-License-Identifier: Apache-2.0
// A scripted life of the peer database: friends come, change and go, metrics, catalogues and
// promises are recorded, backups are made. Every step has its own operation id and can be repeated.
#pragma once

#include <string>
#include <vector>

#include "store/peers.h"
#include "store/promises.h"
#include "store/routes.h"

namespace covfefe::faults {

inline constexpr WallTime kNow{1'800'000'000'000'000'000};

class StoreTrace {
 public:
  explicit StoreTrace(int steps);
  // Learns, on a sound disk, what the database holds after every step.

  [[nodiscard]] int steps() const { return static_cast<int>(after_.size()) - 1; }
  [[nodiscard]] store::StoreResult<void> step(store::Database& database, int number) const;
  // From 1. The same call again changes nothing.
  [[nodiscard]] bool is_after(store::Database& database, int step) const;
  // Does the database hold exactly what it should after `step` steps?

 private:
  std::vector<std::string> after_;
};

[[nodiscard]] store::StoreResult<store::Database> start(const std::string& path);
// As the service starts: open, then one backup, which also folds the log into the file.

[[nodiscard]] std::string everything_in(store::Database& database);
// Friends, metrics, catalogues and promises as text; empty if one of them cannot be read.

[[nodiscard]] store::OperationId operation(int number);
[[nodiscard]] FriendRecord person(int number);

}  // namespace covfefe::faults
