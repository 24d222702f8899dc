// SPDX-License-Identifier: Apache-2.0
// Goal: what the router's control thread asks for holds for what its data thread posts: leases,
// slots of the idle lane, a changed configuration; and the books survive both processes.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "os/clock.h"
#include "shaper_met.h"

namespace covfefe {
namespace {

using os::SendStatus;
using tests::AtOnce;
using tests::granted;
using tests::holds_once;
using tests::kBob;
using tests::kCarol;
using tests::Met;
using tests::ShaperCalls;
using tests::ShaperNode;
using tests::terms;

std::size_t last_of(const std::vector<os::FrameCompletion>& all, std::uint64_t from) {
  std::size_t out = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].tag >= from) out = i;
  }
  return out;
}

void post_flood_and_stream(ShaperNode& node) {
  const AtOnce together(node);
  for (std::uint64_t i = 0; i < 60; ++i) {
    REQUIRE(node.post(flow_of(kBob.slot, FlowClass::Bulk), 1'400, i));
    REQUIRE(node.post(flow_of(kBob.slot, FlowClass::Interactive), 1'400, 100 + i));
    REQUIRE(node.post(flow_of(kCarol.slot, FlowClass::Bulk), 1'400, 200 + i));
  }
  for (std::uint64_t i = 0; i < 60; ++i) {
    REQUIRE(node.post(flow_of(kBob.slot, FlowClass::Leased), 256, 1'000 + i));
  }
}

bool stream_passes(bool leased) {
  Met met("10 Mbit/s", "  learn: no\n");
  if (leased) {
    LeaseTerms own = terms(kBob, 600'000, Duration::minutes(1));
    own.principal = {0};
    (void)granted(met.calls.take(own));
  }
  met.settle();
  post_flood_and_stream(met.node);
  const auto done = met.node.collect(240);
  REQUIRE(done.size() == 240);
  // 17 KB: with the lease half of the line, without it a fifth.
  return last_of(done, 1'000) < 80;
}

TEST_CASE("a leased stream passes a flood, an equal one without a lease does not") {
  // In a shaper that cannot run for a while the flood grows too old and is dropped: again.
  CHECK(holds_once([] { return stream_passes(true); }));
  CHECK(holds_once([] { return !stream_passes(false); }));
}

// Three cells of the lane, a real one after the second; whether they left in their slots.
bool keep_their_slots(Met& met) {
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
  const Instant now = os::monotonic_now();
  bool kept = true;
  for (std::size_t i = 1; i < 4; ++i) {
    const double apart =
        (os::sent_at(done[i].at, now) - os::sent_at(done[i - 1].at, now)).as_millis();
    kept = kept && apart > 195.0 && apart < 320.0;
  }
  REQUIRE(met.node.collect(1).size() == 1);  // the fourth
  return kept;
}

TEST_CASE("the idle lane sends four cells a second, a real one in the place of a dummy") {
  Met met("unlimited");
  met.settle();
  // One that another process made late stands too near to the next.
  CHECK(holds_once([&] {
    const std::uint64_t before = met.calls.counter("wakes");
    const bool kept = keep_their_slots(met);
    CHECK(met.calls.counter("wakes") - before < 60);  // it slept between the slots
    return kept;
  }));
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

std::uint64_t low_water(ShaperCalls& calls) {
  return calls.view()->getRoot<schema::ShaperView>().asReader().getCapacity().getLowWater();
}

TEST_CASE("admission counts on what is remembered of an earlier run") {
  Met met("10 Mbit/s");
  auto recall = met.calls.router().recallRequest();
  recall.setLowWater(250'000);
  met.calls.wait(recall.send());
  // Over the data thread and back to the one that answers.
  for (int i = 0; i < 100 && low_water(met.calls) != 250'000; ++i) {
    met.calls.let_pass(Duration::millis(50));
  }
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

}  // namespace
}  // namespace covfefe
