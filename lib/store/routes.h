// SPDX-License-Identifier: Apache-2.0
// What the router wants to find again after a restart: what each friend served of its own friends,
// and the far ends that were in use. Every change is one transaction and durable when it returns;
// repeated, it changes nothing. Thread: the one that opened the Database.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/records.h"
#include "store/database.h"

namespace covfefe::store {

class Routes {
 public:
  explicit Routes(Database& database) : database_(database) {}
  // Borrows the database, which must outlive it.

  StoreResult<void> record_catalogue(const CatalogueRecord& catalogue);
  // Replaces the friend's; removed with the friend. Unknown when there is no such friend; Refused:
  // too long, or no whole descriptors.
  StoreResult<std::vector<CatalogueRecord>> catalogues(FriendId after, std::size_t most);
  // In order of id, from the first above `after`.

  StoreResult<void> record_destinations(std::span<const DestinationChange> changes);
  // At most kMaxDestinations, else Refused; the last change of an address counts. The oldest give
  // way.
  StoreResult<std::vector<Address>> destinations();
  // Newest first.

 private:
  StoreResult<void> write_catalogue(const CatalogueRecord& catalogue);
  StoreResult<void> change(const DestinationChange& change);

  Database& database_;
};

}  // namespace covfefe::store
