// SPDX-License-Identifier: Apache-2.0
#include "store/routes.h"

#include <doctest/doctest.h>

#include "temporary.h"

namespace covfefe::store {
namespace {

struct Store {
  TemporaryDirectory directory;
  StoreResult<Database> opened = Database::open(directory.file("peers.db"), kNow);
  Peers peers{opened.value()};
  Routes routes{opened.value()};

  FriendId befriend(std::uint8_t number) {
    return peers.put_friend(operation(number), person(number)).value();
  }
};

std::vector<std::uint8_t> descriptors(std::size_t count, std::uint8_t fill) {
  return std::vector<std::uint8_t>(count * kDescriptorBytes, fill);
}

Address far_end(std::uint16_t number) {
  Address out;
  out.bytes = {0xfd};
  store_be(out.bytes.data() + 14, number);
  return out;
}

TEST_CASE_FIXTURE(Store, "a catalogue takes the place of the friend's earlier one") {
  const FriendId one = befriend(1);
  const FriendId other = befriend(4);
  REQUIRE(routes.record_catalogue({other, 6, descriptors(2, 9)}).ok());
  REQUIRE(routes.record_catalogue({one, 5, descriptors(512, 1)}).ok());
  REQUIRE(routes.record_catalogue({one, 6, descriptors(1, 2)}).ok());
  const auto all = routes.catalogues({0}, 8).value();
  REQUIRE(all.size() == 2);
  CHECK(all[0] == CatalogueRecord{one, 6, descriptors(1, 2)});
  CHECK(all[1] == CatalogueRecord{other, 6, descriptors(2, 9)});
  CHECK(routes.catalogues(one, 8).value().size() == 1);
  CHECK(routes.catalogues({0}, 1).value().size() == 1);
}

TEST_CASE_FIXTURE(Store, "a catalogue goes with its friend, or when it is empty") {
  const FriendId one = befriend(1);
  const FriendId other = befriend(4);
  REQUIRE(routes.record_catalogue({one, 5, descriptors(3, 1)}).ok());
  REQUIRE(routes.record_catalogue({other, 5, descriptors(3, 1)}).ok());
  REQUIRE(peers.remove_friend(operation(9), one).ok());
  REQUIRE(routes.record_catalogue({other, 6, {}}).ok());
  CHECK(routes.catalogues({0}, 8).value().empty());
}

TEST_CASE_FIXTURE(Store, "catalogues of nobody, too long or cut are refused and change nothing") {
  const FriendId one = befriend(1);
  REQUIRE(routes.record_catalogue({one, 5, descriptors(3, 1)}).ok());
  CHECK(routes.record_catalogue({{77}, 5, descriptors(3, 1)}).error().fault == Fault::Unknown);
  CHECK(routes.record_catalogue({one, 6, descriptors(513, 1)}).error().fault == Fault::Refused);
  auto cut = descriptors(3, 1);
  cut.pop_back();
  CHECK(routes.record_catalogue({one, 6, cut}).error().fault == Fault::Refused);
  CHECK(routes.catalogues({0}, 8).value()[0].epoch == 5);
}

TEST_CASE_FIXTURE(Store, "destinations are kept newest first and can be given up") {
  const DestinationChange first[] = {{far_end(1)}, {far_end(2)}, {far_end(3)}};
  REQUIRE(routes.record_destinations(first).ok());
  const DestinationChange then[] = {{far_end(1)}, {far_end(2), DestinationUse::Unused}};
  REQUIRE(routes.record_destinations(then).ok());
  CHECK(routes.destinations().value() == std::vector<Address>{far_end(1), far_end(3)});
}

TEST_CASE_FIXTURE(Store, "of too many destinations the oldest give way") {
  std::vector<DestinationChange> changes;
  for (std::uint16_t i = 0; i < kMaxDestinations; ++i) changes.push_back({far_end(i)});
  REQUIRE(routes.record_destinations(changes).ok());
  const DestinationChange more[] = {{far_end(5'000)}, {far_end(0)}};
  REQUIRE(routes.record_destinations(more).ok());
  const auto all = routes.destinations().value();
  REQUIRE(all.size() == kMaxDestinations);
  CHECK(all[0] == far_end(0));
  CHECK(all[1] == far_end(5'000));
  CHECK(all.back() == far_end(2));
  changes.push_back({far_end(6'000)});
  CHECK(routes.record_destinations(changes).error().fault == Fault::Refused);
}

TEST_CASE_FIXTURE(Store, "what was recorded is there after a restart") {
  const FriendId one = befriend(1);
  REQUIRE(routes.record_catalogue({one, 5, descriptors(3, 1)}).ok());
  const DestinationChange used[] = {{far_end(1)}};
  REQUIRE(routes.record_destinations(used).ok());
  opened = StoreError{Fault::Io, "closed"};
  auto again = Database::open(directory.file("peers.db"), kNow);
  REQUIRE(again.ok());
  Routes after(*again);
  CHECK(after.catalogues({0}, 8).value().size() == 1);
  CHECK(after.destinations().value() == std::vector<Address>{far_end(1)});
}

}  // namespace
}  // namespace covfefe::store
