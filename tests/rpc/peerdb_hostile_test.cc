// SPDX-License-Identifier: Apache-2.0
// Callers that break the contract of schema/peerdb.capnp, and a database that lost its tables.
#include <sqlite3.h>

#include "tests/rpc/peerdb_support.h"
#include "tests/rpc/spoil.h"

namespace covfefe::peerdb {
namespace {

using schema::Refusal;

// What a call that fails says; nothing for one that is answered.
template <typename Request>
std::string failure_of(Bench& bench, Request&& request) {
  std::string out;
  request.send()
      .then([](auto&&) {}, [&out](kj::Exception&& why) { out = rpc::from_exception(why).text; })
      .wait(bench.io.waitScope);
  return out;
}

template <typename Request>
Refusal why_of(Bench& bench, Request&& request) {
  const auto answer = request.send().wait(bench.io.waitScope);
  CHECK(answer.getRefused());
  return answer.getWhy();
}

capnp::Data::Reader short_operation() {
  static constexpr std::uint8_t kShort[15] = {};
  return {kShort, sizeof kShort};
}

void drop_tables(Bench& bench) {
  sqlite3* handle = bench.database->handle();
  sqlite3_set_authorizer(handle, nullptr, nullptr);
  for (const char* name :
       {"endpoints", "metrics", "catalogues", "destinations", "promises", "capacity", "friends"}) {
    const std::string sql = std::string("DROP TABLE ") + name;
    REQUIRE(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  }
}

TEST_CASE("the operator's inspection comes from the process") {
  Bench bench;
  bench.node.inspect = [] {
    rpc::InspectedService out;
    out.service = "peerdb";
    return out;
  };
  const auto answer = bench.as_operator().inspectRequest().send().wait(bench.io.waitScope);
  CHECK(rpc::text(answer.getInspection().getService()) == "peerdb");
}

TEST_CASE("without a whole operation nothing is written") {
  Bench bench;
  const auto id = bench.put(1, store::person(1)).getReply().getFriendId();
  auto remove = bench.as_operator().removeFriendRequest();
  remove.setFriendId(id);
  remove.setOperation(short_operation());
  CHECK(why_of(bench, kj::mv(remove)) == Refusal::MALFORMED);
  auto endpoint = bench.as_router().recordEndpointRequest();
  endpoint.setFriendId(id);
  endpoint.setOperation(short_operation());
  rpc::write_endpoint({Address{}, 7, 0}, endpoint.initEndpoint());
  CHECK(why_of(bench, kj::mv(endpoint)) == Refusal::MALFORMED);
  auto metrics = bench.as_router().recordMetricsRequest();
  metrics.initSamples(1)[0].setFriendId(id);
  CHECK(why_of(bench, kj::mv(metrics)) == Refusal::MALFORMED);
  auto promises = bench.as_router().recordPromisesRequest();
  promises.setOperation(short_operation());
  CHECK(why_of(bench, kj::mv(promises)) == Refusal::MALFORMED);
  auto minutes = bench.as_router().recordCapacityRequest();
  CHECK(why_of(bench, kj::mv(minutes)) == Refusal::MALFORMED);
  CHECK(bench.peers.friends()->size() == 1);
  CHECK(bench.peers.friends()->at(0).endpoints == store::person(1).endpoints);
  CHECK(bench.peers.metrics({id}, 0, 10)->empty());
}

TEST_CASE("lists beyond their bounds and values of no meaning are refused whole") {
  Bench bench;
  const auto id = bench.put(1, store::person(1)).getReply().getFriendId();
  const auto operation = store::operation(2);
  auto endpoint = bench.as_router().recordEndpointRequest();
  endpoint.setFriendId(id);
  endpoint.setOperation(rpc::as_data(operation));
  rpc::write_endpoint({Address{}, 0, 0}, endpoint.initEndpoint());
  CHECK(why_of(bench, kj::mv(endpoint)) == Refusal::MALFORMED);
  auto metrics = bench.as_router().recordMetricsRequest();
  metrics.setOperation(rpc::as_data(operation));
  const std::int64_t now = os::wall_now().unix_seconds();
  for (auto one : metrics.initSamples(kMaxMetricSamples + 1)) {
    rpc::write_sample({FriendId{id}, now, 10, 1, 2, 10, 300, 0, 1, 2, 3, 4}, one);
  }
  CHECK(why_of(bench, kj::mv(metrics)) == Refusal::MALFORMED);
  auto promises = bench.as_router().recordPromisesRequest();
  promises.setOperation(rpc::as_data(operation));
  promises.initOutcomes(1)[0].setFriendId(id);
  promises.getOutcomes()[0].setKind(static_cast<schema::PromiseKind>(77));
  CHECK(why_of(bench, kj::mv(promises)) == Refusal::MALFORMED);
  auto minutes = bench.as_router().recordCapacityRequest();
  minutes.setOperation(rpc::as_data(operation));
  for (auto one : minutes.initMinutes(kMaxCapacityMinutes + 1)) {
    rpc::write_capacity({now / 60 * 60, 60, 1, 1, 1, 1}, one);
  }
  CHECK(why_of(bench, kj::mv(minutes)) == Refusal::MALFORMED);
  auto used = bench.as_router().recordDestinationsRequest();
  used.initUsed(1).init(0, 15);
  CHECK(why_of(bench, kj::mv(used)) == Refusal::MALFORMED);
  CHECK(bench.peers.metrics({id}, 0, 10)->empty());
  CHECK(bench.routes.destinations()->empty());
  CHECK(bench.disk_failures == 0);
}

TEST_CASE("who is removed twice, or never was, is unknown") {
  Bench bench;
  const auto id = bench.put(1, store::person(1)).getReply().getFriendId();
  const auto remove = [&](std::uint8_t operation, std::uint32_t whom) {
    auto request = bench.as_operator().removeFriendRequest();
    request.setOperation(rpc::as_data(store::operation(operation)));
    request.setFriendId(whom);
    return request;
  };
  CHECK(why_of(bench, remove(2, 77)) == Refusal::UNKNOWN);
  CHECK_FALSE(remove(3, id).send().wait(bench.io.waitScope).getRefused());
  CHECK_FALSE(remove(3, id).send().wait(bench.io.waitScope).getRefused());  // the same, repeated
  CHECK(why_of(bench, remove(4, id)) == Refusal::UNKNOWN);
  CHECK(bench.node.refusals == 2);
}

TEST_CASE("parameters of another kind fail their own call and no other") {
  Bench bench;
  auto put = bench.as_operator().putFriendRequest();
  test::put_bytes(static_cast<schema::PeerdbOperator::PutFriendParams::Builder>(put), 1);
  CHECK_FALSE(failure_of(bench, kj::mv(put)).empty());
  auto remove = bench.as_operator().removeFriendRequest();
  test::put_struct(static_cast<schema::PeerdbOperator::RemoveFriendParams::Builder>(remove), 0);
  CHECK_FALSE(failure_of(bench, kj::mv(remove)).empty());
  auto metrics = bench.as_router().recordMetricsRequest();
  metrics.setOperation(rpc::as_data(store::operation(1)));
  test::put_struct(static_cast<schema::PeerdbForRouter::RecordMetricsParams::Builder>(metrics), 1);
  CHECK_FALSE(failure_of(bench, kj::mv(metrics)).empty());
  CHECK_FALSE(bench.put(1, store::person(1)).getReply().isRefused());
  CHECK(failure_of(bench, bench.as_router().friendsRequest()).empty());
}

TEST_CASE("a second observer of one connection takes the first one's place") {
  Bench bench;
  int first = 0;
  int second = 0;
  for (int* count : {&first, &second}) {
    auto watch = bench.as_router().watchRequest();
    watch.setObserver(kj::heap<CountingObserver>(*count));
    watch.send().wait(bench.io.waitScope);
  }
  CHECK_FALSE(bench.put(1, store::person(1)).getReply().isRefused());
  bench.as_router().friendsRequest().send().wait(bench.io.waitScope);
  CHECK(first == 0);
  CHECK(second == 1);
  CHECK(bench.node.observers.size() == 1);
}

TEST_CASE(
    "a database without its tables is said to be unreadable, each time, and ends the process") {
  Bench bench;
  drop_tables(bench);
  const std::string unreadable = "the database cannot be read";
  const auto says = [&](auto request) {
    return failure_of(bench, kj::mv(request)).find(unreadable) != std::string::npos;
  };
  CHECK(says(bench.as_router().friendsRequest()));
  CHECK(says(bench.as_router().cataloguesRequest()));
  CHECK(says(bench.as_router().destinationsRequest()));
  CHECK(says(bench.as_router().capacityHistoryRequest()));
  CHECK(says(bench.as_operator().friendsRequest()));
  CHECK(says(bench.as_operator().metricsRequest()));
  CHECK(says(bench.as_operator().promisesRequest()));
  auto hours = bench.as_operator().capacityHistoryRequest();
  hours.setSeconds(3'600);
  hours.setMost(1);
  CHECK(says(kj::mv(hours)));
  CHECK(bench.disk_failures == 8);
}

TEST_CASE("what a database without its tables cannot take is refused as io") {
  Bench bench;
  drop_tables(bench);
  CHECK(bench.put(1, store::person(1)).getReply().getRefused() == Refusal::IO);
  auto remove = bench.as_operator().removeFriendRequest();
  remove.setOperation(rpc::as_data(store::operation(2)));
  CHECK(why_of(bench, kj::mv(remove)) == Refusal::IO);
  auto metrics = bench.as_router().recordMetricsRequest();
  metrics.setOperation(rpc::as_data(store::operation(3)));
  rpc::write_sample({FriendId{1}, os::wall_now().unix_seconds(), 10, 1, 2, 10, 300, 0, 1, 2, 3, 4},
                    metrics.initSamples(1)[0]);
  CHECK(why_of(bench, kj::mv(metrics)) == Refusal::IO);
  auto promises = bench.as_router().recordPromisesRequest();
  promises.setOperation(rpc::as_data(store::operation(4)));
  rpc::write_promise_end({{1}, PromiseKind::Leaving, true, 1'700'000'000},
                         promises.initOutcomes(1)[0]);
  CHECK(why_of(bench, kj::mv(promises)) == Refusal::IO);
  auto minutes = bench.as_router().recordCapacityRequest();
  minutes.setOperation(rpc::as_data(store::operation(5)));
  rpc::write_capacity({os::wall_now().unix_seconds() / 60 * 60, 60, 1, 1, 1, 1},
                      minutes.initMinutes(1)[0]);
  CHECK(why_of(bench, kj::mv(minutes)) == Refusal::IO);
  auto used = bench.as_router().recordDestinationsRequest();
  used.initUsed(1).set(0, rpc::as_data(ByteArray<16>{0xfd, 1}));
  CHECK(why_of(bench, kj::mv(used)) == Refusal::IO);
  CHECK(bench.disk_failures == 6);
  CHECK(bench.node.changes == 0);
}

}  // namespace
}  // namespace covfefe::peerdb
