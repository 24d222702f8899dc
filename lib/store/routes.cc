// SPDX-License-Identifier: Apache-2.0
#include "store/routes.h"

#include <sqlite3.h>

#include "store/statement.h"

namespace covfefe::store {
namespace {

bool is_whole(const CatalogueRecord& catalogue) {
  return catalogue.descriptors.size() <= kMaxCatalogue &&
         catalogue.descriptors.size() % kDescriptorBytes == 0;
}

}  // namespace

StoreResult<void> Routes::record_catalogue(const CatalogueRecord& catalogue) {
  if (!is_whole(catalogue)) return StoreError{Fault::Refused, "a catalogue of a wrong length"};
  Transaction transaction(database_);
  if (!transaction.begun()) return transaction.begun();
  if (auto done = write_catalogue(catalogue); !done) return done;
  return transaction.commit();
}

StoreResult<void> Routes::write_catalogue(const CatalogueRecord& catalogue) {
  Statement remove(database_.handle(), "DELETE FROM catalogues WHERE friend_id=?");
  if (auto done = remove.integer(catalogue.id.value).run(); !done) return done;
  if (catalogue.descriptors.empty()) return {};
  Statement insert(database_.handle(),
                   "INSERT INTO catalogues SELECT id, ?, ? FROM friends WHERE id=?");
  insert.integer(catalogue.epoch).blob(catalogue.descriptors).integer(catalogue.id.value);
  if (auto done = insert.run(); !done) return done;
  if (sqlite3_changes(database_.handle()) != 0) return {};
  return StoreError{Fault::Unknown, "no friend with id " + std::to_string(catalogue.id.value)};
}

StoreResult<std::vector<CatalogueRecord>> Routes::catalogues(FriendId after, std::size_t most) {
  std::vector<CatalogueRecord> out;
  Statement statement(database_.handle(),
                      "SELECT friend_id, epoch, descriptors FROM catalogues WHERE friend_id>? "
                      "ORDER BY friend_id LIMIT ?");
  statement.integer(after.value).integer(static_cast<std::int64_t>(most));
  while (true) {
    const auto row = statement.step();
    if (!row) return row.error();
    if (!*row) return out;
    CatalogueRecord one{{static_cast<std::uint32_t>(statement.column_integer(0))},
                        static_cast<std::uint32_t>(statement.column_integer(1)),
                        statement.column_bytes(2)};
    if (!is_whole(one)) {
      return StoreError{Fault::Corrupt, "a row of catalogues has a wrong length"};
    }
    out.push_back(std::move(one));
  }
}

StoreResult<void> Routes::record_destinations(std::span<const DestinationChange> changes) {
  if (changes.size() > kMaxDestinations) {
    return StoreError{Fault::Refused, "more than " + std::to_string(kMaxDestinations) +
                                          " destinations in one call"};
  }
  Transaction transaction(database_);
  if (!transaction.begun()) return transaction.begun();
  for (const DestinationChange& one : changes) {
    if (auto done = change(one); !done) return done;
  }
  Statement forget(database_.handle(),
                   "DELETE FROM destinations WHERE sequence NOT IN "
                   "(SELECT sequence FROM destinations ORDER BY sequence DESC LIMIT ?)");
  if (auto done = forget.integer(kMaxDestinations).run(); !done) return done;
  return transaction.commit();
}

StoreResult<void> Routes::change(const DestinationChange& change) {
  if (change.use == DestinationUse::Unused) {
    Statement remove(database_.handle(), "DELETE FROM destinations WHERE address=?");
    return remove.blob(change.address.bytes).run();
  }
  Statement insert(database_.handle(),
                   "INSERT OR REPLACE INTO destinations VALUES(?, (SELECT "
                   "coalesce(max(sequence),0)+1 FROM destinations))");
  return insert.blob(change.address.bytes).run();
}

StoreResult<std::vector<Address>> Routes::destinations() {
  std::vector<Address> out;
  Statement statement(database_.handle(),
                      "SELECT address FROM destinations ORDER BY sequence DESC LIMIT ?");
  statement.integer(kMaxDestinations);
  while (true) {
    const auto row = statement.step();
    if (!row) return row.error();
    if (!*row) return out;
    Address address;
    if (!statement.column_blob(0, address.bytes)) {
      return StoreError{Fault::Corrupt, "a row of destinations has an address of a wrong length"};
    }
    out.push_back(address);
  }
}

}  // namespace covfefe::store
