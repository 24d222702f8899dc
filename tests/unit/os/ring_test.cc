// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <poll.h>

#include <deque>
#include <random>
#include <thread>
#include <vector>

#include "tests/support/ring_pair.h"

namespace covfefe {
namespace {

using os::FrameCompletion;
using os::FrameRing;
using os::SendStatus;
using tests::posting_to;
using tests::RingPair;

constexpr FlowId kLink{0};
constexpr FlowId kRealtime{1};
constexpr FlowId kBulk{2};

struct Taken {
  std::array<os::Descriptor, os::kTakeMost> all{};
  std::size_t count = 0;
};

Taken take(os::FrameConsumer& shaper) {
  Taken out;
  out.count = shaper.take(out.all);
  return out;
}

bool post(FrameRing& router, FlowId flow, std::uint64_t tag) {
  const os::FrameRef frame = router.acquire(os::lane_of(flow));
  if (frame.bytes.empty()) return false;
  store_le<std::uint64_t>(frame.bytes.data(), tag);
  os::FramePosting posting = posting_to(9, flow, 100);
  posting.tag = tag;
  router.post(frame, posting);
  return true;
}

std::vector<FrameCompletion> collect(FrameRing& router) {
  std::vector<FrameCompletion> out(os::kFrames);
  out.resize(router.collect(out));
  return out;
}

TEST_CASE("a posted datagram arrives with its head and comes back with its tag") {
  RingPair pair;
  const os::FrameRef frame = pair.router.acquire(os::kLaneBulk);
  REQUIRE(frame.bytes.size() == os::kDatagramBytes);
  frame.bytes[0] = 0xab;
  os::FramePosting posting = posting_to(6'364, FlowId{10}, 1'400);
  posting.head.from.bytes[0] = 0x20;
  posting.head.from_interface = 3;
  posting.head.socket = 1;
  posting.epoch = 7;
  posting.tag = 0x1122334455667788;
  pair.router.post(frame, posting);

  const Taken taken = take(pair.shaper);
  REQUIRE(taken.count == 1);
  CHECK(taken.all[0].flow == FlowId{10});
  CHECK(taken.all[0].epoch == 7);
  os::FrameHead head;
  REQUIRE(pair.shaper.open_head(taken.all[0], head));
  CHECK(head.to == posting.head.to);
  CHECK(head.from == posting.head.from);
  CHECK(head.from_interface == 3);
  CHECK(head.socket == 1);
  CHECK(pair.shaper.datagram(taken.all[0]).size() == 1'400);
  CHECK(pair.shaper.datagram(taken.all[0])[0] == 0xab);

  CHECK(collect(pair.router).empty());
  pair.shaper.complete(taken.all[0].frame, SendStatus::Refused);
  CHECK(collect(pair.router).empty());
  pair.shaper.publish();
  const auto done = collect(pair.router);
  REQUIRE(done.size() == 1);
  CHECK(done[0].tag == posting.tag);
  CHECK(done[0].status == SendStatus::Refused);
  CHECK(pair.router.free_frames() == os::kFrames);
}

TEST_CASE("pace goes out with a datagram and the time of sending comes back") {
  RingPair pair;
  const os::FrameRef frame = pair.router.acquire(os::kLaneLink);
  os::FramePosting posting = posting_to(9, kLink, 256);
  posting.pace = os::RingPace::Slot;
  pair.router.post(frame, posting);
  const Taken taken = take(pair.shaper);
  REQUIRE(taken.count == 1);
  CHECK(taken.all[0].extra == static_cast<std::uint8_t>(os::RingPace::Slot));
  const Instant sent = Instant{} + Duration::hours(100) + Duration{12'345};
  pair.shaper.complete(taken.all[0].frame, SendStatus::Sent, sent);
  pair.shaper.publish();
  const auto done = collect(pair.router);
  REQUIRE(done.size() == 1);
  for (const Duration later : {Duration{0}, Duration::millis(3), Duration::seconds(270)}) {
    const Duration off = sent - os::sent_at(done[0].at, sent + later);
    CHECK(off >= Duration{0});
    CHECK(off < Duration{1 << os::kSentAtShift});
  }
}

TEST_CASE("what a friend measured passes as it was, to the stated precision") {
  RingPair pair;
  const os::PathReport told{123'456, Duration::millis(20), Duration::millis(7),
                            Duration::millis(48), 3};
  pair.router.report(flow_of(40, FlowClass::Control), told);
  pair.router.report(flow_of(41, FlowClass::Bulk),
                     {7, Duration::hours(1), Duration::hours(1), Duration::hours(1), 255});
  const Taken taken = take(pair.shaper);
  REQUIRE(taken.count == 2);
  CHECK(taken.all[0].op == os::RingOp::Report);
  CHECK(link_of(taken.all[0].flow) == 40);
  const os::PathReport got = os::report_of(taken.all[0]);
  CHECK(got.delivered == told.delivered);
  CHECK(got.lost == told.lost);
  CHECK(told.interval - got.interval < Duration::micros(17));
  CHECK(told.queue - got.queue < Duration::micros(33));
  CHECK(told.rtt - got.rtt < Duration::micros(66));
  const os::PathReport cut = os::report_of(taken.all[1]);
  CHECK(cut.interval > Duration::seconds(1));
  CHECK(cut.queue > Duration::seconds(2));
  CHECK(cut.rtt > Duration::seconds(4));
  CHECK(pair.router.free_frames() == os::kFrames);
}

TEST_CASE("express is taken before bulk and at most 256 of bulk") {
  RingPair pair;
  for (std::uint64_t i = 0; i < 300; ++i) REQUIRE(post(pair.router, kBulk, i));
  for (std::uint64_t i = 0; i < 10; ++i) REQUIRE(post(pair.router, kLink, i));
  const Taken taken = take(pair.shaper);
  REQUIRE(taken.count == 10 + os::kBulkPerTake);
  CHECK(taken.all[9].flow == kLink);
  CHECK(taken.all[10].flow == kBulk);
  CHECK(take(pair.shaper).count == 300 - os::kBulkPerTake);
}

TEST_CASE("bulk cannot take the frames of control and realtime") {
  RingPair pair;
  std::uint32_t bulk = 0;
  while (!pair.router.acquire(os::kLaneBulk).bytes.empty()) ++bulk;
  CHECK(bulk == os::kFrames - os::kFrames / 16 - os::kFrames / 4);
  std::uint32_t realtime = 0;
  while (!pair.router.acquire(os::kLaneRealtime).bytes.empty()) ++realtime;
  CHECK(realtime >= os::kFrames / 5);  // the express ring is the narrower bound
  CHECK(pair.router.counters().starved == 2);
}

TEST_CASE("realtime filling the express ring leaves what is acquired a slot") {
  RingPair pair;
  std::vector<os::FrameRef> frames;
  for (;;) {
    const os::FrameRef frame = pair.router.acquire(os::kLaneRealtime);
    if (frame.bytes.empty()) break;
    frames.push_back(frame);
  }
  for (const os::FrameRef& frame : frames) pair.router.post(frame, posting_to(9, kRealtime, 1));
  pair.router.cancel(kRealtime, 1);
  CHECK(take(pair.shaper).count == frames.size() + 1);
  CHECK(pair.shaper.attached());
}

TEST_CASE("cancels survive a full ring and keep the newest epoch") {
  RingPair pair;
  while (post(pair.router, kRealtime, 0)) {
  }
  for (std::uint32_t epoch = 1; epoch <= 100; ++epoch) pair.router.cancel(FlowId{8 * epoch}, epoch);
  for (std::uint32_t epoch = 1; epoch <= 100; ++epoch) pair.router.cancel(FlowId{800}, epoch);
  std::size_t cancels = 0;
  for (int round = 0; round < 3; ++round) {
    const Taken taken = take(pair.shaper);
    for (std::size_t i = 0; i < taken.count; ++i) {
      if (taken.all[i].op != os::RingOp::Cancel) continue;
      CHECK(taken.all[i].epoch == taken.all[i].flow.value / 8);
      ++cancels;
    }
    pair.router.flush();
  }
  CHECK(cancels == 100);
}

TEST_CASE("a frame freed last is used first") {
  RingPair pair;
  const os::FrameRef first = pair.router.acquire(os::kLaneLink);
  const os::FrameRef second = pair.router.acquire(os::kLaneLink);
  pair.router.release(first);
  CHECK(pair.router.acquire(os::kLaneLink).index == first.index);
  pair.router.release(second);
}

TEST_CASE("only a sleeper is woken, once per sleep") {
  RingPair pair;
  pollfd wake{pair.shaper.wake_fd().number(), POLLIN, 0};
  REQUIRE(post(pair.router, kLink, 1));
  CHECK_FALSE(pair.router.flush());
  CHECK_FALSE(pair.shaper.sleep());  // something is there already
  take(pair.shaper);
  CHECK(pair.shaper.sleep());
  CHECK_FALSE(pair.router.flush());  // nothing new
  REQUIRE(post(pair.router, kLink, 2));
  CHECK(pair.router.flush());
  REQUIRE(post(pair.router, kLink, 3));
  CHECK_FALSE(pair.router.flush());  // told already
  CHECK(::poll(&wake, 1, 0) == 1);
  pair.shaper.drain_wake();
  CHECK(::poll(&wake, 1, 0) == 0);
  pair.shaper.wake();
  CHECK(take(pair.shaper).count == 2);
}

TEST_CASE("a new attachment starts clean and posts nothing again") {
  RingPair pair;
  for (std::uint64_t i = 0; i < 50; ++i) REQUIRE(post(pair.router, kBulk, i));
  take(pair.shaper);
  pair.router.detach("the shaper hung up");
  CHECK_FALSE(pair.router.attached());
  CHECK(pair.router.why_detached() == "the shaper hung up");
  CHECK(pair.router.acquire(os::kLaneLink).bytes.empty());
  CHECK(collect(pair.router).empty());
  pair.meet(2);
  CHECK(pair.router.attached());
  CHECK(pair.router.free_frames() == os::kFrames);
  CHECK(take(pair.shaper).count == 0);
  REQUIRE(post(pair.router, kBulk, 77));
  const Taken taken = take(pair.shaper);
  REQUIRE(taken.count == 1);
  pair.shaper.complete(taken.all[0].frame, SendStatus::Sent);
  pair.shaper.publish();
  const auto done = collect(pair.router);
  REQUIRE(done.size() == 1);
  CHECK(done[0].tag == 77);
}

TEST_CASE("a frame that is acquired when the shaper dies is given back quietly") {
  RingPair pair;
  const os::FrameRef frame = pair.router.acquire(os::kLaneLink);
  pair.router.detach("gone");
  frame.bytes[0] = 1;  // still writable
  pair.router.post(frame, posting_to(9, kLink, 1));
  CHECK(pair.router.free_frames() == os::kFrames);
}

TEST_CASE("the published backlog is readable per flow") {
  RingPair pair;
  pair.shaper.set_backlog(FlowId{9}, 5'000);
  CHECK(pair.router.backlog(FlowId{9}) == 5'000);
  CHECK(pair.router.backlog(FlowId{10}) == 0);
  CHECK(pair.router.backlog(FlowId{os::kFlows}) == 0);
}

// Blocks until fd is readable; a lost wake-up shows as a failed CHECK after ten seconds.
bool wait_for(const os::Fd& fd) {
  pollfd one{fd.number(), POLLIN, 0};
  return ::poll(&one, 1, 10'000) == 1;
}

struct Echo {
  os::FrameConsumer& shaper;
  std::uint64_t total;
  std::uint64_t seen = 0;
  std::uint64_t out_of_order = 0;
  bool woken = true;

  void run() {
    std::array<os::Descriptor, os::kTakeMost> batch{};
    while (seen < total && woken) {
      const std::size_t count = shaper.take(batch);
      for (std::size_t i = 0; i < count; ++i) finish(batch[i]);
      shaper.publish();
      if (count != 0 || !shaper.attached() || !shaper.sleep()) continue;
      woken = wait_for(shaper.wake_fd());
      shaper.drain_wake();
      shaper.wake();
    }
  }

  void finish(const os::Descriptor& sent) {
    if (load_le<std::uint64_t>(shaper.datagram(sent).data()) != seen) ++out_of_order;
    ++seen;
    shaper.complete(sent.frame, SendStatus::Sent);
  }
};

TEST_CASE("two threads pass a million descriptors in order without losing a wake-up") {
  RingPair pair;
  constexpr std::uint64_t kTotal = 1'200'000;
  Echo echo{pair.shaper, kTotal};
  std::thread shaper([&echo] { echo.run(); });

  std::mt19937_64 random(5);
  std::vector<FrameCompletion> done(256);
  std::uint64_t posted = 0;
  std::uint64_t completed = 0;
  bool woken = true;
  bool in_order = true;
  while (completed < kTotal && woken && pair.router.attached()) {
    for (std::uint64_t burst = random() % 512; burst > 0 && posted < kTotal; --burst) {
      if (!post(pair.router, kBulk, posted)) break;
      ++posted;
    }
    pair.router.flush();
    const std::size_t count = pair.router.collect(done);
    for (std::size_t i = 0; i < count; ++i) in_order &= done[i].tag == completed++;
    if (count != 0 || completed == kTotal || posted == completed || !pair.router.sleep()) continue;
    woken = wait_for(pair.router.wake_fd());
    pair.router.drain_wake();
    pair.router.wake();
  }
  shaper.join();
  CHECK(completed == kTotal);
  CHECK(in_order);
  CHECK(echo.seen == kTotal);
  CHECK(echo.out_of_order == 0);
  CHECK(pair.router.why_detached() == "");
  CHECK(pair.shaper.why_detached() == "");
}

}  // namespace
}  // namespace covfefe
