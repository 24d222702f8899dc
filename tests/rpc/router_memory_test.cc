// SPDX-License-Identifier: Apache-2.0
// What the router carries to peerdb and back over a restart, against a peerdb that is honest, away
// or failing.
#include "cmd/router/control_routes.h"

#include "tests/rpc/router_support.h"

using namespace covfefe;
using namespace covfefe::router;

namespace {

class PaperPeerdb final : public schema::PeerdbForRouter::Server {
 public:
  struct Record {
    std::map<std::uint32_t, CatalogueRecord> catalogues;
    std::vector<Address> destinations;
    std::size_t writes = 0;
    std::size_t pages = 0;
    bool fails = false;
    bool hangs = false;
    bool lies = false;
  };
  explicit PaperPeerdb(Record& record) : record_(record) {}

  kj::Promise<void> recordCatalogue(RecordCatalogueContext context) override {
    ++record_.writes;
    if (record_.hangs) return kj::NEVER_DONE;
    if (record_.fails) return gone();
    const auto one = rpc::catalogue_from(context.getParams().getCatalogue());
    record_.catalogues[one->id.value] = *one;
    return kj::READY_NOW;
  }
  kj::Promise<void> catalogues(CataloguesContext context) override {
    ++record_.pages;
    std::vector<CatalogueRecord> page;
    for (const auto& [id, one] : record_.catalogues) {
      if (id > context.getParams().getAfter() && page.size() < kCataloguesInPage)
        page.push_back(one);
    }
    auto list = context.getResults().initCatalogues(static_cast<capnp::uint>(page.size()));
    for (capnp::uint i = 0; i < list.size(); ++i) rpc::write_catalogue(page[i], list[i]);
    if (record_.lies) list[0].setDescriptors(kj::heapArray<kj::byte>(95));
    return kj::READY_NOW;
  }
  kj::Promise<void> recordDestinations(RecordDestinationsContext context) override {
    ++record_.writes;
    if (record_.hangs) return kj::NEVER_DONE;
    if (record_.fails) return gone();
    const auto unused = rpc::destinations_from(context.getParams().getUnused());
    const auto used = rpc::destinations_from(context.getParams().getUsed());
    for (const Address& one : *unused) std::erase(record_.destinations, one);
    for (const Address& one : *used) record_.destinations.push_back(one);
    return kj::READY_NOW;
  }
  kj::Promise<void> destinations(DestinationsContext context) override {
    if (record_.fails) return gone();
    auto list =
        context.getResults().initAddresses(static_cast<capnp::uint>(record_.destinations.size()));
    for (capnp::uint i = 0; i < list.size(); ++i)
      list.set(i, rpc::as_data(record_.destinations[i].bytes));
    return kj::READY_NOW;
  }

 private:
  static kj::Promise<void> gone() {
    return rpc::to_exception(rpc::CallFailure::Disconnected, "gone");
  }
  Record& record_;
};

struct MemoryDesk : Desk {
  std::vector<core::Remembered> told;
  RouteMemory memory{
      {*service, log, [this](core::Remembered what) { told.push_back(std::move(what)); }}};
  PaperPeerdb::Record record;

  void connect() {
    memory.connected(schema::PeerdbForRouter::Client(kj::heap<PaperPeerdb>(record)));
  }
  void use(std::uint16_t number, core::DestinationUsed::What what) {
    memory.note(core::DestinationUsed{far_end(number), what});
  }
  static Address far_end(std::uint16_t number) {
    Address out;
    out.bytes = {0xfd};
    store_be(out.bytes.data() + 14, number);
    return out;
  }
  static core::Catalogue catalogue(std::uint32_t id, std::uint32_t epoch) {
    return {{id}, epoch, std::vector<std::uint8_t>(96, 1)};
  }
};

constexpr auto kOpened = core::DestinationUsed::What::Opened;
constexpr auto kClosed = core::DestinationUsed::What::Closed;

}  // namespace

TEST_CASE_FIXTURE(MemoryDesk, "what was remembered is told once, all pages of it") {
  for (std::uint32_t id = 1; id <= 20; ++id)
    record.catalogues[id] = {{id}, 7, std::vector<std::uint8_t>(96, 1)};
  record.destinations = {far_end(1), far_end(2)};
  connect();
  memory.read_once();
  run(turns().then([this] {
    memory.gone();
    connect();
    memory.read_once();
    return turns();
  }));
  REQUIRE(told.size() == 1);
  CHECK(told[0].catalogues.size() == 20);
  CHECK(told[0].catalogues[19].introducer == FriendId{20});
  CHECK(told[0].destinations.size() == 2);
  CHECK(record.pages == 3);
}

TEST_CASE_FIXTURE(MemoryDesk, "a full page at the end is no reason to wait for more") {
  for (std::uint32_t id = 1; id <= 8; ++id)
    record.catalogues[id] = {{id}, 7, std::vector<std::uint8_t>(96, 1)};
  connect();
  memory.read_once();
  run(turns());
  REQUIRE(told.size() == 1);
  CHECK(told[0].catalogues.size() == 8);
}

TEST_CASE_FIXTURE(MemoryDesk, "of very many catalogues a bounded number is read") {
  for (std::uint32_t id = 1; id <= 400; ++id)
    record.catalogues[id] = {{id}, 7, std::vector<std::uint8_t>(96, 1)};
  connect();
  memory.read_once();
  run(turns().then([this] { return turns(); }));
  REQUIRE(told.size() == 1);
  CHECK(told[0].catalogues.size() == kMostReadCatalogues);
}

TEST_CASE_FIXTURE(MemoryDesk, "reading that failed is begun again at the next connection") {
  record.destinations = {far_end(1)};
  record.fails = true;
  connect();
  memory.read_once();
  run(turns().then([this] {
    CHECK(told.empty());
    memory.gone();
    record.fails = false;
    connect();
    memory.read_once();
    return turns();
  }));
  REQUIRE(told.size() == 1);
  CHECK(told[0].destinations.size() == 1);
}

TEST_CASE_FIXTURE(MemoryDesk, "a page that breaks the contract is not believed") {
  record.catalogues[1] = {{1}, 7, std::vector<std::uint8_t>(96, 1)};
  record.lies = true;
  connect();
  memory.read_once();
  run(turns());
  CHECK(told.empty());
  CHECK(log.lines.back().find("remembered-unreadable") != std::string::npos);
}

TEST_CASE_FIXTURE(MemoryDesk, "of one friend's catalogues only the newest is written") {
  connect();
  memory.note(catalogue(1, 7));
  memory.note(catalogue(1, 8));
  memory.write();
  run(turns());
  CHECK(record.catalogues.at(1).epoch == 8);
  CHECK(record.writes == 1);
  CHECK(memory.waiting() == 0);
}

TEST_CASE_FIXTURE(MemoryDesk, "all changes of far ends go in one write, the last of each") {
  connect();
  record.destinations = {far_end(3)};
  use(1, kOpened);
  use(2, kOpened);
  use(3, kClosed);
  use(2, kClosed);
  memory.write();
  run(turns());
  CHECK(record.destinations == std::vector<Address>{far_end(1)});
  CHECK(record.writes == 1);
}

TEST_CASE_FIXTURE(MemoryDesk, "one write of each kind is in flight, what comes after it waits") {
  connect();
  memory.note(catalogue(1, 7));
  memory.note(catalogue(2, 7));
  memory.write();
  memory.write();
  CHECK(memory.waiting() == 1);
  run(turns());
  CHECK(record.writes == 1);
}

TEST_CASE_FIXTURE(MemoryDesk, "what could not be written waits, unless something newer does") {
  connect();
  record.fails = true;
  memory.note(catalogue(1, 7));
  memory.note(catalogue(2, 7));
  use(1, kOpened);
  use(2, kOpened);
  memory.write();
  memory.note(catalogue(1, 9));
  use(2, kClosed);
  run(turns().then([this] {
    memory.gone();
    record.fails = false;
    connect();
    memory.write();
    return turns().then([this] {
      memory.write();
      return turns();
    });
  }));
  CHECK(record.catalogues.at(1).epoch == 9);
  CHECK(record.catalogues.at(2).epoch == 7);
  CHECK(record.destinations == std::vector<Address>{far_end(1)});
}

TEST_CASE_FIXTURE(MemoryDesk, "what was under way when peerdb went away is written again") {
  connect();
  record.hangs = true;
  memory.note(catalogue(1, 7));
  use(1, kOpened);
  memory.write();
  run(turns().then([this] {
    memory.gone();
    record.hangs = false;
    connect();
    memory.write();
    return turns();
  }));
  CHECK(record.writes == 4);
  CHECK(record.catalogues.contains(1));
  CHECK(record.destinations == std::vector<Address>{far_end(1)});
}

TEST_CASE_FIXTURE(MemoryDesk, "what waits while peerdb is away is bounded and counted") {
  for (std::uint32_t id = 1; id <= kMostWaitingCatalogues + 5; ++id) memory.note(catalogue(id, 7));
  for (std::uint16_t i = 0; i < kMaxDestinations + 7; ++i) use(i, kOpened);
  CHECK(memory.waiting() == kMostWaitingCatalogues + kMaxDestinations);
  CHECK(memory.lost() == 12);
  memory.keep_only([](FriendId id) { return id.value == 1; });
  CHECK(memory.waiting() == 1 + kMaxDestinations);
}
