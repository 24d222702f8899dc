// SPDX-License-Identifier: Apache-2.0
// Promises and the uplink's minutes on their way to a peerdb that is honest, away or failing.
#include "cmd/router/control_history.h"

#include "rpc/history.h"
#include "tests/rpc/router_support.h"

using namespace covfefe;
using namespace covfefe::router;

namespace {

class PaperPeerdb final : public schema::PeerdbForRouter::Server {
 public:
  struct Record {
    std::vector<CapacityRecord> remembered;
    std::vector<CapacityRecord> minutes;
    std::vector<PromiseEnd> ends;
    std::vector<ByteArray<16>> operations;
    bool fails = false;
    bool refuses = false;
    bool lies = false;
  };
  explicit PaperPeerdb(Record& record) : record_(record) {}

  kj::Promise<void> recordPromises(RecordPromisesContext context) override {
    record_.operations.push_back(*rpc::exactly<16>(context.getParams().getOperation()));
    const auto ends = *rpc::promise_ends_from(context.getParams().getOutcomes());
    record_.ends.insert(record_.ends.end(), ends.begin(), ends.end());
    if (record_.refuses) {
      context.getResults().setRefused(true);
      context.getResults().setWhy(schema::Refusal::MALFORMED);
    }
    return manner();
  }
  kj::Promise<void> recordCapacity(RecordCapacityContext context) override {
    const auto minutes = *rpc::capacity_from(context.getParams().getMinutes(), 1'024);
    record_.minutes.insert(record_.minutes.end(), minutes.begin(), minutes.end());
    return manner();
  }
  kj::Promise<void> capacityHistory(CapacityHistoryContext context) override {
    const auto count = static_cast<capnp::uint>(record_.remembered.size());
    auto list = context.getResults().initMinutes(count);
    for (capnp::uint i = 0; i < count; ++i) rpc::write_capacity(record_.remembered[i], list[i]);
    if (record_.lies) list[0].setSeconds(7);
    return manner();
  }

 private:
  kj::Promise<void> manner() {
    if (record_.fails) return rpc::to_exception(rpc::CallFailure::Disconnected, "gone");
    return kj::READY_NOW;
  }
  Record& record_;
};

struct HistoryDesk : Desk {
  std::vector<std::vector<CapacityRecord>> recalled;
  History history{{*service, log,
                   [this] {
                     ByteArray<16> out;
                     entropy.fill(out);
                     return out;
                   },
                   [this](const std::vector<CapacityRecord>& all) { recalled.push_back(all); }}};
  PaperPeerdb::Record record;

  void connect() {
    history.connected(schema::PeerdbForRouter::Client(kj::heap<PaperPeerdb>(record)));
  }
  void end(std::int64_t at) { history.note(PromiseEnd{{2}, PromiseKind::Leaving, true, at}); }
};

}  // namespace

TEST_CASE_FIXTURE(HistoryDesk, "the uplink's last minutes are read once") {
  record.remembered = {{120, 60, 9, 8, 7, 0}, {60, 60, 9, 8, 7, 0}};
  connect();
  run(turns().then([this] {
    history.gone();
    connect();
    return turns();
  }));
  REQUIRE(recalled.size() == 1);
  CHECK(recalled[0] == record.remembered);
}

TEST_CASE_FIXTURE(HistoryDesk, "a history that breaks the contract is asked for again") {
  record.remembered = {{120, 60, 9, 8, 7, 0}};
  record.lies = true;
  connect();
  run(turns().then([this] {
    CHECK(recalled.empty());
    record.lies = false;
    history.gone();
    connect();
    return turns();
  }));
  CHECK(recalled.size() == 1);
}

TEST_CASE_FIXTURE(HistoryDesk,
                  "what peerdb did not acknowledge is sent again under the same number") {
  connect();
  run(turns()
          .then([this] {
            record.fails = true;
            end(1);
            end(2);
            history.write();
            end(3);
            history.write();
            return turns();
          })
          .then([this] {
            history.gone();
            record.fails = false;
            connect();
            return turns();
          })
          .then([this] {
            history.write();
            return turns();
          }));
  REQUIRE(record.operations.size() == 3);
  CHECK(record.operations[0] == record.operations[1]);
  CHECK(record.operations[1] != record.operations[2]);
  REQUIRE(record.ends.size() == 5);
  CHECK(record.ends[4].at == 3);
  CHECK(history.waiting() == 0);
}

TEST_CASE_FIXTURE(HistoryDesk, "what peerdb will never take is dropped") {
  record.refuses = true;
  connect();
  end(1);
  history.write();
  run(turns());
  CHECK(history.waiting() == 0);
}

TEST_CASE_FIXTURE(HistoryDesk,
                  "what waits while peerdb is away is bounded, and minutes go on later") {
  for (std::int64_t i = 1; i <= 2'500; ++i) end(i);
  history.note(History::Minutes(9, {60, 60, 9, 8, 7, 0}));
  CHECK(history.waiting() == 2 * kMaxPromiseOutcomes + 9);
  CHECK(history.lost() == 2'500 - 2 * kMaxPromiseOutcomes);
  connect();
  run(turns());
  CHECK(record.minutes.size() == 9);
  CHECK(record.ends.size() == kMaxPromiseOutcomes);
  // The newest are kept.
  CHECK(record.ends[0].at == 2'500 - 2 * static_cast<std::int64_t>(kMaxPromiseOutcomes) + 1);
}
