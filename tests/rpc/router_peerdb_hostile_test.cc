// SPDX-License-Identifier: Apache-2.0
// The router's side of router.peerdb against a peerdb that fails, refuses, answers late or breaks
// the contract: the last view of friends stands, what may be written later waits, what was
// remembered is asked for again.
#include "tests/rpc/hostile_peerdb.h"
#include "tests/rpc/spoil.h"

using namespace covfefe;
using namespace covfefe::router;

namespace {

[[noreturn]] void fail() {
  kj::throwFatalException(rpc::to_exception(rpc::CallFailure::Broken, "no"));
}

const auto kHonest = [](auto) {};

}  // namespace

TEST_CASE_FIXTURE(HostilePeerdbDesk, "friends that cannot be read are read at the next change") {
  SUBCASE("the call fails") {
    record.spoil_friends = [](auto) { fail(); };
  }
  SUBCASE("the list is of another kind") {
    record.spoil_friends = [](auto results) { test::put_struct(results, 0); };
  }
  SUBCASE("a name is of another kind") {
    record.spoil_friends = [](auto results) {
      for (capnp::uint i = 0; i < 4; ++i) test::put_struct(results.getFriends()[0], i);
    };
  }
  SUBCASE("one is there twice") {
    record.spoil_friends = [](auto results) {
      results.getFriends()[0].setId(results.getFriends()[1].getId());
    };
  }
  SUBCASE("a key is short") {
    record.spoil_friends = [](auto results) { results.getFriends()[1].initStaticKey(31); };
  }
  SUBCASE("there are too many") {
    record.spoil_friends = [](auto results) { results.initFriends(rpc::kMaxFriends + 1); };
  }
  run(connect().then([this] {
    CHECK(record.reads == 1);
    CHECK(views.empty());
    CHECK(remembered.empty());
    CHECK(logged("friends-unreadable"));
    record.spoil_friends = kHonest;
    return record.observers.at(0).changedRequest().send().ignoreResult().then(
        [this] { return turns(); });
  }));
  REQUIRE(views.size() == 1);
  CHECK(views[0].size() == 2);
  CHECK(remembered.size() == 1);
}

TEST_CASE_FIXTURE(HostilePeerdbDesk, "a change during a reading is read after it") {
  record.friends_late = true;
  run(connect()
          .then([this] {
            edge.read_friends();
            edge.read_friends();
            CHECK(record.reads == 1);
            record.friends_late = false;
            record.friends.pop_back();
            record.late.at(0)->fulfill();
            return turns();
          })
          .then([this] { CHECK(record.reads == 2); }));
  REQUIRE(views.size() == 2);
  CHECK(views[0].size() == 2);
  CHECK(views[1].size() == 1);
}

TEST_CASE_FIXTURE(HostilePeerdbDesk, "what a connection that ended answers late is not read") {
  record.friends_late = true;
  run(connect()
          .then([this] {
            record.friends_late = false;
            record.friends.pop_back();
            return connect_again();
          })
          .then([this] {
            record.late.at(0)->fulfill();
            return turns();
          }));
  REQUIRE(views.size() == 1);
  CHECK(views[0].size() == 1);
}

TEST_CASE_FIXTURE(HostilePeerdbDesk,
                  "samples that are refused until later are sent again, for good not") {
  run(connect()
          .then([this] {
            record.writes = {true, schema::Refusal::OVERLOADED};
            measure(10);
            return turns();
          })
          .then([this] {
            CHECK(edge.waiting_samples() == 1);
            record.writes = {true, schema::Refusal::IO};
            edge.flush();
            return turns();
          })
          .then([this] {
            CHECK(edge.waiting_samples() == 1);
            record.writes = {true, schema::Refusal::MALFORMED};
            edge.flush();
            return turns();
          }));
  REQUIRE(record.metrics.size() == 3);
  CHECK(record.metrics[0] == record.metrics[1]);
  CHECK(record.metrics[1] == record.metrics[2]);
  CHECK(edge.waiting_samples() == 0);
}

TEST_CASE_FIXTURE(HostilePeerdbDesk,
                  "an endpoint that was not taken waits, unless a newer one does") {
  const Endpoint older{{}, 1, 0};
  const Endpoint newer{{}, 2, 0};
  const Endpoint carols{{}, 3, 0};
  run(connect()
          .then([&] {
            record.writes.hangs = true;
            edge.learn({{2}, older});
            edge.learn({{3}, carols});
            edge.learn({{2}, newer});
            return turns();
          })
          .then([&] {
            CHECK(record.endpoints.size() == 1);  // one is under way at most
            record.writes = {false, {}, true};
            return connect_again();
          })
          .then([&] {
            CHECK(record.endpoints.size() == 2);
            record.writes = {};
            edge.flush();
            return turns();
          }));
  REQUIRE(record.endpoints.size() == 4);
  CHECK(record.endpoints[0] == std::pair{2U, older});
  CHECK(record.endpoints[1] == std::pair{2U, newer});
  CHECK(record.endpoints[2] == std::pair{2U, newer});
  CHECK(record.endpoints[3] == std::pair{3U, carols});
}

TEST_CASE_FIXTURE(HostilePeerdbDesk, "of strangers nothing is remembered") {
  run(connect()
          .then([this] {
            edge.remember(catalogue(2));
            edge.remember(catalogue(77));
            edge.remember(core::DestinationUsed{{}, core::DestinationUsed::What::Opened});
            edge.remember({{3}, PromiseKind::Leaving, true}, {5'000'000'000});
            edge.remember({{77}, PromiseKind::Leaving, true}, {5'000'000'000});
            edge.remember(History::Minutes{{60, 60, 9, 8, 7, 0}});
            CHECK(edge.routes().waiting() == 2);
            CHECK(edge.history().waiting() == 2);
            edge.write();
            return turns();
          })
          .then([this] {
            edge.write();
            return turns();
          }));
  CHECK(record.written_catalogues == std::vector<std::uint32_t>{2});
  CHECK(record.used == std::vector<std::size_t>{1});
  REQUIRE(record.ends.size() == 1);
  CHECK(record.ends[0].id == FriendId{3});
  CHECK(record.ends[0].at == 5);
  CHECK(record.minutes == 1);
  CHECK(edge.routes().waiting() == 0);
  CHECK(edge.history().waiting() == 0);
}

TEST_CASE_FIXTURE(HostilePeerdbDesk, "with a friend goes what waits of it") {
  run(connect()
          .then([this] {
            edge.remember(catalogue(2));
            edge.remember(catalogue(3));
            record.friends.pop_back();
            edge.read_friends();
            return turns();
          })
          .then([this] {
            CHECK(edge.routes().waiting() == 1);
            edge.write();
            return turns();
          }));
  CHECK(record.written_catalogues == std::vector<std::uint32_t>{2});
}

TEST_CASE_FIXTURE(HostilePeerdbDesk,
                  "routes that are refused until later are written again, for good not") {
  std::vector<std::size_t> waiting;
  const auto write = [&](WriteManner manner) {
    record.writes = manner;
    edge.write();
    return turns().then([&] { waiting.push_back(edge.routes().waiting()); });
  };
  run(connect()
          .then([&] {
            edge.remember(catalogue(2));
            edge.remember(core::DestinationUsed{{}, core::DestinationUsed::What::Opened});
            return write({true, schema::Refusal::UNAVAILABLE});
          })
          .then([&] {
            return write({true, schema::Refusal::OVERLOADED});
          })
          .then([&] {
            return write({true, schema::Refusal::UNKNOWN});
          })
          .then([&] { return write({}); }));
  CHECK(waiting == std::vector<std::size_t>{2, 2, 0, 0});
  CHECK(record.written_catalogues.size() == 3);
  CHECK(record.used.size() == 3);
}

TEST_CASE_FIXTURE(HostilePeerdbDesk, "what was remembered is asked for until it is told, whole") {
  for (std::uint32_t id = 1; id <= 9; ++id) {
    record.catalogues.push_back({{id}, 7, std::vector<std::uint8_t>(96, 1)});
  }
  int pages = 1;
  SUBCASE("destinations fail") {
    record.spoil_destinations = [](auto) { fail(); };
    pages = 0;
  }
  SUBCASE("destinations are of another kind") {
    record.spoil_destinations = [](auto results) { test::put_struct(results, 0); };
    pages = 0;
  }
  SUBCASE("destinations are no overlay addresses") {
    record.spoil_destinations = [](auto results) {
      results.getAddresses().set(0, rpc::as_data(ByteArray<16>{0xfe}));
    };
    pages = 0;
  }
  SUBCASE("destinations are too many") {
    record.spoil_destinations = [](auto results) { results.initAddresses(kMaxDestinations + 1); };
    pages = 0;
  }
  SUBCASE("a page fails") {
    record.spoil_page = [](auto) { fail(); };
  }
  SUBCASE("a page is of another kind") {
    record.spoil_page = [](auto results) { test::put_struct(results, 0); };
  }
  SUBCASE("a page is longer than one") {
    record.spoil_page = [](auto results) { results.initCatalogues(kCataloguesInPage + 1); };
  }
  SUBCASE("the same page comes again") {
    record.spoil_page = [this](auto results) {
      if (record.pages == 1) return;
      auto list = results.initCatalogues(8);
      for (capnp::uint i = 0; i < 8; ++i) rpc::write_catalogue(record.catalogues[i], list[i]);
    };
    pages = 2;
  }
  run(connect()
          .then([this, &pages] {
            CHECK(record.pages == pages);
            CHECK(remembered.empty());
            CHECK(logged("remembered-unreadable"));
            record.spoil_destinations = kHonest;
            record.spoil_page = kHonest;
            return connect_again();
          })
          .then([this] { return connect_again(); }));
  REQUIRE(remembered.size() == 1);
  CHECK(remembered[0].catalogues.size() == 9);
  CHECK(remembered[0].destinations.size() == 1);
}
