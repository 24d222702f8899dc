// SPDX-License-Identifier: Apache-2.0
// The router's side of router.peerdb against a peerdb that is honest, wrong or dying.
#include "tests/rpc/router_support.h"

using namespace covfefe;
using namespace covfefe::router;

namespace {

class PaperPeerdb final : public schema::PeerdbForRouter::Server {
 public:
  struct Record {
    std::vector<FriendRecord> friends{friend_named("bob", 2)};
    std::vector<schema::FriendObserver::Client> observers;
    std::vector<ByteArray<16>> operations;
    std::vector<std::size_t> batches;
    std::vector<MetricSample> samples;
    std::vector<Endpoint> endpoints;
    bool fails = false;
    bool lies = false;
  };
  explicit PaperPeerdb(Record& record) : record_(record) {}

  kj::Promise<void> friends(FriendsContext context) override {
    rpc::write_friends(record_.friends, context.getResults());
    if (record_.lies) context.getResults().getFriends()[0].setPetname("../../etc");
    return kj::READY_NOW;
  }
  kj::Promise<void> watch(WatchContext context) override {
    record_.observers.push_back(context.getParams().getObserver());
    return kj::READY_NOW;
  }
  kj::Promise<void> recordEndpoint(RecordEndpointContext context) override {
    record_.endpoints.push_back(*rpc::endpoint_from(context.getParams().getEndpoint()));
    return kj::READY_NOW;
  }
  kj::Promise<void> recordMetrics(RecordMetricsContext context) override {
    record_.operations.push_back(*rpc::exactly<16>(context.getParams().getOperation()));
    record_.batches.push_back(context.getParams().getSamples().size());
    for (const auto one : context.getParams().getSamples())
      record_.samples.push_back(*rpc::sample_from(one));
    if (record_.fails) return rpc::to_exception(rpc::CallFailure::Disconnected, "gone");
    return kj::READY_NOW;
  }

 private:
  Record& record_;
};

struct PeerdbDesk : Desk {
  std::vector<std::vector<FriendRecord>> views;
  std::vector<core::Remembered> remembered;
  PeerdbEdge edge{{*service, log, entropy,
                   [this](const std::vector<FriendRecord>& friends) { views.push_back(friends); },
                   [this](core::Remembered what) { remembered.push_back(std::move(what)); }}};
  PaperPeerdb::Record record;

  void connect() { edge.connected(schema::PeerdbForRouter::Client(kj::heap<PaperPeerdb>(record))); }
  void measure(std::uint64_t rx_bytes, std::int64_t at) {
    core::FriendReport report;
    report.id = {2};
    report.rx_bytes = rx_bytes;
    core::StatusReport status;
    status.friends.push_back(report);
    edge.measure(status, {at * 1'000'000'000});
  }
};

}  // namespace

TEST_CASE_FIXTURE(PeerdbDesk, "friends are read at connect and again when they changed") {
  connect();
  run(turns().then([this] {
    record.friends.push_back(friend_named("carol", 3));
    return record.observers.at(0).changedRequest().send().ignoreResult().then(
        [this] { return turns(); });
  }));
  REQUIRE(views.size() == 2);
  CHECK(views[0].size() == 1);
  CHECK(views[1].size() == 2);
}

TEST_CASE_FIXTURE(PeerdbDesk, "a list with one bad friend changes nothing") {
  connect();
  run(turns().then([this] {
    record.lies = true;
    edge.read_friends();
    return turns();
  }));
  CHECK(views.size() == 1);
  CHECK(edge.friends().at(0).petname == "bob");
}

TEST_CASE_FIXTURE(PeerdbDesk, "the last view of friends outlives peerdb") {
  connect();
  run(turns().then([this] { edge.gone(); }));
  CHECK_FALSE(edge.attached());
  CHECK(edge.friends().size() == 1);
}

TEST_CASE_FIXTURE(PeerdbDesk, "what is measured while peerdb is away is written when it is back") {
  connect();
  run(turns().then([this] {
    measure(100, 10);
    edge.gone();
    measure(150, 20);
    measure(175, 30);
    CHECK(edge.waiting_samples() == 2);
    connect();
    return turns();
  }));
  CHECK(record.batches == std::vector<std::size_t>{2});
  CHECK(edge.waiting_samples() == 0);
}

TEST_CASE_FIXTURE(PeerdbDesk, "faults and relayed cells are measured between two looks") {
  connect();
  core::FriendReport report;
  report.id = {2};
  const auto look = [&](std::int64_t at) { edge.measure({{report}, {}}, {at * 1'000'000'000}); };
  run(turns().then([&] {
    report.rx_bytes = report.link_faults = report.onion_faults = 100;
    report.circuits_destroyed = report.relayed_cells = 100;
    look(10);
    report.rx_bytes += 1;
    report.link_faults += 2;
    report.onion_faults += 3;
    report.circuits_destroyed += 4;
    report.relayed_cells += 5;
    look(20);
    return turns();
  }));
  REQUIRE(record.samples.size() == 1);
  const MetricSample& sample = record.samples[0];
  CHECK(sample.link_faults == 2);
  CHECK(sample.onion_faults == 3);
  CHECK(sample.circuits_destroyed == 4);
  CHECK(sample.relayed_cells == 5);
}

TEST_CASE_FIXTURE(PeerdbDesk, "a batch that may be on the disk is repeated under the same number") {
  connect();
  run(turns().then([this] {
    record.fails = true;
    measure(100, 10);
    measure(150, 20);
    return turns().then([this] {
      record.fails = false;
      measure(160, 30);
      return turns();
    });
  }));
  REQUIRE(record.operations.size() >= 2);
  CHECK(record.operations[0] == record.operations[1]);
  CHECK(record.batches[0] == record.batches[1]);
}

TEST_CASE_FIXTURE(PeerdbDesk, "a friend that is down and silent costs no row") {
  connect();
  run(turns().then([this] {
    measure(100, 10);
    measure(100, 20);
    return turns();
  }));
  CHECK(record.batches.empty());
}

TEST_CASE_FIXTURE(PeerdbDesk, "samples that wait are bounded and the oldest give way") {
  connect();
  run(turns().then([this] {
    edge.gone();
    for (std::uint64_t i = 1; i <= 2 * kMaxMetricSamples + 11; ++i) {
      measure(i, static_cast<std::int64_t>(i));
    }
  }));
  CHECK(edge.waiting_samples() == 2 * kMaxMetricSamples);
  CHECK(edge.lost_samples() == 10);
}

TEST_CASE_FIXTURE(PeerdbDesk, "of one friend's endpoints only the newest waits, strangers' none") {
  connect();
  Endpoint older{{}, 1, 0};
  Endpoint newer{{}, 2, 0};
  run(turns().then([&] {
    edge.gone();
    edge.learn({{2}, older});
    edge.learn({{2}, newer});
    edge.learn({{99}, older});
    connect();
    return turns();
  }));
  CHECK(record.endpoints == std::vector<Endpoint>{newer});
}
