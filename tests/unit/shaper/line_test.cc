// SPDX-License-Identifier: Apache-2.0
// The line between an honest router's ring and a wire of the test, in the test's time.
#include "cmd/shaper/line.h"

#include <doctest/doctest.h>

#include "tests/support/ring_pair.h"

namespace covfefe {
namespace {

using os::SendStatus;
using shaper::Line;

struct World {
  tests::RingSockets sockets = tests::make_ring_sockets();
  os::FrameRing router;
  Instant now = Instant{} + Duration::hours(1);
  Line line;
  std::vector<std::uint16_t> sent;  // lengths

  explicit World(const shaper::Uplink& uplink) : line({uplink, 7, now}) {
    auto offer = os::offer_rings(sockets.shaper, 1);
    REQUIRE(offer.ok());
    auto router_end = os::accept_rings(sockets.router);
    REQUIRE(router_end.ok());
    auto shaper_end = os::finish_rings(sockets.shaper, std::move(*offer));
    REQUIRE(shaper_end.ok());
    router.attach(std::move(*router_end));
    line.attach(std::move(*shaper_end), now);
  }
  void post(FlowId flow, std::uint16_t length, std::uint64_t tag = 0) {
    const os::FrameRef frame = router.acquire(os::lane_of(flow));
    REQUIRE_FALSE(frame.bytes.empty());
    os::FramePosting posting = tests::posting_to(9, flow, length);
    posting.tag = tag;
    router.post(frame, posting);
  }
  void round() {
    (void)line.intake(now);
    line.learn(now);
    const auto due = line.due(now);
    for (const os::OutDatagram& one : due) {
      sent.push_back(static_cast<std::uint16_t>(one.bytes.size()));
    }
    const std::array<bool, 128> yes = [] {
      std::array<bool, 128> out{};
      out.fill(true);
      return out;
    }();
    line.sent(std::span(yes).first(due.size()), now);
    line.rings().publish();
  }
  void run(Duration span) {
    for (const Instant end = now + span; now < end; now = now + Duration::micros(100)) round();
  }
  std::vector<os::FrameCompletion> done() {
    std::vector<os::FrameCompletion> out(os::kFrames);
    out.resize(router.collect(out));
    return out;
  }
};

constexpr FlowId kBulk = flow_of(1, FlowClass::Bulk);

TEST_CASE("what is sent is completed with the time of it, and the backlog is published") {
  World world({{125'000, false}, 0});
  for (std::uint64_t i = 0; i < 4; ++i) world.post(kBulk, 1'400, i);
  const Instant start = world.now;
  world.round();
  CHECK(world.router.backlog(kBulk) == 1'400 * (4 - world.sent.size()));
  CHECK(world.router.backlog_limit() == shaper::backlog_limit(125'000));
  world.run(Duration::millis(60));
  const auto done = world.done();
  REQUIRE(done.size() == 4);
  for (std::uint64_t i = 0; i < 4; ++i) {
    CHECK(done[i].tag == i);
    CHECK(done[i].status == SendStatus::Sent);
  }
  // Two cells of burst, then 1,448 bytes at 125 kB/s are 11.6 ms.
  const Duration last = os::sent_at(done[3].at, world.now) - start;
  CHECK(last > Duration::millis(22));
  CHECK(last < Duration::millis(25));
  CHECK(world.router.backlog(kBulk) == 0);
}

TEST_CASE("what the kernel refuses is completed so and costs the line nothing more") {
  World world({{}, 0});
  world.post(kBulk, 700, 1);
  (void)world.line.intake(world.now);
  const std::array<bool, 1> no = {false};
  REQUIRE(world.line.due(world.now).size() == 1);
  world.line.sent(no, world.now);
  world.line.rings().publish();
  const auto done = world.done();
  REQUIRE(done.size() == 1);
  CHECK(done[0].status == SendStatus::Refused);
  CHECK(world.line.counters().wire_bytes == 0);
}

TEST_CASE("what a blocked socket left is offered again, in order and once") {
  World world({{}, 0});
  for (std::uint16_t i = 0; i < 10; ++i) world.post(kBulk, static_cast<std::uint16_t>(100 + i));
  (void)world.line.intake(world.now);
  const std::array<bool, 3> three = {true, true, true};
  REQUIRE(world.line.due(world.now).size() == 10);
  world.line.sent(three, world.now);
  CHECK(world.line.in_hand() == 7);
  const auto rest = world.line.due(world.now);
  REQUIRE(rest.size() == 7);
  CHECK(rest[0].bytes.size() == 103);
  world.round();
  CHECK(world.line.in_hand() == 0);
  CHECK(world.done().size() == 10);
}

TEST_CASE("reports of a queue at the uplink lower the rate, and the control thread hears of it") {
  World world({{2'500'000, true}, 0});
  shaper::CapacityNews news;
  while (world.line.take_news(news)) {
  }
  for (int tick = 0; tick < 100; ++tick) {
    for (int i = 0; i < 20; ++i) world.post(kBulk, 1'400);
    world.run(Duration::millis(10));
    (void)world.done();
    // 1 MB/s arrives, whatever is sent: the rest stands in a queue that grows.
    const Duration queue = Duration::millis(std::min(tick * 6, 200));
    world.router.report(flow_of(1, FlowClass::Control),
                        {10'000, Duration::millis(10), queue, Duration::millis(30), 0});
  }
  world.round();
  CHECK(world.line.counters().reports == 100);
  CHECK(world.line.scheduler().clock().rate() < 1'250'000);
  REQUIRE(world.line.take_news(news));
  CHECK(news.capacity < 1'250'000);
  shaper::Figures figures;
  figures.links.emplace_back().slot = 1;
  world.line.fill(figures, 0, 1);
  CHECK(figures.estimate.cuts >= 1);
  CHECK(figures.links[0].all.sent_bytes == figures.links[0].sent[2]);
}

TEST_CASE("a detached router's datagrams are forgotten, settings and the estimate stay") {
  World world({{125'000, false}, 0});
  shaper::Changes changes;
  shaper::LinkSetting link;
  link.slot = 1;
  link.plan.share.cap = 10'000;
  changes.links.push_back(link);
  world.line.apply(changes, world.now);
  for (int i = 0; i < 10; ++i) world.post(kBulk, 1'400);
  world.round();
  world.line.detach("the router hung up");
  CHECK(world.line.scheduler().queued() == 0);
  CHECK(world.line.in_hand() == 0);
  CHECK(world.line.due(world.now).empty());
  CHECK(world.line.scheduler().clock().rate() == 125'000);
}

}  // namespace
}  // namespace covfefe
