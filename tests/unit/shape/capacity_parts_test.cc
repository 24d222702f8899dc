// SPDX-License-Identifier: Apache-2.0
// What the estimate promises outside of the uplink's moods: its settings, its memory, bad reports.
#include <doctest/doctest.h>

#include "shape/capacity.h"

namespace covfefe {
namespace {

using shape::Capacity;
using shape::CapacityState;
using shape::LinkReport;

constexpr Instant kBegin{5'000'000'000};

LinkReport report_of(std::uint32_t delivered, int interval, int queue) {
  return {delivered, Duration::millis(interval), Duration::millis(queue), Duration::millis(40), 0};
}

}  // namespace

TEST_CASE("the rate is the ceiling, or unlimited, until something is congested") {
  CHECK(Capacity(4, {}, kBegin).estimate().rate == 0);
  CHECK(Capacity(4, {}, kBegin).estimate().low_water == 0);
  CHECK(Capacity(4, {1'000'000, true}, kBegin).estimate().rate == 1'000'000);
  CHECK(Capacity(4, {1'000'000, true}, kBegin).estimate().low_water == 1'000'000);
}

TEST_CASE("where nothing is to be learned the rate is the ceiling, whatever is reported") {
  Capacity capacity(2, {1'000'000, false}, kBegin);
  for (int i = 1; i < 200; ++i) {
    const Instant now = kBegin + Duration::millis(10 * i);
    capacity.report(0, report_of(500, 10, 300), now);
    capacity.step({static_cast<std::uint64_t>(i) * 10'000, 0, true}, now);
    CHECK(capacity.estimate().rate == 1'000'000);
  }
  CHECK(capacity.estimate().cuts == 0);
  CHECK(capacity.estimate().queue == Duration::millis(300));
}

TEST_CASE("a changed ceiling holds at once") {
  Capacity capacity(2, {1'000'000, true}, kBegin);
  capacity.configure({400'000, true}, kBegin);
  CHECK(capacity.estimate().rate == 400'000);
  capacity.configure({0, true}, kBegin);
  CHECK(capacity.estimate().rate == 0);
  capacity.configure({8'192, true}, kBegin);
  CHECK(capacity.estimate().rate == 8'192);
}

TEST_CASE("silence after much was sent is a stall, unless it makes no report due") {
  enum class Sent : std::uint8_t { Circuits, Links, Strangers };
  for (const Sent what : {Sent::Circuits, Sent::Links, Sent::Strangers}) {
    CAPTURE(static_cast<int>(what));
    Capacity capacity(2, {0, true}, kBegin);
    capacity.report(0, report_of(500, 10, 0), kBegin);
    std::uint64_t sent = 0;
    for (int i = 1; i < 200; ++i) {
      sent += 920;  // ten cookie replies
      const std::uint64_t strange = what == Sent::Strangers ? sent : 0;
      const std::uint64_t mute = what == Sent::Circuits ? 0 : sent;
      capacity.step({sent, 0, false, strange, mute}, kBegin + Duration::millis(10 * i));
    }
    const bool stall = what == Sent::Circuits;
    CHECK((capacity.estimate().state == CapacityState::Stall) == stall);
    CHECK((capacity.estimate().rate != 0) == stall);
  }
}

TEST_CASE("a first report ends silence, and another router ends a stall") {
  Capacity capacity(2, {0, true}, kBegin);
  capacity.report(0, report_of(500, 10, 0), kBegin);
  std::uint64_t sent = 0;
  const auto send = [&](int from, int to) {
    for (int at = from; at < to; at += 10) {
      capacity.step({sent += 2'000, 0, false}, kBegin + Duration::millis(at));
    }
  };
  send(10, 600);
  CHECK(capacity.estimate().state == CapacityState::Stall);
  capacity.begin_anew(kBegin + Duration::millis(600));
  send(600, 1'600);
  CHECK(capacity.estimate().state == CapacityState::Steady);
  CHECK(capacity.estimate().rate == 0);
  for (int at = 1'600; at < 3'000; at += 200) {
    capacity.hear(kBegin + Duration::millis(at));
    send(at, at + 200);
  }
  CHECK(capacity.estimate().state == CapacityState::Steady);
  send(3'000, 3'500);
  CHECK(capacity.estimate().state == CapacityState::Stall);
}

TEST_CASE("a queue without demand is not ours and cuts nothing") {
  for (const std::uint64_t ceiling : {std::uint64_t{0}, std::uint64_t{1'000'000}}) {
    Capacity capacity(2, {ceiling, true}, kBegin);
    std::uint64_t sent = 0;
    for (int i = 1; i < 500; ++i) {
      const Instant now = kBegin + Duration::millis(20 * i);
      capacity.report(0, report_of(200, 20, 250), now);
      capacity.step({sent += 200, 0, false}, now);
    }
    CHECK(capacity.estimate().cuts == 0);
    CHECK(capacity.estimate().rate == ceiling);
  }
}

TEST_CASE("what is promised is kept while a queue drains, as far as it is carried") {
  Capacity capacity(1, {1'000'000, true}, kBegin);
  std::uint64_t sent = 0;
  std::uint64_t least = 1'000'000;
  for (int i = 1; i < 200; ++i) {
    const Instant now = kBegin + Duration::millis(10 * i);
    const bool fallen = i > 100;
    capacity.report(0, report_of(fallen ? 5'000 : 10'000, 10, fallen ? 200 : 0), now);
    capacity.step({sent += capacity.estimate().rate / 100, 300'000, true}, now);
    least = std::min(least, capacity.estimate().rate);
  }
  CHECK(capacity.estimate().cuts >= 1);
  CHECK(least >= 300'000);
  CHECK(least <= 400'000);
}

TEST_CASE("absurd reports are survived and never leave the bounds") {
  for (const std::uint64_t ceiling : {std::uint64_t{0}, std::uint64_t{2'000'000}}) {
    Capacity capacity(3, {ceiling, true}, kBegin);
    std::uint64_t sent = 0;
    for (int i = 1; i < 20'000; ++i) {
      const Instant now = kBegin + Duration::millis(3 * i);
      LinkReport report;
      report.delivered = i % 3 == 0 ? 0xffffffff : 0;
      report.interval = Duration{i % 5 == 0 ? 0 : 1'040'000'000};
      report.queue = Duration::millis(i % 7 < i / 5'000 ? 2'090 : 0);
      report.rtt = Duration{i % 11 == 0 ? 0 : 4'190'000'000};
      report.lost = static_cast<std::uint8_t>(i % 13 == 0 ? 255 : i);
      capacity.report(static_cast<std::uint32_t>(i % 3), report, now);
      capacity.step({sent += 5'000, 0xffffffffffff, i % 2 == 0}, now);
      const std::uint64_t rate = capacity.estimate().rate;
      const bool bounded = rate >= shape::kLeastCapacity && rate <= shape::kMostCapacity;
      CHECK((bounded || (rate == 0 && ceiling == 0)));
      if (ceiling != 0) CHECK(rate <= ceiling);
    }
  }
}

TEST_CASE("the low water is the first percentile of ten minutes") {
  shape::CapacityHistory history(kBegin);
  for (int second = 1; second <= 600; ++second) {
    const std::uint64_t capacity = second <= 5 ? 100 : second <= 7 ? 200 : 300;
    history.step({capacity, 0, 0}, kBegin + Duration::seconds(second));
  }
  CHECK(history.low_water() == 200);
  history.step({300, 0, 0}, kBegin + Duration::seconds(601));
  CHECK(history.low_water() == 200);
  history.step({300, 0, 0}, kBegin + Duration::seconds(602));
  CHECK(history.low_water() == 300);
  history.step({0, 0, 0}, kBegin + Duration::seconds(1'300));
  CHECK(history.low_water() == 0);
}

TEST_CASE("what is remembered bounds the low water until ten minutes are measured") {
  shape::CapacityHistory history(kBegin);
  history.recall(150);
  CHECK(history.low_water() == 150);
  history.step({300, 0, 0}, kBegin + Duration::seconds(599));
  CHECK(history.low_water() == 150);
  history.step({300, 0, 0}, kBegin + Duration::seconds(600));
  CHECK(history.low_water() == 300);
}

TEST_CASE("each minute leaves one sample, and at most 600 are kept") {
  shape::CapacityHistory history(kBegin);
  history.step({500, 0, 0}, kBegin + Duration::seconds(30));
  history.step({400, 6'000, 2}, kBegin + Duration::seconds(60));
  shape::MinuteSample minute;
  REQUIRE(history.take_minute(minute));
  CHECK(minute.at == kBegin + Duration::seconds(60));
  CHECK(minute.rate == 400);
  CHECK(minute.lowest == 400);
  CHECK(minute.sent == 100);
  CHECK(minute.cuts == 2);
  CHECK_FALSE(history.take_minute(minute));
  for (int i = 1; i <= 700; ++i) history.step({400, 0, 2}, kBegin + Duration::minutes(1 + i));
  int count = 0;
  Instant last;
  while (history.take_minute(minute)) {
    CHECK(minute.at > last);
    last = minute.at;
    ++count;
  }
  CHECK(count == 600);
  CHECK(last == kBegin + Duration::minutes(701));
}

TEST_CASE("a link that another friend takes over begins anew") {
  shape::CapacityLinks links(2);
  links.report(0, report_of(10'000, 10, 80), kBegin);
  links.report(0, report_of(10'000, 10, 80), kBegin + Duration::millis(10));
  CHECK(links.view(kBegin + Duration::millis(11)).queue == Duration::millis(80));
  links.forget(0);
  CHECK(links.view(kBegin + Duration::millis(12)).links == 0);
}

TEST_CASE("with five links or more the median by bytes decides, with fewer a witness may object") {
  shape::CapacityLinks links(8);
  const auto vote = [&links](int queued, int calm) {
    static int round = 0;
    const Instant from = kBegin + Duration::seconds(10 * ++round);
    for (int twice = 1; twice <= 2; ++twice) {
      for (int link = 0; link < queued + calm; ++link) {
        links.report(static_cast<std::uint32_t>(link),
                     report_of(10'000, 10, link < queued ? 40 : 1),
                     from + Duration::millis(10 * twice));
      }
    }
    return links.view(from + Duration::millis(21)).queue;
  };
  CHECK(vote(4, 4) >= Duration::millis(32));
  CHECK(vote(3, 5) <= Duration::millis(2));
  CHECK(vote(2, 1) <= Duration::millis(2));
  CHECK(vote(3, 0) == Duration::millis(40));
  CHECK(vote(1, 0) == Duration::millis(40));
}

}  // namespace covfefe
