// SPDX-License-Identifier: Apache-2.0
// The peer database's real program: what was acknowledged is there after kill -9.
#include <doctest/doctest.h>
#include <schema/peerdb.capnp.h>

#include <cstdlib>

#include "os/clock.h"
#include "rpc/convert.h"
#include "rpc/history.h"
#include "tests/support/service_process.h"

namespace covfefe::test {
namespace {

using Router = schema::PeerdbForRouter;
using Operator = schema::PeerdbOperator;

const char* program() {
  const char* path = std::getenv("COVFEFE_PEERDB");
  return path != nullptr ? path : "";
}

FriendRecord bob() {
  FriendRecord out;
  out.petname = "bob";
  out.trust = TrustLevel::Met;
  out.visibility = Visibility::Reachable;
  out.identity_key.fill(1);
  out.static_key.fill(2);
  out.service_key.fill(3);
  out.address.bytes = {0xfd, 3};
  return out;
}

struct Suite : Edges {
  Suite() : Edges("peerdb") {}

  Router::Client as_router() { return router->peer().castAs<Router>(); }
  FriendId put(const FriendRecord& record) {
    auto request = owner->peer().castAs<Operator>().putFriendRequest();
    const ByteArray<16> operation{1};
    request.setOperation(rpc::as_data(operation));
    rpc::write_friend(record, request.initFriend());
    return wait(request.send().then(
        [](auto&& answer) { return FriendId{answer.getReply().getFriendId()}; }));
  }
  bool record_catalogue(const CatalogueRecord& catalogue) {
    auto request = as_router().recordCatalogueRequest();
    rpc::write_catalogue(catalogue, request.initCatalogue());
    return !wait(request.send().then([](auto&& answer) { return answer.getRefused(); }));
  }
  bool record_destination(const Address& address) {
    auto request = as_router().recordDestinationsRequest();
    request.initUsed(1).set(0, rpc::as_data(address.bytes));
    return !wait(request.send().then([](auto&& answer) { return answer.getRefused(); }));
  }
  std::vector<CatalogueRecord> catalogues() {
    return wait(as_router().cataloguesRequest().send().then(
        [](auto&& answer) { return *rpc::catalogues_from(answer.getCatalogues()); }));
  }
  std::vector<Address> destinations() {
    return wait(as_router().destinationsRequest().send().then(
        [](auto&& answer) { return *rpc::destinations_from(answer.getAddresses()); }));
  }
  bool record_promise(const PromiseEnd& end) {
    auto request = as_router().recordPromisesRequest();
    const ByteArray<16> operation{2};
    request.setOperation(rpc::as_data(operation));
    rpc::write_promise_end(end, request.initOutcomes(1)[0]);
    return !wait(request.send().then([](auto&& answer) { return answer.getRefused(); }));
  }
  bool record_minute(const CapacityRecord& minute) {
    auto request = as_router().recordCapacityRequest();
    const ByteArray<16> operation{3};
    request.setOperation(rpc::as_data(operation));
    rpc::write_capacity(minute, request.initMinutes(1)[0]);
    return !wait(request.send().then([](auto&& answer) { return answer.getRefused(); }));
  }
  std::vector<PromiseTally> tallies() {
    return wait(owner->peer().castAs<Operator>().promisesRequest().send().then([](auto&& answer) {
      std::vector<PromiseTally> out;
      for (const auto one : answer.getTallies()) out.push_back(*rpc::tally_from(one));
      return out;
    }));
  }
  std::vector<CapacityRecord> minutes() {
    auto request = as_router().capacityHistoryRequest();
    request.setMost(10);
    return wait(request.send().then(
        [](auto&& answer) { return *rpc::capacity_from(answer.getMinutes(), 10); }));
  }
  std::vector<FriendRecord> friends() {
    return wait(as_router().friendsRequest().send().then(
        [](auto&& answer) { return *rpc::friends_from(answer.getFriends()); }));
  }
};

TEST_CASE("a jailed peerdb gives back after kill -9 what circuits need") {
  if (!os::is_root()) {
    MESSAGE("skipped: needs root, to become peerdb's user");
    return;
  }
  Suite suite;
  Child first(suite.place, program(), suite.operators);
  suite.connect();
  const FriendId id = suite.put(bob());
  REQUIRE(id.value != 0);
  const CatalogueRecord longest{id, 496'000, std::vector<std::uint8_t>(kMaxCatalogue, 7)};
  const Address far_end{{0xfd, 9}};
  CHECK(suite.record_catalogue(longest));
  CHECK_FALSE(
      suite.record_catalogue({id, 496'000, std::vector<std::uint8_t>(kMaxCatalogue + 96, 7)}));
  CHECK_FALSE(suite.record_catalogue({{99}, 496'000, std::vector<std::uint8_t>(96, 7)}));
  CHECK(suite.record_destination(far_end));
  CHECK_FALSE(suite.record_destination(Address{{0x20, 1}}));
  CHECK(WTERMSIG(first.end(SIGKILL)) == SIGKILL);

  Child second(suite.place, program(), suite.operators);
  suite.connect();
  const auto friends = suite.friends();
  REQUIRE(friends.size() == 1);
  CHECK(friends[0].visibility == Visibility::Reachable);
  CHECK(suite.catalogues() == std::vector<CatalogueRecord>{longest});
  CHECK(suite.destinations() == std::vector<Address>{far_end});
  const int status = second.end(SIGTERM);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("promises kept and the uplink's minutes are there after kill -9, told again count once") {
  if (!os::is_root()) {
    MESSAGE("skipped: needs root, to become peerdb's user");
    return;
  }
  Suite suite;
  const std::int64_t minute = os::wall_now().unix_seconds() / 60 * 60;
  Child first(suite.place, program(), suite.operators);
  suite.connect();
  const FriendId id = suite.put(bob());
  const PromiseEnd end{id, PromiseKind::LeaseTaken, true, minute};
  const CapacityRecord record{minute, 60, 9'000, 8'000, 7'000, 1};
  CHECK(suite.record_promise(end));
  CHECK(suite.record_minute(record));
  CHECK(WTERMSIG(first.end(SIGKILL)) == SIGKILL);

  Child second(suite.place, program(), suite.operators);
  suite.connect();
  CHECK(suite.record_promise(end));
  CHECK(suite.record_minute(record));
  CHECK(suite.tallies() == std::vector<PromiseTally>{{id, PromiseKind::LeaseTaken, 1, 0, minute}});
  CHECK(suite.minutes() == std::vector<CapacityRecord>{record});
  CHECK(WEXITSTATUS(second.end(SIGTERM)) == 0);
}

}  // namespace
}  // namespace covfefe::test
