// SPDX-License-Identifier: Apache-2.0
#include "store/promises.h"

#include <doctest/doctest.h>

#include "temporary.h"

namespace covfefe::store {
namespace {

constexpr std::int64_t kToday = kNow.unix_seconds();

struct Store {
  TemporaryDirectory directory;
  StoreResult<Database> opened = Database::open(directory.file("peers.db"), kNow);
  Peers peers{opened.value()};
  Promises promises{opened.value()};

  FriendId befriend(std::uint8_t number) {
    return peers.put_friend(operation(number), person(number)).value();
  }
  bool record(std::uint8_t number, const std::vector<PromiseEnd>& ends) {
    return promises.record(operation(number), ends, kNow).ok();
  }
};

TEST_CASE_FIXTURE(Store, "kept and broken promises are counted by friend and kind") {
  const FriendId bob = befriend(1);
  const FriendId carol = befriend(4);
  REQUIRE(record(20, {{carol, PromiseKind::Leaving, true, kToday - 5},
                      {bob, PromiseKind::LeaseTaken, true, kToday - 4},
                      {bob, PromiseKind::LeaseTaken, false, kToday - 3},
                      {bob, PromiseKind::OnlineUntil, false, kToday - 2}}));
  REQUIRE(record(21, {{bob, PromiseKind::LeaseTaken, true, kToday - 9}}));
  CHECK(promises.tallies().value() ==
        std::vector<PromiseTally>{{bob, PromiseKind::LeaseTaken, 2, 1, kToday - 3},
                                  {bob, PromiseKind::OnlineUntil, 0, 1, kToday - 2},
                                  {carol, PromiseKind::Leaving, 1, 0, kToday - 5}});
}

TEST_CASE_FIXTURE(Store, "ends that are told twice under one number count once") {
  const FriendId bob = befriend(1);
  REQUIRE(record(20, {{bob, PromiseKind::Leaving, true, kToday}}));
  REQUIRE(record(20, {{bob, PromiseKind::Leaving, true, kToday}}));
  CHECK(promises.tallies().value().at(0).kept == 1);
}

TEST_CASE_FIXTURE(Store, "tallies go with their friend; nobody's and too many are not taken") {
  const FriendId bob = befriend(1);
  REQUIRE(record(20, {{{77}, PromiseKind::Leaving, true, kToday},
                      {bob, PromiseKind::Leaving, true, kToday + 99'999}}));
  REQUIRE(promises.tallies().value().size() == 1);
  CHECK(promises.tallies().value()[0].last_at == kToday);
  const std::vector<PromiseEnd> many(kMaxPromiseOutcomes + 1,
                                     {bob, PromiseKind::Leaving, true, kToday});
  CHECK(promises.record(operation(21), many, kNow).error().fault == Fault::Refused);
  CHECK(promises.tallies().value()[0].kept == 1);
  REQUIRE(peers.remove_friend(operation(22), bob).ok());
  CHECK(promises.tallies().value().empty());
}

TEST_CASE_FIXTURE(Store, "tallies are there after a restart and leave trust alone") {
  const FriendId bob = befriend(1);
  REQUIRE(record(20, std::vector<PromiseEnd>(500, {bob, PromiseKind::Please, false, kToday})));
  opened = StoreError{Fault::Io, "closed"};
  auto again = Database::open(directory.file("peers.db"), kNow);
  REQUIRE(again.ok());
  CHECK(Promises(*again).tallies().value().at(0).broken == 500);
  CHECK(Peers(*again).friends().value().at(0).trust == TrustLevel::Met);
}

}  // namespace
}  // namespace covfefe::store
