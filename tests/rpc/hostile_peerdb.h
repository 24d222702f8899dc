// SPDX-License-Identifier: Apache-2.0
// A peerdb whose every answer a test may spoil, and the router's edge to it.
#pragma once

#include <algorithm>
#include <functional>
#include <vector>

#include "rpc/history.h"
#include "tests/rpc/router_support.h"

namespace covfefe::router {

using FromPeerdb = schema::PeerdbForRouter;

// What a write is answered with; `why` only where it is refused.
struct WriteManner {
  bool refused = false;
  schema::Refusal why = schema::Refusal::MALFORMED;
  bool fails = false;
  bool hangs = false;
};

class HostilePeerdb final : public FromPeerdb::Server {
 public:
  struct Record {
    std::vector<FriendRecord> friends{friend_named("bob", 2), friend_named("carol", 3)};
    std::vector<CatalogueRecord> catalogues;
    // Each is handed the right answer and may make of it what it likes, or throw.
    std::function<void(FromPeerdb::FriendsResults::Builder)> spoil_friends = [](auto) {};
    std::function<void(FromPeerdb::CataloguesResults::Builder)> spoil_page = [](auto) {};
    std::function<void(FromPeerdb::DestinationsResults::Builder)> spoil_destinations = [](auto) {};
    WriteManner writes;
    bool friends_late = false;
    std::vector<kj::Own<kj::PromiseFulfiller<void>>> late;
    int reads = 0;
    int pages = 0;
    std::vector<schema::FriendObserver::Client> observers;
    // What arrived, in order.
    std::vector<std::pair<std::uint32_t, Endpoint>> endpoints;
    std::vector<ByteArray<16>> metrics;
    std::vector<std::uint32_t> written_catalogues;
    std::vector<std::size_t> used;
    std::vector<PromiseEnd> ends;
    std::size_t minutes = 0;
  };
  explicit HostilePeerdb(Record& record) : record_(record) {}

  kj::Promise<void> friends(FriendsContext context) override {
    ++record_.reads;
    rpc::write_friends(record_.friends, context.getResults());
    record_.spoil_friends(context.getResults());
    if (!record_.friends_late) return kj::READY_NOW;
    auto later = kj::newPromiseAndFulfiller<void>();
    record_.late.push_back(kj::mv(later.fulfiller));
    return kj::mv(later.promise);
  }
  kj::Promise<void> watch(WatchContext context) override {
    record_.observers.push_back(context.getParams().getObserver());
    return kj::READY_NOW;
  }
  kj::Promise<void> destinations(DestinationsContext context) override {
    context.getResults().initAddresses(1).set(0, rpc::as_data(ByteArray<16>{0xfd, 9}));
    record_.spoil_destinations(context.getResults());
    return kj::READY_NOW;
  }
  kj::Promise<void> catalogues(CataloguesContext context) override {
    ++record_.pages;
    const std::uint32_t after = context.getParams().getAfter();
    std::vector<CatalogueRecord> page;
    for (const CatalogueRecord& one : record_.catalogues) {
      if (one.id.value > after && page.size() < kCataloguesInPage) page.push_back(one);
    }
    auto list = context.getResults().initCatalogues(static_cast<capnp::uint>(page.size()));
    for (capnp::uint i = 0; i < list.size(); ++i) rpc::write_catalogue(page[i], list[i]);
    record_.spoil_page(context.getResults());
    return kj::READY_NOW;
  }
  kj::Promise<void> recordEndpoint(RecordEndpointContext context) override {
    const auto params = context.getParams();
    record_.endpoints.emplace_back(params.getFriendId(), *rpc::endpoint_from(params.getEndpoint()));
    return answer(context.getResults());
  }
  kj::Promise<void> recordMetrics(RecordMetricsContext context) override {
    record_.metrics.push_back(*rpc::exactly<16>(context.getParams().getOperation()));
    return answer(context.getResults());
  }
  kj::Promise<void> recordCatalogue(RecordCatalogueContext context) override {
    record_.written_catalogues.push_back(context.getParams().getCatalogue().getFriendId());
    return answer(context.getResults());
  }
  kj::Promise<void> recordDestinations(RecordDestinationsContext context) override {
    record_.used.push_back(context.getParams().getUsed().size());
    return answer(context.getResults());
  }
  kj::Promise<void> recordPromises(RecordPromisesContext context) override {
    const auto ends = rpc::promise_ends_from(context.getParams().getOutcomes());
    record_.ends.insert(record_.ends.end(), ends->begin(), ends->end());
    return answer(context.getResults());
  }
  kj::Promise<void> recordCapacity(RecordCapacityContext context) override {
    record_.minutes += context.getParams().getMinutes().size();
    return answer(context.getResults());
  }

 private:
  template <typename Results>
  kj::Promise<void> answer(Results results) {
    if (record_.writes.hangs) return kj::NEVER_DONE;
    if (record_.writes.fails) return rpc::to_exception(rpc::CallFailure::Broken, "no");
    results.setRefused(record_.writes.refused);
    results.setWhy(record_.writes.why);
    return kj::READY_NOW;
  }
  Record& record_;
};

struct HostilePeerdbDesk : Desk {
  HostilePeerdb::Record record;
  std::vector<std::vector<FriendRecord>> views;
  std::vector<core::Remembered> remembered;
  PeerdbEdge edge{{*service, log, entropy,
                   [this](const std::vector<FriendRecord>& friends) { views.push_back(friends); },
                   [this](core::Remembered what) { remembered.push_back(std::move(what)); }}};

  kj::Promise<void> connect() {
    edge.connected(FromPeerdb::Client(kj::heap<HostilePeerdb>(record)));
    return turns();
  }
  kj::Promise<void> connect_again() {
    edge.gone();
    return connect();
  }
  // Two looks at a friend: one sample.
  void measure(std::int64_t at) {
    core::FriendReport report;
    report.id = {2};
    for (std::int64_t now = at; now < at + 2; ++now) {
      report.rx_bytes = static_cast<std::uint64_t>(now);
      edge.measure({{report}, {}}, {now * 1'000'000'000});
    }
  }
  [[nodiscard]] bool logged(const char* word) const {
    return std::any_of(log.lines.begin(), log.lines.end(), [word](const std::string& line) {
      return line.find(word) != std::string::npos;
    });
  }
  static core::Catalogue catalogue(std::uint32_t id) {
    return {{id}, 7, std::vector<std::uint8_t>(96, 1)};
  }
};

}  // namespace covfefe::router
