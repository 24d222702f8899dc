// SPDX-License-Identifier: Apache-2.0
// The contract of schema/peerdb.capnp over an in-memory pipe, on a real database.
#include "tests/rpc/peerdb_support.h"

namespace covfefe::peerdb {
namespace {

TEST_CASE("the operator adds a friend and the router reads the same record") {
  Bench bench;
  const auto answer = bench.put(1, store::person(1));
  REQUIRE(!answer.getReply().isRefused());
  const auto read = bench.as_router().friendsRequest().send().wait(bench.io.waitScope);
  auto all = rpc::friends_from(read.getFriends());
  REQUIRE(all.ok());
  REQUIRE(all->size() == 1);
  FriendRecord expected = store::person(1);
  expected.id = FriendId{answer.getReply().getFriendId()};
  CHECK((*all)[0] == expected);
}

TEST_CASE("a watching router hears of every change") {
  Bench bench;
  int heard = 0;
  auto watch = bench.as_router().watchRequest();
  watch.setObserver(kj::heap<CountingObserver>(heard));
  watch.send().wait(bench.io.waitScope);
  const auto id = bench.put(1, store::person(1)).getReply().getFriendId();
  auto remove = bench.as_operator().removeFriendRequest();
  remove.setOperation(rpc::as_data(store::operation(2)));
  remove.setFriendId(id);
  CHECK(!remove.send().wait(bench.io.waitScope).getRefused());
  bench.as_router().friendsRequest().send().wait(bench.io.waitScope);
  CHECK(heard == 2);
}

TEST_CASE("lengths, petnames and operations that break the contract are malformed") {
  Bench bench;
  auto request = bench.as_operator().putFriendRequest();
  rpc::write_friend(store::person(1), request.initFriend());
  const std::uint8_t short_id[15] = {};
  request.setOperation(capnp::Data::Reader(short_id, sizeof short_id));
  const auto answer = request.send().wait(bench.io.waitScope);
  REQUIRE(answer.getReply().isRefused());
  CHECK(answer.getReply().getRefused() == schema::Refusal::MALFORMED);
  FriendRecord bad_name = store::person(1);
  bad_name.petname = "Not A Name";
  CHECK(bench.put(2, bad_name).getReply().isRefused());
  CHECK(bench.peers.friends().value().empty());
}

TEST_CASE("a taken name is refused as exists, a missing friend as unknown") {
  Bench bench;
  REQUIRE(!bench.put(1, store::person(1)).getReply().isRefused());
  FriendRecord twin = store::person(9);
  twin.petname = "friend-1";
  CHECK(bench.put(2, twin).getReply().getRefused() == schema::Refusal::EXISTS);
  auto endpoint = bench.as_router().recordEndpointRequest();
  endpoint.setOperation(rpc::as_data(store::operation(3)));
  endpoint.setFriendId(77);
  rpc::write_endpoint({Address{}, 1, 0}, endpoint.initEndpoint());
  CHECK(endpoint.send().wait(bench.io.waitScope).getWhy() == schema::Refusal::UNKNOWN);
  CHECK(bench.disk_failures == 0);
}

TEST_CASE("the router's capability has no way to add or remove a friend") {
  Bench bench;
  auto request = bench.router_client->peer().castAs<schema::PeerdbOperator>().removeFriendRequest();
  request.setOperation(rpc::as_data(store::operation(1)));
  CHECK_THROWS_AS(request.send().wait(bench.io.waitScope), kj::Exception);
}

TEST_CASE("metrics of the router come back to the operator") {
  Bench bench;
  const auto id = bench.put(1, store::person(1)).getReply().getFriendId();
  auto record = bench.as_router().recordMetricsRequest();
  record.setOperation(rpc::as_data(store::operation(2)));
  auto samples = record.initSamples(1);
  rpc::write_sample({FriendId{id}, os::wall_now().unix_seconds(), 10, 1, 2, 10, 300, 0, 1, 2, 3, 4},
                    samples[0]);
  CHECK(!record.send().wait(bench.io.waitScope).getRefused());
  auto ask = bench.as_operator().metricsRequest();
  ask.setFriendId(id);
  const auto answer = ask.send().wait(bench.io.waitScope);
  REQUIRE(answer.getSamples().size() == 1);
  CHECK(answer.getSamples()[0].getLinkFaults() == 1);
  CHECK(answer.getSamples()[0].getRelayedCells() == 4);
}

bool record_catalogue(Bench& bench, const CatalogueRecord& catalogue) {
  auto request = bench.as_router().recordCatalogueRequest();
  rpc::write_catalogue(catalogue, request.initCatalogue());
  return !request.send().wait(bench.io.waitScope).getRefused();
}

TEST_CASE("catalogues of many friends are read page by page") {
  Bench bench;
  const std::vector<std::uint8_t> longest(kMaxCatalogue, 7);
  for (std::uint8_t i = 1; i <= 20; ++i) {
    const FriendId id{
        bench.put(i, store::person(static_cast<std::uint8_t>(3 * i))).getReply().getFriendId()};
    CHECK(record_catalogue(bench, {id, i, longest}));
  }
  std::vector<std::size_t> pages;
  FriendId after{0};
  do {
    auto request = bench.as_router().cataloguesRequest();
    request.setAfter(after.value);
    const auto answer = request.send().wait(bench.io.waitScope);
    const auto page = rpc::catalogues_from(answer.getCatalogues());
    REQUIRE(page.ok());
    pages.push_back(page->size());
    if (!page->empty()) after = page->back().id;
  } while (pages.back() == kCataloguesInPage);
  CHECK(pages == std::vector<std::size_t>{8, 8, 4});
}

TEST_CASE("catalogues of nobody and of broken length are refused") {
  Bench bench;
  const FriendId id{bench.put(1, store::person(1)).getReply().getFriendId()};
  CHECK_FALSE(record_catalogue(bench, {{77}, 1, std::vector<std::uint8_t>(96, 7)}));
  CHECK_FALSE(record_catalogue(bench, {{0}, 1, std::vector<std::uint8_t>(96, 7)}));
  CHECK_FALSE(record_catalogue(bench, {id, 1, std::vector<std::uint8_t>(95, 7)}));
  CHECK_FALSE(record_catalogue(bench, {id, 1, std::vector<std::uint8_t>(kMaxCatalogue + 96, 7)}));
  CHECK(bench.routes.catalogues({0}, 8)->empty());
  CHECK(record_catalogue(bench, {id, 1, std::vector<std::uint8_t>(96, 7)}));
  CHECK(bench.disk_failures == 0);
}

TEST_CASE("destinations come and go, and other addresses are refused") {
  Bench bench;
  const auto record = [&bench](std::initializer_list<ByteArray<16>> used,
                               std::initializer_list<ByteArray<16>> unused) {
    auto request = bench.as_router().recordDestinationsRequest();
    auto list = request.initUsed(static_cast<capnp::uint>(used.size()));
    capnp::uint at = 0;
    for (const auto& one : used) list.set(at++, rpc::as_data(one));
    list = request.initUnused(static_cast<capnp::uint>(unused.size()));
    at = 0;
    for (const auto& one : unused) list.set(at++, rpc::as_data(one));
    return !request.send().wait(bench.io.waitScope).getRefused();
  };
  const ByteArray<16> one{0xfd, 1};
  const ByteArray<16> two{0xfd, 2};
  CHECK(record({one, two}, {}));
  CHECK(record({}, {one}));
  CHECK_FALSE(record({{0xfe, 1}}, {}));
  const auto answer = bench.as_router().destinationsRequest().send().wait(bench.io.waitScope);
  const auto all = rpc::destinations_from(answer.getAddresses());
  REQUIRE(all.ok());
  REQUIRE(all->size() == 1);
  CHECK(all->at(0).bytes == two);
}

bool record_promises(Bench& bench, std::uint8_t operation, const std::vector<PromiseEnd>& ends) {
  auto request = bench.as_router().recordPromisesRequest();
  request.setOperation(rpc::as_data(store::operation(operation)));
  auto list = request.initOutcomes(static_cast<capnp::uint>(ends.size()));
  for (capnp::uint i = 0; i < list.size(); ++i) rpc::write_promise_end(ends[i], list[i]);
  return !request.send().wait(bench.io.waitScope).getRefused();
}

TEST_CASE("the operator reads how often friends kept what they promised, each end counted once") {
  Bench bench;
  const FriendId id{bench.put(1, store::person(1)).getReply().getFriendId()};
  const PromiseEnd kept{id, PromiseKind::OnlineUntil, true, 1'700'000'000};
  const PromiseEnd broken{id, PromiseKind::OnlineUntil, false, 1'700'000'009};
  CHECK(record_promises(bench, 2, {kept, broken, kept}));
  CHECK(record_promises(bench, 2, {kept, broken, kept}));
  CHECK_FALSE(record_promises(bench, 3, {{{0}, PromiseKind::OnlineUntil, true, 1}}));
  const auto answer = bench.as_operator().promisesRequest().send().wait(bench.io.waitScope);
  REQUIRE(answer.getTallies().size() == 1);
  CHECK(*rpc::tally_from(answer.getTallies()[0]) ==
        PromiseTally{id, PromiseKind::OnlineUntil, 2, 1, 1'700'000'009});
}

TEST_CASE("the uplink's minutes come back to the router, and to the operator as hours too") {
  Bench bench;
  const std::int64_t end = os::wall_now().unix_seconds() / 3'600 * 3'600;
  const CapacityRecord early{end - 60, 60, 1'000, 900, 500, 1};
  const CapacityRecord late{end, 60, 2'000, 800, 700, 2};
  const auto record = [&bench](std::uint8_t operation, const CapacityRecord& one) {
    auto request = bench.as_router().recordCapacityRequest();
    request.setOperation(rpc::as_data(store::operation(operation)));
    rpc::write_capacity(one, request.initMinutes(1)[0]);
    return !request.send().wait(bench.io.waitScope).getRefused();
  };
  CHECK(record(1, early));
  CHECK(record(2, late));
  CHECK(record(2, late));
  CHECK_FALSE(record(3, {end, 3'600, 1, 1, 1, 1}));
  auto ask = bench.as_router().capacityHistoryRequest();
  ask.setMost(10);
  const auto minutes = ask.send().wait(bench.io.waitScope);
  CHECK(*rpc::capacity_from(minutes.getMinutes(), 10) == std::vector<CapacityRecord>{late, early});
  auto hours = bench.as_operator().capacityHistoryRequest();
  hours.setSeconds(3'600);
  hours.setMost(10);
  const auto answer = hours.send().wait(bench.io.waitScope);
  CHECK(*rpc::capacity_from(answer.getRecords(), 10) ==
        std::vector<CapacityRecord>{{end, 3'600, 1'500, 800, 600, 3}});
}

TEST_CASE("a router that disconnects in the middle of a call leaves the service working") {
  Bench bench;
  int heard = 0;
  auto watch = bench.as_router().watchRequest();
  watch.setObserver(kj::heap<CountingObserver>(heard));
  watch.send().wait(bench.io.waitScope);
  {
    auto abandoned = bench.as_router().friendsRequest().send();
    bench.router_client = nullptr;
  }
  bench.router_server.disconnected().wait(bench.io.waitScope);
  CHECK(!bench.put(1, store::person(1)).getReply().isRefused());
  CHECK(heard == 0);
}

}  // namespace
}  // namespace covfefe::peerdb
