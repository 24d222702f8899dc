// SPDX-License-Identifier: Apache-2.0
// ShaperOperator over an in-memory pipe: what is shown, and a configuration that changes or not.
#include "tests/rpc/shaper_support.h"

using namespace covfefe;
using namespace covfefe::shaper;

namespace {

struct Applied {
  bool ok = false;
  std::string why;
  std::vector<std::string> changed;
};

struct OperatorFixture : ShaperFixture {
  kj::Promise<void> apply(const std::string& text, Applied& into) {
    auto request = owner.applyRequest();
    request.setConfig(text);
    return request.send().then([&into](auto&& answer) {
      into.ok = answer.getOk();
      into.why = rpc::text(answer.getWhy());
      for (const auto one : answer.getChanged()) into.changed.push_back(rpc::text(one));
    });
  }
};

}  // namespace

TEST_CASE_FIXTURE(OperatorFixture, "the operator reads what the data thread counts") {
  live.rate = 1'000;
  live.sent_bytes = 77;
  live.dropped = 5;
  live.attached = 1;
  run(owner.statusRequest().send().then([](auto&& answer) {
    const auto status = answer.getStatus();
    CHECK(status.getRateBps() == 8'000);
    CHECK(status.getSentBytes() == 77);
    CHECK(status.getDropped() == 5);
    CHECK(status.getAttached());
  }));
}

TEST_CASE_FIXTURE(OperatorFixture, "an inspection names the service") {
  run(owner.inspectRequest().send().then(
      [](auto&& answer) { CHECK(rpc::text(answer.getInspection().getService()) == "shaper"); }));
}

TEST_CASE_FIXTURE(OperatorFixture, "a changed configuration holds at once and is named") {
  Applied applied;
  run(apply("name: test\ncapacity:\n  up: 2 MB/s\n", applied).then([this] { return turns(); }));
  CHECK(applied.ok);
  CHECK(applied.changed == std::vector<std::string>{"capacity.up"});
  CHECK(books.config().capacity.up.bytes_per_second == 2'000'000);
  REQUIRE_FALSE(changes.empty());
  REQUIRE(changes.back().uplink.has_value());
  CHECK(changes.back().uplink->capacity.ceiling == 2'000'000);
}

TEST_CASE_FIXTURE(OperatorFixture, "a configuration with a fault changes nothing and says where") {
  Applied wrong;
  Applied unknown;
  run(turns()
          .then([&] {
            changes.clear();
            return apply("name: test\ncapacity:\n  up: many\n", wrong);
          })
          .then([&] { return apply("name: test\nshaper: fast\n", unknown); })
          .then([&] { return turns(); }));
  CHECK_FALSE(wrong.ok);
  CHECK(wrong.why.find(":3: capacity.up:") != std::string::npos);
  CHECK(wrong.changed.empty());
  CHECK_FALSE(unknown.ok);
  CHECK(unknown.why.find(":2: ") != std::string::npos);
  CHECK(books.config().capacity.up.bytes_per_second == 1'000'000);
  CHECK(changes.empty());
}

TEST_CASE_FIXTURE(OperatorFixture, "while the data thread does not answer nothing is applied") {
  Applied applied;
  std::unique_ptr<DataMailbox> full = std::move(*DataMailbox::create(1));
  Books stuck(configured("1 MB/s"), 1'000, *full);
  full->push(std::make_unique<Figures>());
  Desk other({*service, stuck, *full, *from_data, live, log});
  Line line(operator_edge(other));
  auto request = line.client->peer().castAs<schema::ShaperOperator>().applyRequest();
  request.setConfig("name: test\ncapacity:\n  up: 2 MB/s\n");
  run(request.send().then([](auto&& answer) {
    CHECK_FALSE(answer.getOk());
    CHECK(rpc::text(answer.getWhy()) == "the shaper's data thread does not answer");
  }));
  CHECK(stuck.config().capacity.up.bytes_per_second == 1'000'000);
}

TEST_CASE_FIXTURE(OperatorFixture, "a view shows the links, their rate and what is promised") {
  std::uint64_t rate = 0;
  auto place = router.placeRequest();
  rpc::write_place({{7}, 1, "bob", TrustLevel::Met}, place.initLinks(1)[0]);
  auto lease = router.takeRequest();
  auto terms = lease.initTerms();
  terms.setPrincipal(7);
  terms.initOver(1).set(0, 7);
  terms.setClass(schema::LeaseClass::REALTIME);
  terms.setRate(1'024);
  terms.setLastsMs(60'000);
  run(place.send()
          .ignoreResult()
          .then([&] { return lease.send().ignoreResult(); })
          .then([&] { return owner.viewRequest().send().ignoreResult(); })
          .then([&] {
            sent += 1'000'000;
            return owner.viewRequest().send();
          })
          .then([&](auto&& answer) {
            const auto view = answer.getView();
            REQUIRE(view.getFriends().size() == 1);
            const auto bob = view.getFriends()[0];
            CHECK(rpc::text(bob.getPetname()) == "bob");
            CHECK(rpc::text(bob.getLevel()) == "met");
            CHECK(bob.getLeased() == 1'024);
            CHECK(bob.getSentBytes() == 1'000'000);
            rate = bob.getRate();
            CHECK(view.getLedger().getLeased() == 1'024);
            CHECK(view.getLedger().getLeases().size() == 1);
            CHECK(view.getCapacity().getConfigured() == 1'000'000);
            CHECK(view.getClasses().size() == 8);
          }));
  CHECK(rate > 0);
}
