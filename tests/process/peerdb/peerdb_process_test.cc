// SPDX-License-Identifier: Apache-2.0
// The peer database's real program: what was acknowledged is there after kill -9.
#include <doctest/doctest.h>
#include <schema/peerdb.capnp.h>

#include <cstdlib>

#include "rpc/convert.h"
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

}  // namespace
}  // namespace covfefe::test
