// SPDX-License-Identifier: Apache-2.0
// Goal: a changed configuration holds at once, for what it names and nobody else.
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
using tests::terms;

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
  for (int i = 0; i < 100 && revoked.size() < 2; ++i) met.calls.let_pass(Duration::millis(50));
  met.calls.let_pass(Duration::millis(100));  // and no others
  CHECK(revoked == std::set<std::uint32_t>{carol.lease, later.lease});
  const auto left = met.calls.leases();
  REQUIRE(left.size() == 1);
  CHECK(left[0].grant.lease == bob.lease);
}

constexpr const char* kBobsCap = "shaping:\n  friends:\n    bob: {cap: 100 kB/s, weight: 3}\n";

// Ten times the rate while 40 wait: nothing of carol's is lost or reordered. How long they took.
Duration raise_rate(Met& met, const std::vector<std::string>& changed) {
  {
    const AtOnce together(met.node);
    for (std::uint64_t i = 0; i < 40; ++i) {
      REQUIRE(met.node.post(flow_of(kCarol.slot, FlowClass::Control), 256, i));
    }
  }
  const Instant start = os::monotonic_now();
  const auto applied = met.calls.apply(config("10 Mbit/s", kBobsCap));
  CHECK(applied.why == "");
  CHECK(applied.changed == changed);
  const auto done = met.node.collect(40);
  REQUIRE(done.size() == 40);
  for (std::uint64_t i = 0; i < 40; ++i) {
    CHECK(done[i].tag == i);
    CHECK(done[i].status == SendStatus::Sent);
  }
  return os::monotonic_now() - start;
}

TEST_CASE("what is applied holds from then on, for all it names and nobody else") {
  Met met("1 Mbit/s", "  learn: no\n");
  const auto wrong = met.calls.apply(config("nonsense"));
  CHECK_FALSE(wrong.ok);
  CHECK(wrong.why.find("capacity.up") != std::string::npos);
  // At the lower rate 40 of them take 91 ms, always.
  std::uint64_t sent = 0;
  std::vector<std::string> changed = {"capacity.up", "shaping.friends.bob"};
  CHECK(holds_once([&] {
    if (sent != 0) CHECK(met.calls.apply(config("1 Mbit/s", kBobsCap)).ok);
    const Duration took = raise_rate(met, changed);
    sent += 40;
    changed = {"capacity.up"};
    return took < Duration::millis(80);
  }));
  auto keep = met.calls.view();
  const auto view = keep->getRoot<schema::ShaperView>().asReader();
  CHECK(view.getCapacity().getConfigured() == 1'250'000);
  REQUIRE(view.getFriends().size() == 2);
  CHECK(view.getFriends()[0].getPetname() == "bob");
  CHECK(view.getFriends()[0].getCap() == 100'000);
  CHECK(view.getFriends()[0].getWeight() == 3);
  CHECK(view.getFriends()[1].getCap() == 0);
  CHECK(view.getFriends()[1].getSentDatagrams() == sent);
  CHECK(view.getFriends()[1].getClasses()[0] == view.getFriends()[1].getSentBytes());
  CHECK(met.calls.apply(config("10 Mbit/s", kBobsCap)).changed.empty());
}

// Twenty of bob's, twenty of carol's: how many of bob's were sent.
std::int64_t sent_under_cap(Met& met) {
  const Instant start = os::monotonic_now();
  {
    const AtOnce together(met.node);
    for (std::uint64_t i = 0; i < 20; ++i) {
      REQUIRE(met.node.post(flow_of(kBob.slot, FlowClass::Bulk), 1'400, i));
      REQUIRE(met.node.post(flow_of(kCarol.slot, FlowClass::Bulk), 1'400, 100 + i));
    }
  }
  const auto done = met.node.collect(40);
  REQUIRE(done.size() == 40);
  const auto sent = std::count_if(done.begin(), done.end(), [](const auto& one) {
    return one.tag < 100 && one.status == SendStatus::Sent;
  });
  // What waits too long behind the cap is dropped; what left kept to it, within a cell and 2 ms.
  const double took = (os::monotonic_now() - start).as_millis();
  CHECK(static_cast<double>(sent) * 14.28 <= took + 14.28 + 2.0);
  // Carol's left at once.
  for (std::size_t i = 0; i < 20; ++i) {
    if (done[i].tag < 100) CHECK(i < 4);
  }
  return sent;
}

TEST_CASE("a cap that is applied live holds within a cell") {
  Met met("unlimited");
  CHECK(met.calls
            .apply("name: test\ncapacity:\n  up: unlimited\nshaping:\n  friends:\n"
                   "    bob: {cap: 100 kB/s}\n")
            .ok);
  met.settle();
  CHECK(holds_once([&] { return sent_under_cap(met) >= 5; }));
}

}  // namespace
}  // namespace covfefe
