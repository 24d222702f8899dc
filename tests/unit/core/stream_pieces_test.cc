// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <random>
#include <set>
#include <vector>

#include "core/stream/ack_book.h"
#include "core/stream/leg_meter.h"
#include "core/stream/resend.h"

using namespace covfefe;
using namespace covfefe::core;

namespace {

constexpr Instant kStart{1'000'000'000'000};

Instant at(std::int64_t millis) {
  return kStart + Duration::millis(millis);
}

constexpr auto kWants = Wants::Acknowledgement;
constexpr std::uint64_t kFirst = ~std::uint64_t{0} - 40;  // counters start anywhere and go round

wire::InnerAck ack_of(std::uint64_t newest, std::uint32_t received, std::uint64_t seen = 0) {
  return {0, received, newest, seen};
}

}  // namespace

// ---- what came

TEST_CASE("an acknowledgement says which of the last 65 cells came and how many in all") {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    AckBook book;
    std::set<std::uint64_t> came;
    const std::uint64_t base = random() % 2 == 0 ? kFirst : 7'000;
    std::uint64_t newest = 0;
    for (std::uint64_t i = 0; i < 300; ++i) {
      const std::uint64_t offset = i < 20 ? i : i - 20 + random() % 40 + random() % 90;
      if (!came.insert(offset).second) continue;
      newest = std::max(newest, offset);
      book.came(base + offset, kWants, kStart);
    }
    const wire::InnerAck ack = book.take(kStart);
    CHECK(ack.newest == base + newest);
    CHECK(ack.received == came.size());
    for (std::uint64_t i = 0; i < 64 && i < newest; ++i) {
      REQUIRE((ack.seen >> i & 1) == came.count(newest - 1 - i));
    }
  }
}

TEST_CASE("acknowledging waits 10 ms or for 32 cells, and not for what does not want it") {
  AckBook book;
  book.came(5, Wants::Nothing, at(0));
  CHECK(book.next_deadline().is_never());
  book.came(6, kWants, at(1));
  book.came(7, kWants, at(9));
  CHECK(book.next_deadline() == at(11));
  CHECK(book.take(at(11)).delay == 20);
  CHECK_FALSE(book.pending());
  for (std::uint64_t i = 0; i < 31; ++i) book.came(8 + i, kWants, at(20));
  CHECK(book.next_deadline() == at(30));
  book.came(39, kWants, at(21));
  CHECK(book.next_deadline() == at(21));
  CHECK(book.take(at(21)).received == 35);
  book.urge(at(40));
  CHECK(book.next_deadline() == at(40));
  CHECK(book.take(at(9'999)).delay == 0xffff);
}

TEST_CASE("who is asked before anything came has nothing to say") {
  AckBook book;
  book.urge(at(1));
  CHECK_FALSE(book.pending());
}

// ---- what was sent

TEST_CASE("the round trip is measured at every rate, without the delay of the acknowledgement") {
  for (const std::int64_t spacing : {10'000, 200, 38}) {  // microseconds
    LegMeter meter;
    const Duration trip = Duration::millis(100);
    std::uint64_t acked = 0;
    for (std::uint64_t i = 0; i < 20'000'000 / static_cast<std::uint64_t>(spacing) / 10; ++i) {
      const Instant now = kStart + Duration::micros(spacing) * static_cast<std::int64_t>(i);
      meter.sent({kFirst + i, 1400, kWants}, now);
      const auto back = static_cast<std::int64_t>(i) - 110'000 / spacing;
      if (back < 0 || (i % 32 != 0 && spacing < 1'000)) continue;
      acked = static_cast<std::uint64_t>(back);
      wire::InnerAck ack = ack_of(kFirst + acked, static_cast<std::uint32_t>(acked + 1));
      ack.delay = 100;
      meter.acknowledged(ack, LegMeter::Came::SameLeg, now);
    }
    CHECK(meter.measured());
    CHECK(std::abs((meter.rtt() - trip).as_millis()) < 4.0);
    CHECK(meter.deviation() < Duration::millis(6));
    CHECK_FALSE(meter.suspect());
  }
}

TEST_CASE("an acknowledgement by another leg shows progress but no round trip") {
  LegMeter meter;
  meter.sent({kFirst, 256, kWants}, at(0));
  meter.acknowledged(ack_of(kFirst, 1), LegMeter::Came::OtherLeg, at(5));
  CHECK_FALSE(meter.measured());
  CHECK(meter.suspect_at().is_never());
}

TEST_CASE("a leg without progress is suspect after 60 ms or three round trips") {
  for (const std::int64_t trip : {4, 60}) {
    LegMeter meter;
    for (std::uint64_t i = 0; i < 40; ++i) {
      meter.sent({kFirst + i, 256, kWants}, at(static_cast<std::int64_t>(i) * 100));
      meter.acknowledged(ack_of(kFirst + i, 1), LegMeter::Came::SameLeg,
                         at(static_cast<std::int64_t>(i) * 100 + trip));
    }
    CHECK(meter.suspect_at().is_never());
    meter.sent({kFirst + 40, 256, kWants}, at(5'000));
    meter.sent({kFirst + 41, 256, kWants}, at(5'020));
    const std::int64_t patience = std::max<std::int64_t>(60, trip * 3);
    CHECK(meter.suspect_at() == at(5'000 + patience));
    CHECK_FALSE(meter.tick(at(4'999 + patience)));
    CHECK(meter.tick(at(5'000 + patience)));
    CHECK_FALSE(meter.tick(at(5'001 + patience)));
    CHECK(meter.probe_at(Duration::seconds(2)) == at(5'000 + std::max(patience, 120L)));
    // An old acknowledgement does not help; a newer one does, for as long as its cells are young.
    meter.acknowledged(ack_of(kFirst + 39, 40), LegMeter::Came::SameLeg, at(5'300));
    CHECK(meter.suspect());
    meter.acknowledged(ack_of(kFirst + 40, 41), LegMeter::Came::OtherLeg, at(5'300));
    CHECK_FALSE(meter.suspect());
    CHECK(meter.tick(at(5'300)));
    meter.acknowledged(ack_of(kFirst + 41, 41), LegMeter::Came::OtherLeg, at(5'400));
    CHECK_FALSE(meter.tick(at(60'000)));
  }
}

TEST_CASE("cells that want no acknowledgement make nobody suspicious") {
  LegMeter meter;
  meter.sent({1, 256, Wants::Nothing}, at(0));
  CHECK(meter.suspect_at().is_never());
  meter.sent({2, 256, kWants}, at(500));
  CHECK(meter.suspect_at() == at(500) + LegMeter::kUnmeasured);
  meter.sent({3, 256, Wants::Nothing}, at(510));
  meter.acknowledged(ack_of(2, 2), LegMeter::Came::SameLeg, at(520));
  CHECK(meter.suspect_at().is_never());
}

TEST_CASE("loss and rate come out as they are") {
  std::mt19937 random(2);
  LegMeter meter;
  AckBook book;
  for (std::uint64_t i = 0; i < 40'000; ++i) {
    // 10,000 cells a second, a tenth is lost.
    const Instant now = kStart + Duration::micros(100) * static_cast<std::int64_t>(i);
    meter.sent({kFirst + i, 1400, kWants}, now);
    if (random() % 10 != 0) book.came(kFirst + i, kWants, now);
    if (book.next_deadline() > now) continue;
    meter.acknowledged(book.take(now), LegMeter::Came::SameLeg, now);
  }
  CHECK(meter.loss() > 0.04);
  CHECK(meter.loss() < 0.16);
  CHECK(meter.rate() > 12'000'000);
  CHECK(meter.rate() < 15'500'000);
}

TEST_CASE("no rate comes out of cells that want no acknowledgement, whatever is said of them") {
  for (std::uint32_t came = 1; came <= 33; ++came) {
    CAPTURE(came);
    LegMeter meter;
    meter.seed(Duration::seconds(1));  // so that marks are far apart
    meter.sent({1, 1400, kWants}, at(0));
    meter.sent({2, 256, Wants::Nothing}, at(0));
    meter.acknowledged(ack_of(2, 2), LegMeter::Came::OtherLeg, at(10));
    for (std::uint64_t i = 3; i <= 100; ++i) meter.sent({i, 256, Wants::Nothing}, at(20));
    meter.acknowledged(ack_of(35, 2 + came), LegMeter::Came::OtherLeg, at(700));
    CHECK(meter.rate() == 0);
  }
}

TEST_CASE("only counters of its own last cells name a leg") {
  LegMeter meter;
  CHECK_FALSE(meter.owns(0));
  for (std::uint64_t i = 0; i < 100; ++i) meter.sent({kFirst + i, 256, kWants}, at(0));
  CHECK(meter.owns(kFirst));
  CHECK(meter.owns(kFirst + 99));
  CHECK_FALSE(meter.owns(kFirst + 100));
  CHECK_FALSE(meter.owns(kFirst - 1));
}

TEST_CASE("a far end that lies makes nothing but a wrong picture of itself") {
  std::mt19937_64 random(5);
  for (int round = 0; round < 300; ++round) {
    LegMeter meter;
    Instant now = kStart;
    std::uint64_t bytes = 0;
    for (std::uint64_t i = 0; i < 400; ++i) {
      meter.sent({kFirst + i, 1400, kWants}, now);
      bytes += 1400;
      wire::InnerAck lie = ack_of(kFirst + random() % 450, static_cast<std::uint32_t>(random()));
      lie.delay = static_cast<std::uint16_t>(random());
      if (meter.owns(lie.newest)) meter.acknowledged(lie, LegMeter::Came::SameLeg, now);
      now = now + Duration::micros(static_cast<std::int64_t>(random() % 3'000));
      REQUIRE(meter.loss() >= 0);
      REQUIRE(meter.loss() <= 1);
      REQUIRE(meter.rate() <= static_cast<std::int64_t>(bytes) * 100);
      REQUIRE(meter.rtt() <= now - kStart + Duration::millis(1));
      REQUIRE(meter.arrival(1400) >= Duration{});
      REQUIRE(meter.steady_loss() <= 1);
    }
  }
}

// ---- what may have to go again

TEST_CASE("what is not acknowledged in time is given back once, oldest first") {
  Resend resend;
  const CircuitId a{1};
  const CircuitId b{2};
  ByteArray<wire::kLargeBody> body{};
  for (std::uint8_t i = 0; i < 6; ++i) {
    body[0] = i;
    const std::size_t size = i % 2 == 0 ? wire::kSmallBody : wire::kLargeBody;
    resend.keep(ByteView(body).first(size), {i < 4 ? a : b, kFirst + i, at(20 + i)});
  }
  resend.acknowledged(a, ack_of(kFirst + 2, 2, 0b10));  // the third and the first
  resend.acknowledged(a, ack_of(kFirst + 5, 2));        // of the other leg: nothing
  CHECK(resend.next_deadline() == at(21));
  CHECK_FALSE(resend.take(at(20)));
  const auto second = resend.take(at(21));
  REQUIRE(second);
  CHECK(second->leg == a);
  CHECK(second->body.size() == wire::kLargeBody);
  CHECK(second->body[0] == 1);
  CHECK_FALSE(resend.take(at(21)));
  resend.hasten(b, at(22));
  CHECK(resend.take(at(22))->body[0] == 4);
  CHECK(resend.take(at(22))->body[0] == 5);
  CHECK_FALSE(resend.take(at(22)));
  CHECK(resend.take(at(23))->body[0] == 3);
  CHECK(resend.next_deadline().is_never());
}

TEST_CASE("of more than 64 the oldest are given up") {
  Resend resend;
  ByteArray<wire::kSmallBody> body{};
  for (std::uint8_t i = 0; i < 100; ++i) {
    body[0] = i;
    resend.keep(body, {CircuitId{1}, i, at(i)});
  }
  std::size_t count = 0;
  while (const auto due = resend.take(at(1'000))) {
    CHECK(due->body[0] == 36 + count);
    ++count;
  }
  CHECK(count == Resend::kBodies);
}
