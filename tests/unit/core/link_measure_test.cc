// SPDX-License-Identifier: Apache-2.0
// What is learned of the way to a friend: lanes with several classes, reports, delays between two
// clocks, loss. A bottleneck, two clocks and a friend that may lie, in virtual time.
#include <doctest/doctest.h>

#include <deque>
#include <map>
#include <random>

#include "core/link/lane_ledger.h"
#include "core/link/path_meter.h"
#include "core/link/report_duty.h"
#include "core/link/slots.h"
#include "core/link/spares.h"

using namespace covfefe;
using namespace covfefe::core;

namespace {

Instant at(std::int64_t ms) {
  return Instant{} + Duration::millis(ms);
}

// One direction of a link: cells and stamps go through a queue of `rate`, reports come back.
struct Way {
  std::int64_t rate = 1'250'000;  // B/s of wire bytes, IPv4
  Duration delay = Duration::millis(15);
  double offered = 0.9;     // of rate
  double loss = 0;          // of all cells
  double drift = 0;         // the friend's clock runs faster by this
  std::int64_t offset = 0;  // us, between the clocks
  Duration slot_wait{};     // of our reports after they were posted

  PathMeter meter{0xfffff000};
  std::mt19937_64 random{11};
  Instant now{Duration::seconds(100).nanoseconds};
  Instant free_at{};
  std::int64_t owed = 0;
  struct Flying {
    Instant arrives;
    bool large = false;
    std::uint32_t stamp = 0;  // of a report
  };
  std::deque<Flying> flying;
  std::map<std::uint32_t, Duration> queued;  // by stamp: the truth
  std::uint32_t cells_left = 0;
  std::uint64_t ordinal = 0;
  Instant next_stamp{};

  std::uint32_t cells = 0;  // the friend's
  std::uint64_t bytes = 0;
  std::uint32_t echo = 0;
  std::uint32_t cells_at_echo = 0;
  Instant echo_came{};
  Instant heard{};
  bool echoes = false;
  Instant next_report{};
  std::deque<std::pair<Instant, wire::ReportFrame>> back;
  std::uint32_t echoed = 0;  // by the newest report that was read

  struct Seen {
    PathSample sample;
    Duration truth;
    Instant when;
  };
  std::vector<Seen> seen;
  std::vector<Duration> turns;

  std::uint32_t friends_clock(Instant t) const {
    const double us = static_cast<double>(t.nanoseconds) / 1000.0 * (1 + drift);
    return static_cast<std::uint32_t>(static_cast<std::int64_t>(us) + offset);
  }
  void enter(bool large, std::uint32_t stamp) {
    const std::int64_t wire = (large ? 1400 : 256) + 28;
    ++cells_left;
    const Instant start = std::max(now, free_at);
    if (stamp != 0) queued[stamp] = start - now;
    free_at = start + Duration{wire * 1'000'000'000 / rate};
    const double dice = static_cast<double>(random() % 1'000'000) / 1e6;
    if (dice >= loss) flying.push_back({free_at + delay, large, stamp});
  }
  void send() {
    owed += static_cast<std::int64_t>(static_cast<double>(rate) * offered / 10'000);
    for (; owed >= 1428; owed -= 1428) enter(true, 0);
    if (now < next_stamp) return;
    next_stamp = now + std::max(Duration::millis(10), meter.unechoed(now) / 4);
    const Instant posted = now - slot_wait;
    meter.posted({posted, ordinal, slot_wait == Duration{}});
    const std::uint32_t stamp = meter.stamp(posted);
    enter(false, stamp);
    meter.left(ordinal++, now, cells_left);
  }
  void arrive() {
    while (!flying.empty() && flying.front().arrives <= now) {
      const Flying one = flying.front();
      flying.pop_front();
      ++cells;
      bytes += one.large ? 1400 : 256;
      heard = now;
      if (one.stamp == 0) continue;
      echo = one.stamp;
      cells_at_echo = cells;
      echo_came = now;
      echoes = true;
    }
  }
  void report() {
    if (now < next_report) return;
    next_report = now + Duration::millis(10);
    wire::ReportFrame frame;
    frame.stamp = friends_clock(now);
    if (echoes) {
      frame.echo = echo;
      frame.held = frame.stamp - friends_clock(echo_came);
      frame.cells_at_echo = cells_at_echo;
    }
    frame.heard = frame.stamp - friends_clock(heard);
    frame.cells = cells;
    frame.bytes = bytes;
    const auto jitter = static_cast<std::int64_t>(random() % 300);
    back.emplace_back(now + delay + Duration::micros(jitter), frame);
  }
  void read() {
    while (!back.empty() && back.front().first <= now) {
      const wire::ReportFrame frame = back.front().second;
      back.pop_front();
      const auto reading = meter.read(frame, now, {Duration::millis(30), 28, cells_left + 100ull});
      if (reading.rtt) turns.push_back(*reading.rtt);
      if (reading.sample) seen.push_back({*reading.sample, queued[frame.echo], now});
    }
  }
  void run(Duration time) {
    const Instant until = now + time;
    while (now < until) {
      now = now + Duration::micros(100);
      send();
      arrive();
      report();
      read();
    }
  }
  [[nodiscard]] Duration worst() const {
    Duration out{};
    for (const Seen& one : seen) {
      const Duration off = one.sample.queue - one.truth;
      out = std::max(out, off < Duration{} ? Duration{} - off : off);
    }
    return out;
  }
  [[nodiscard]] double delivered_rate(std::size_t from) const {
    std::int64_t sum = 0;
    std::int64_t time = 0;
    for (std::size_t i = from; i < seen.size(); ++i) {
      sum += seen[i].sample.delivered;
      time += seen[i].sample.interval.nanoseconds;
    }
    return static_cast<double>(sum) / (static_cast<double>(time) / 1e9);
  }
};

// Calm, a queue that builds up, one that drains, and a rate that falls and rises again.
void weather(Way& way) {
  for (int round = 0; round < 3; ++round) {
    way.offered = 0.5;
    way.run(Duration::seconds(5));
    way.offered = 1.05;
    way.run(Duration::seconds(8));
    way.offered = 0.3;
    way.run(Duration::seconds(4));
    way.rate /= 4;
    way.offered = 1.1;
    way.run(Duration::seconds(3));
    way.rate *= 4;
    way.offered = 0.2;
    way.run(Duration::seconds(6));
  }
}

}  // namespace

TEST_CASE("the window of a lane counts from the oldest cell of whichever class waits") {
  LaneLedger ledger;
  const auto stuck = ledger.post(FlowClass::Leased, at(0));
  std::uint64_t sealed = 1;
  while (ledger.room(Lane::Realtime, 1)) {
    ledger.of(FlowClass::Interactive).complete(ledger.post(FlowClass::Interactive, at(1)), at(1));
    ++sealed;
  }
  CHECK(sealed == 8192 - 1024);
  CHECK(ledger.room(Lane::Bulk, 1));
  CHECK(ledger.of(FlowClass::Leased).complete(stuck, at(2)));
  CHECK(ledger.room(Lane::Realtime, 8192 - 1024));
  CHECK(!ledger.room(Lane::Realtime, 8192 - 1023));
}

TEST_CASE(
    "the distance to the oldest unsent cell is known to a sixteenth of the window, never less") {
  std::mt19937 random(3);
  for (const Lane lane : {Lane::Realtime, Lane::Bulk, Lane::Spare}) {
    const FlowClass classes[2] = {lane == Lane::Realtime ? FlowClass::Leased
                                  : lane == Lane::Bulk   ? FlowClass::Relayed
                                                         : FlowClass::Spare,
                                  unleased(lane)};
    LaneLedger ledger;
    std::deque<std::pair<std::uint64_t, std::uint64_t>> queues[2];  // ordinal, place
    std::uint64_t place = 0;
    for (int i = 0; i < 300'000; ++i) {
      const std::size_t which = random() % 8 == 0 ? 1 : 0;
      auto& queue = queues[which];
      const bool busy = (i / 20'000) % 2 == 0;
      if (random() % 16 < (busy ? 9 : 7) && ledger.room(lane, 1)) {
        queue.emplace_back(ledger.post(classes[which], at(i)), place++);
      } else if (!queue.empty()) {
        REQUIRE(ledger.of(classes[which]).complete(queue.front().first, at(i)));
        queue.pop_front();
      }
      std::uint64_t oldest = place;
      for (const auto& q : queues) {
        if (!q.empty()) oldest = std::min(oldest, q.front().second);
      }
      const std::uint64_t left = unsent_most(lane) - (place - oldest);
      REQUIRE(!ledger.room(lane, left + 1));  // never more than the window holds
      const std::uint64_t slack = window_of(lane) / 16;
      if (left > slack) REQUIRE(ledger.room(lane, left - slack));
    }
  }
}

TEST_CASE("queue and delivered rate are right through calm, standing queues, cliffs and rises") {
  Way way;
  weather(way);
  CHECK(way.seen.size() > 3000);
  CHECK(way.worst().as_millis() < 2);
  const std::size_t before = way.seen.size();
  way.run(Duration::seconds(4));
  way.offered = 1.2;
  way.run(Duration::seconds(3));
  const double off = way.delivered_rate(before + 450) / static_cast<double>(way.rate);
  CHECK(off > 0.98);
  CHECK(off < 1.02);
  for (const Duration turn : way.turns) CHECK(turn >= Duration::millis(30));
}

TEST_CASE("neither the origin of the friend's clock nor 100 ppm of drift matter") {
  for (const double drift : {100e-6, -100e-6}) {
    Way way;
    way.drift = drift;
    INFO(drift);
    way.offset = 4'000'000'000 + 123'456'789;  // wraps during the run
    weather(way);
    CHECK(way.worst().as_millis() < 2);
    const std::size_t before = way.seen.size();
    way.offered = 1.2;
    way.run(Duration::seconds(3));
    const double off = way.delivered_rate(before) / static_cast<double>(way.rate);
    CHECK(off > 0.98);
    CHECK(off < 1.02);
  }
}

TEST_CASE("a report that waited for a slot measures the same, and no round trip is made of it") {
  Way way;
  way.slot_wait = Duration::millis(200);
  weather(way);
  CHECK(way.worst().as_millis() < 2);
}

TEST_CASE("loss is what did not arrive") {
  Way way;
  way.offered = 0.8;
  way.run(Duration::seconds(5));
  CHECK(way.meter.loss() == 0);
  way.loss = 0.05;
  way.run(Duration::seconds(20));
  CHECK(way.meter.loss() > 400);
  CHECK(way.meter.loss() < 600);
  std::uint64_t lost = 0;
  const std::size_t from = way.seen.size() - 1000;
  for (std::size_t i = from; i < way.seen.size(); ++i) lost += way.seen[i].sample.lost;
  CHECK(static_cast<double>(lost) / 1000 / 255 > 0.04);
  CHECK(static_cast<double>(lost) / 1000 / 255 < 0.06);
}

TEST_CASE("whatever a friend reports, samples stay in their ranges") {
  std::mt19937_64 random(5);
  PathMeter meter(0);
  Instant now{Duration::seconds(50).nanoseconds};
  std::uint64_t ordinal = 0;
  std::uint32_t cells = 0;
  std::size_t samples = 0;
  wire::ReportFrame frame;
  for (int i = 0; i < 300'000; ++i) {
    now = now + Duration::micros(static_cast<std::int64_t>(random() % 20'000));
    meter.posted({now, ordinal, random() % 2 == 0});
    if (random() % 4 != 0) meter.left(ordinal, now, ++cells);
    ++ordinal;
    const auto wild = [&]() -> std::uint32_t {
      return random() % 2 == 0 ? static_cast<std::uint32_t>(random())
                               : static_cast<std::uint32_t>(random() % 5000);
    };
    frame.stamp += random() % 64 == 0 ? wild() : static_cast<std::uint32_t>(random() % 10'000);
    frame.echo = random() % 8 == 0 ? wild() : meter.stamp(now);
    frame.held = wild();
    frame.heard = wild();
    const std::uint32_t more =
        random() % 16 == 0 ? wild() : static_cast<std::uint32_t>(random() % 8);
    frame.cells += more;
    frame.cells_at_echo = random() % 8 == 0 ? wild() : frame.cells;
    frame.bytes += random() % 16 == 0 ? random() : std::uint64_t{more} * 300;
    const auto reading = meter.read(frame, now, {Duration::millis(20), 48, 1'000'000});
    REQUIRE(meter.loss() <= 10'000);
    REQUIRE(meter.queue() >= Duration{});
    REQUIRE(meter.queue() <= PathMeter::kQueueMost);
    if (reading.rtt) REQUIRE(*reading.rtt > Duration{});
    if (!reading.sample) continue;
    ++samples;
    REQUIRE(reading.sample->interval > Duration{});
    REQUIRE(reading.sample->interval <= PathMeter::kIntervalMost);
    REQUIRE(reading.sample->queue <= PathMeter::kQueueMost);
    REQUIRE(reading.sample->delivered <= 1'000'000u * 1448u);
  }
  CHECK(samples > 100);
}

TEST_CASE("reports that are old, repeated or impossible give no sample") {
  PathMeter meter(7);
  const PathMeter::Link link{Duration::millis(20), 48, 100};
  wire::ReportFrame frame;
  frame.stamp = 1000;
  frame.cells = 10;
  frame.bytes = 2560;
  CHECK(!meter.read(frame, at(1000), link).sample);  // the beginning
  frame.stamp = 2'001'000;
  frame.cells = 20;
  frame.bytes = 5120;
  const auto good = meter.read(frame, at(3000), link);
  REQUIRE(good.sample);
  CHECK(good.sample->interval == PathMeter::kIntervalMost);
  CHECK(good.sample->delivered == 10 * (256 + 48) / 2);  // a second's share of two
  CHECK(!meter.read(frame, at(3001), link).sample);      // again
  frame.stamp -= 500;
  frame.cells = 30;
  frame.bytes += 2560;
  CHECK(!meter.read(frame, at(3002), link).sample);  // older
  frame.stamp += 1'000'000;
  frame.cells = 500;
  frame.bytes = 500 * 256;
  CHECK(!meter.read(frame, at(4002), link).sample);  // more than was ever sealed
  frame.stamp += 1'000'000;
  frame.cells += 10;
  frame.bytes += 14'001;
  CHECK(!meter.read(frame, at(5002), link).sample);  // no cell is that long
}

TEST_CASE("reports are due by what moved, and rarer while stamps are not echoed") {
  ReportDuty duty;
  duty.sent(at(1000));
  CHECK(duty.due({}).is_never());
  CHECK(duty.moved(1400, at(5000)));
  CHECK(duty.due({}) == at(6000));
  CHECK(duty.moved(1400, at(5001)));
  CHECK(duty.due({}) == at(5100));
  CHECK(!duty.moved(1400, at(5002)));
  for (int i = 0; i < 3; ++i) duty.moved(1400, at(5003));
  CHECK(duty.due({}) == at(1010));
  CHECK(duty.due(Duration::seconds(7)) == at(8000));
  duty.sent(at(8000));
  CHECK(duty.due({}).is_never());
}

TEST_CASE("a stock of spares is four, never old, and never made faster than slots could use it") {
  Spares spares;
  FlowLedger flow;
  int made = 0;
  for (int ms = 0; ms < 10'000; ++ms) {
    while (spares.wanted(flow) > 0 && spares.take(at(ms))) {
      spares.sealing(at(ms), flow);
      const auto ordinal = flow.post(at(ms), flow.posted());
      ++made;
      flow.complete(ordinal, at(ms));  // a shaper that knows no slots
    }
  }
  CHECK(made <= 8 + 6 * 10);
  while (spares.wanted(flow) > 0) {
    spares.sealing(at(20'000), flow);
    flow.post(at(20'000), flow.posted());
  }
  CHECK(flow.unsent() == Spares::kStock);
  CHECK(!spares.stale(at(79'999), flow));
  CHECK(spares.stale(at(80'000), flow));
  const std::uint32_t epoch = spares.epoch();
  CHECK(spares.renew(flow) == epoch + 1);
  CHECK(spares.wanted(flow) == Spares::kStock);
  CHECK(!spares.stale(at(90'000), flow));
}
