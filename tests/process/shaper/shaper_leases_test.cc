// SPDX-License-Identifier: Apache-2.0
// Goal: what the router's control thread asks for holds for what its data thread posts: leases,
// slots of the idle lane, a changed configuration; and the books survive both processes.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "os/clock.h"
#include "shaper_calls.h"

namespace covfefe {
namespace {

using os::SendStatus;
using tests::ShaperCalls;
using tests::ShaperNode;

const PlacedLink kBob{{7}, 1, "bob", TrustLevel::Met};
const PlacedLink kCarol{{9}, 2, "carol", TrustLevel::Known};

LeaseTerms terms(const PlacedLink& link, std::uint32_t rate, Duration lasts) {
  LeaseTerms out;
  out.principal = link.id;
  out.over.push_back(link.id);
  out.rate = rate;
  out.lasts = lasts;
  return out;
}

const LeaseGrant& granted(const rpc::LeaseAnswer& answer) {
  REQUIRE(std::holds_alternative<LeaseGrant>(answer));
  return std::get<LeaseGrant>(answer);
}

struct Met {
  ShaperNode node;
  ShaperCalls calls{node};
  explicit Met(const std::string& capacity, const std::string& more = {}) : node(capacity, more) {
    REQUIRE(node.attach());
    REQUIRE(calls.meet());
    calls.place({kBob, kCarol});
  }
};

std::size_t last_of(const std::vector<os::FrameCompletion>& all, std::uint64_t from) {
  std::size_t out = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].tag >= from) out = i;
  }
  return out;
}

TEST_CASE("a leased stream passes a flood, an equal one without a lease does not") {
  for (const bool leased : {true, false}) {
    Met met("10 Mbit/s", "  learn: no\n");
    if (leased) {
      LeaseTerms own = terms(kBob, 600'000, Duration::minutes(1));
      own.principal = {0};
      (void)granted(met.calls.take(own));
      met.calls.let_pass(Duration::millis(20));
    }
    for (std::uint64_t i = 0; i < 60; ++i) {
      REQUIRE(met.node.post(flow_of(kBob.slot, FlowClass::Bulk), 1'400, i));
      REQUIRE(met.node.post(flow_of(kBob.slot, FlowClass::Interactive), 1'400, 100 + i));
      REQUIRE(met.node.post(flow_of(kCarol.slot, FlowClass::Bulk), 1'400, 200 + i));
    }
    for (std::uint64_t i = 0; i < 60; ++i) {
      REQUIRE(met.node.post(flow_of(kBob.slot, FlowClass::Leased), 256, 1'000 + i));
    }
    met.node.ring.flush();
    const auto done = met.node.collect(240);
    REQUIRE(done.size() == 240);
    // 17 KB: with the lease half of the line, without it a fifth.
    CHECK((last_of(done, 1'000) < 80) == leased);
  }
}

TEST_CASE("the idle lane sends four cells a second, a real one in the place of a dummy") {
  Met met("unlimited");
  met.calls.let_pass(Duration::millis(50));
  for (std::uint64_t i = 0; i < 4; ++i) {
    REQUIRE(met.node.post(flow_of(kBob.slot, FlowClass::Spare), 256, i));
    met.node.ring.flush();
  }
  std::vector<os::FrameCompletion> done;
  while (done.size() < 4) {
    const auto one = met.node.collect(1);
    REQUIRE(one.size() == 1);
    done.push_back(one[0]);
    if (done.size() != 2) continue;
    REQUIRE(met.node.post_slotted(flow_of(kBob.slot, FlowClass::Control), 99));
    met.node.ring.flush();
  }
  CHECK(done[0].tag == 0);
  CHECK(done[1].tag == 1);
  CHECK(done[2].tag == 99);
  CHECK(done[3].tag == 2);
  CHECK(met.calls.counter("wakes") < 60);  // it slept between the slots
  const Instant now = os::monotonic_now();
  for (std::size_t i = 1; i < 4; ++i) {
    const double apart =
        (os::sent_at(done[i].at, now) - os::sent_at(done[i - 1].at, now)).as_millis();
    CHECK(apart > 195.0);
    CHECK(apart < 320.0);
  }
}

TEST_CASE("a lease ends at its time by itself, is extended and released") {
  Met met("10 Mbit/s");
  const LeaseGrant shortest = granted(met.calls.take(terms(kBob, 10'000, Duration::seconds(1))));
  const LeaseGrant longer = granted(met.calls.take(terms(kCarol, 10'000, Duration::seconds(60))));
  CHECK(longer.lease != shortest.lease);
  auto request = met.calls.router().extendRequest();
  request.setPrincipal(kBob.id.value);
  request.setId(longer.lease);
  request.setByMs(1'000);
  const auto foreign = rpc::answer_from(met.calls.wait(request.send()).getAnswer());
  REQUIRE(foreign.ok());
  CHECK(std::get<LeaseDenied>(*foreign).why == LeaseRefusal::NotYours);
  const Instant start = os::monotonic_now();
  while (met.calls.leases().size() == 2 && os::monotonic_now() - start < Duration::seconds(4)) {
    met.calls.let_pass(Duration::millis(50));
  }
  const auto left = met.calls.leases();
  REQUIRE(left.size() == 1);
  CHECK(left[0].grant.lease == longer.lease);
  auto release = met.calls.router().releaseRequest();
  release.setPrincipal(kCarol.id.value);
  release.setId(longer.lease);
  const auto released = rpc::answer_from(met.calls.wait(release.send()).getAnswer());
  REQUIRE(released.ok());
  CHECK(granted(*released).lease == longer.lease);
  CHECK(met.calls.leases().empty());
}

TEST_CASE("leases survive a killed shaper: the router restores them with their numbers") {
  Met met("10 Mbit/s");
  (void)granted(met.calls.take(terms(kBob, 20'000, Duration::minutes(5))));
  (void)granted(met.calls.take(terms(kCarol, 10'000, Duration::minutes(5))));
  auto before = met.calls.leases();
  REQUIRE(before.size() == 2);
  met.node.kill();
  REQUIRE(met.node.hung_up());
  met.node.start();
  REQUIRE(met.node.attach());
  // The dead one's connection may still stand in the queue.
  for (int i = 0; i < 3; ++i) {
    REQUIRE(met.calls.meet());
    if (kj::runCatchingExceptions([&] { CHECK(met.calls.leases().empty()); }) == nullptr) break;
  }
  met.calls.place({kBob, kCarol});
  // One that does not fit beside them, and one that nobody could have had.
  Lease large = before[0];
  large.grant.lease ^= 0x4000'0000;
  large.grant.rate = 1'250'000;
  Lease unknown = before[0];
  unknown.grant.lease ^= 0x2000'0000;
  unknown.terms.principal = {77};
  auto asked = before;
  asked.push_back(large);
  asked.push_back(unknown);
  const auto kept = met.calls.restore(asked);
  CHECK(std::set<std::uint32_t>(kept.begin(), kept.end()) ==
        std::set<std::uint32_t>{before[0].grant.lease, before[1].grant.lease});
  const auto after = met.calls.leases();
  REQUIRE(after.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(after[i].grant.lease == before[i].grant.lease);
    CHECK(after[i].grant.until == before[i].grant.until);
    CHECK(after[i].grant.rate == before[i].grant.rate);
  }
}

TEST_CASE("admission counts on what is remembered of an earlier run") {
  Met met("10 Mbit/s");
  auto recall = met.calls.router().recallRequest();
  recall.setLowWater(250'000);
  met.calls.wait(recall.send());
  met.calls.let_pass(Duration::millis(100));
  auto keep = met.calls.view();
  const auto view = keep->getRoot<schema::ShaperView>().asReader();
  CHECK(view.getCapacity().getRate() == 1'250'000);
  CHECK(view.getCapacity().getLowWater() == 250'000);
  CHECK(view.getLedger().getMost() == 200'000);
  LeaseTerms own = terms(kBob, 250'000, Duration::minutes(1));
  own.principal = {0};
  const auto denied = met.calls.take(own);
  REQUIRE(std::holds_alternative<LeaseDenied>(denied));
  CHECK(std::get<LeaseDenied>(denied).why == LeaseRefusal::NoCapacity);
  CHECK(std::get<LeaseDenied>(denied).best_rate > 0);
  CHECK(met.calls.wait(met.calls.router().capacityRequest().send()).getSamples().size() == 0);
}

// ---- a changed configuration --------------------------------------------------------------------

std::string config(const std::string& up, const std::string& more = {}) {
  return "name: test\ncapacity:\n  up: " + up + "\n  learn: no\n" + more;
}

TEST_CASE("a smaller uplink revokes by trust and age, and the router is told") {
  Met met("10 Mbit/s", "  learn: no\n");
  std::set<std::uint32_t> revoked;
  met.calls.watch([&](std::uint32_t id, LeaseRefusal why) {
    CHECK(why == LeaseRefusal::Capacity);
    revoked.insert(id);
  });
  const LeaseGrant bob = granted(met.calls.take(terms(kBob, 60'000, Duration::minutes(1))));
  const LeaseGrant carol = granted(met.calls.take(terms(kCarol, 60'000, Duration::minutes(1))));
  const LeaseGrant later = granted(met.calls.take(terms(kBob, 60'000, Duration::minutes(1))));
  // 125,000 B/s x 0.8, less control and floors: room for one of the three.
  const auto applied = met.calls.apply(config("1 Mbit/s"));
  CHECK(applied.ok);
  CHECK(applied.changed == std::vector<std::string>{"capacity.up"});
  met.calls.let_pass(Duration::millis(100));
  CHECK(revoked == std::set<std::uint32_t>{carol.lease, later.lease});
  const auto left = met.calls.leases();
  REQUIRE(left.size() == 1);
  CHECK(left[0].grant.lease == bob.lease);
}

TEST_CASE("what is applied holds from then on, for all it names and nobody else") {
  Met met("1 Mbit/s", "  learn: no\n");
  const auto wrong = met.calls.apply(config("nonsense"));
  CHECK_FALSE(wrong.ok);
  CHECK(wrong.why.find("capacity.up") != std::string::npos);
  for (std::uint64_t i = 0; i < 40; ++i) {
    REQUIRE(met.node.post(flow_of(kCarol.slot, FlowClass::Control), 256, i));
  }
  met.node.ring.flush();
  const Instant start = os::monotonic_now();
  // Ten times the rate while 40 wait, and a cap for bob: nothing of carol's is lost or reordered.
  const auto applied = met.calls.apply(
      config("10 Mbit/s", "shaping:\n  friends:\n    bob: {cap: 100 kB/s, weight: 3}\n"));
  CHECK(applied.why == "");
  CHECK(applied.changed == std::vector<std::string>{"capacity.up", "shaping.friends.bob"});
  const auto done = met.node.collect(40);
  REQUIRE(done.size() == 40);
  for (std::uint64_t i = 0; i < 40; ++i) {
    CHECK(done[i].tag == i);
    CHECK(done[i].status == SendStatus::Sent);
  }
  CHECK(os::monotonic_now() - start < Duration::millis(80));
  auto keep = met.calls.view();
  const auto view = keep->getRoot<schema::ShaperView>().asReader();
  CHECK(view.getCapacity().getConfigured() == 1'250'000);
  REQUIRE(view.getFriends().size() == 2);
  CHECK(view.getFriends()[0].getPetname() == "bob");
  CHECK(view.getFriends()[0].getCap() == 100'000);
  CHECK(view.getFriends()[0].getWeight() == 3);
  CHECK(view.getFriends()[1].getCap() == 0);
  CHECK(view.getFriends()[1].getSentDatagrams() == 40);
  CHECK(view.getFriends()[1].getClasses()[0] == view.getFriends()[1].getSentBytes());
  CHECK(
      met.calls
          .apply(config("10 Mbit/s", "shaping:\n  friends:\n    bob: {cap: 100 kB/s, weight: 3}\n"))
          .changed.empty());
}

TEST_CASE("a cap that is applied live holds within a cell") {
  Met met("unlimited");
  CHECK(met.calls
            .apply("name: test\ncapacity:\n  up: unlimited\nshaping:\n  friends:\n"
                   "    bob: {cap: 100 kB/s}\n")
            .ok);
  const Instant start = os::monotonic_now();
  for (std::uint64_t i = 0; i < 20; ++i) {
    REQUIRE(met.node.post(flow_of(kBob.slot, FlowClass::Bulk), 1'400, i));
    REQUIRE(met.node.post(flow_of(kCarol.slot, FlowClass::Bulk), 1'400, 100 + i));
  }
  met.node.ring.flush();
  const auto done = met.node.collect(40);
  REQUIRE(done.size() == 40);
  const auto sent = std::count_if(done.begin(), done.end(), [](const auto& one) {
    return one.tag < 100 && one.status == SendStatus::Sent;
  });
  // What waits too long behind the cap is dropped; what left kept to it, within a cell and 2 ms.
  const double took = (os::monotonic_now() - start).as_millis();
  CHECK(static_cast<double>(sent) * 14.28 <= took + 14.28 + 2.0);
  CHECK(sent >= 5);
  // Carol's left at once.
  for (std::size_t i = 0; i < 20; ++i) {
    if (done[i].tag < 100) CHECK(i < 4);
  }
}

}  // namespace
}  // namespace covfefe
