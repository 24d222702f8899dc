// SPDX-License-Identifier: Apache-2.0
// Guarantees, weights and caps, against arithmetic.
#include <doctest/doctest.h>

#include <random>
#include <vector>

#include "line.h"

namespace covfefe {
namespace {

using shape::Level;
using shape::Share;
using tests::bulk;
using tests::item;
using tests::kStart;
using tests::Line;

std::uint64_t in(std::uint64_t rate, Duration span) {
  return rate / 1'000 * static_cast<std::uint64_t>(span.nanoseconds) / 1'000'000;
}
bool near(std::uint64_t is, std::uint64_t should, std::uint64_t slack) {
  return is + slack >= should && is <= should + slack;
}

TEST_CASE("a thousand equal flows get equal shares") {
  Line line({.items = 8'192, .total_bytes = 1 << 30});
  line.scheduler.set_rate(12'500'000);
  line.run_until(kStart + Duration::seconds(20), [&] {
    for (std::uint32_t link = 0; link < 1'000; ++link) line.keep(bulk(link), 2);
  });
  double sum = 0;
  double squares = 0;
  for (std::uint32_t link = 0; link < 1'000; ++link) {
    const auto one = static_cast<double>(line.of(link, FlowClass::Bulk));
    sum += one;
    squares += one * one;
  }
  CHECK(sum * sum / (1'000 * squares) >= 0.9999);  // Jain's index
  CHECK(near(line.total, in(12'500'000, Duration::seconds(20)), 8'000));
}

TEST_CASE("what is left is divided by weight: levels, then links, then classes") {
  Line line;
  line.scheduler.set_rate(2'500'000);
  line.scheduler.set_level(Level::Met, {.weight = 8});
  line.scheduler.set_level(Level::Known, {.weight = 2});
  line.scheduler.set_relayed(0, 1);
  line.scheduler.set_link(1, {.level = Level::Met, .share = {.weight = 3}});
  line.scheduler.set_link(2, {.level = Level::Met, .share = {.weight = 1}});
  line.scheduler.set_link(3, {.level = Level::Known});
  const Duration span = Duration::seconds(40);
  line.run_until(kStart + span, [&] {
    for (std::uint32_t link = 1; link <= 3; ++link) line.keep(bulk(link), 3);
    line.keep(item(2, FlowClass::Interactive, 600), 6);
    line.keep(item(1, FlowClass::Relayed, 1'448), 3);
    line.keep(item(3, FlowClass::Relayed, 1'448), 3);
  });
  const std::uint64_t all = in(2'500'000, span);
  const std::uint64_t slack = all / 500;
  CHECK(near(line.of(1, FlowClass::Bulk), all * 8 / 11 * 3 / 4, slack));
  CHECK(near(line.of(2, FlowClass::Bulk), all * 8 / 11 / 4 / 5, slack));
  CHECK(near(line.of(2, FlowClass::Interactive), all * 8 / 11 / 4 * 4 / 5, slack));
  CHECK(near(line.of(3, FlowClass::Bulk), all * 2 / 11, slack));
  CHECK(near(line.of(1, FlowClass::Relayed), all / 22, slack));
  CHECK(near(line.of(3, FlowClass::Relayed), all / 22, slack));
}

TEST_CASE("a reserve comes on top of the share by weight") {
  Line line;
  line.scheduler.set_rate(1'000'000);
  line.scheduler.set_link(1, {.share = {.reserve = 400'000}});
  const Duration span = Duration::seconds(20);
  line.run_until(kStart + span, [&] {
    for (std::uint32_t link = 1; link <= 3; ++link) line.keep(bulk(link), 3);
  });
  CHECK(near(line.of(1, FlowClass::Bulk), in(600'000, span), in(2'000, span)));
  CHECK(near(line.of(2, FlowClass::Bulk), in(200'000, span), in(2'000, span)));
  CHECK(line.scheduler.guaranteed_bytes(1) >= in(399'000, span));
}

TEST_CASE("a level's reserve is its links' by weight, and one factor scales it all") {
  Line line;
  line.scheduler.set_rate(1'000'000);
  line.scheduler.set_level(Level::Met, {.reserve = 600'000});
  line.scheduler.set_level(Level::None, {.weight = 1'000});  // takes all of what is left
  line.scheduler.set_link(1, {.level = Level::Met, .share = {.weight = 2}});
  line.scheduler.set_link(2, {.level = Level::Met});
  const auto feed = [&] {
    for (std::uint32_t link = 1; link <= 3; ++link) line.keep(bulk(link), 3);
  };
  const Duration span = Duration::seconds(20);
  line.run_until(kStart + span, feed);
  CHECK(near(line.of(1, FlowClass::Bulk), in(400'000, span), in(4'000, span)));
  CHECK(near(line.of(2, FlowClass::Bulk), in(200'000, span), in(4'000, span)));
  const std::uint64_t before = line.of(1, FlowClass::Bulk);
  line.scheduler.set_scale(Level::Met, 250);
  line.run_until(line.now + span, feed);
  CHECK(near(line.of(1, FlowClass::Bulk) - before, in(100'000, span), in(4'000, span)));
}

// One after the other a thousand random sets of promises; each held for a while by flows that
// always want more.
TEST_CASE("no guarantee is ever short by more than one cell") {
  std::mt19937_64 random(11);
  std::uint64_t datagrams = 0;
  for (int round = 0; round < 60; ++round) {
    const std::uint64_t rate = std::uint64_t{100'000} << random() % 10;
    Line line({.items = 4'096, .total_bytes = 1 << 26});
    line.scheduler.set_rate(rate);
    const std::uint32_t links = 2 + static_cast<std::uint32_t>(random() % 40);
    std::vector<std::uint64_t> reserve(links);
    std::uint64_t left = rate * 8 / 10;
    for (std::uint64_t& one : reserve) {
      one = random() % 3 == 0 ? random() % (left + 1) : random() % (left / links + 1);
      left -= one;
    }
    for (std::uint32_t link = 0; link < links; ++link) {
      line.scheduler.set_link(link,
                              {.level = static_cast<Level>(random() % 4),
                               .share = {.reserve = reserve[link],
                                         .weight = 1 + static_cast<std::uint32_t>(random() % 9)}});
    }
    std::uint64_t worst = 0;
    const auto check = [&] {
      const Duration since = line.now - kStart;
      for (std::uint32_t link = 0; link < links; ++link) {
        line.keep(bulk(link), 3);
        if (random() % 8 == 0) (void)line.add(item(link, FlowClass::Control, 304));
        const std::uint64_t owed = static_cast<std::uint64_t>(
            static_cast<double>(reserve[link]) * static_cast<double>(since.nanoseconds) / 1e9);
        const std::uint64_t had = line.scheduler.of_link(link).sent_bytes;
        if (owed > had) worst = std::max(worst, owed - had);
      }
    };
    const Duration span{static_cast<std::int64_t>(6'000ULL * 1'448 * 1'000'000'000 / rate)};
    line.run_until(kStart + span, check);
    datagrams += line.total / 1'448;
    // One cell of its own, and the one of somebody else that was already on the line.
    CHECK(worst <= shape::kLargeCellWire + shape::kLargeCellWire);
  }
  CHECK(datagrams > 300'000);
}

TEST_CASE("a capped link gets its cap and the others the rest") {
  Line line;
  line.scheduler.set_rate(12'500'000);
  line.scheduler.set_link(1, {.share = {.cap = 1'000'000}});
  const Duration span = Duration::seconds(5);
  line.run_until(kStart + span, [&] {
    line.keep(bulk(1), 3);
    line.keep(item(1, FlowClass::Relayed, 1'448), 3);
    line.keep(bulk(2), 3);
  });
  const std::uint64_t capped = line.of(1, FlowClass::Bulk) + line.of(1, FlowClass::Relayed);
  CHECK(capped <= in(1'000'000, span) + 2'000 + shape::kLargeCellWire);
  CHECK(capped >= in(995'000, span));
  CHECK(near(line.of(2, FlowClass::Bulk), in(11'500'000, span), in(10'000, span)));
}

TEST_CASE("a level's cap holds its links, and relayed traffic has one of its own") {
  Line line;
  line.scheduler.set_rate(12'500'000);
  line.scheduler.set_level(Level::None, {.cap = 2'000'000, .weight = 100});
  line.scheduler.set_relayed(1'000'000, 100);
  line.scheduler.set_link(3, {.level = Level::Met});
  const Duration span = Duration::seconds(5);
  line.run_until(kStart + span, [&] {
    for (std::uint32_t link = 1; link <= 3; ++link) {
      line.keep(bulk(link), 3);
      line.keep(item(link, FlowClass::Relayed, 1'448), 3);
    }
  });
  std::uint64_t relayed = 0;
  for (std::uint32_t link = 1; link <= 3; ++link) relayed += line.of(link, FlowClass::Relayed);
  CHECK(near(relayed, in(1'000'000, span), in(5'000, span)));
  CHECK(near(line.of(1, FlowClass::Bulk), in(1'000'000, span), in(5'000, span)));
  CHECK(near(line.of(2, FlowClass::Bulk), in(1'000'000, span), in(5'000, span)));
  CHECK(near(line.of(3, FlowClass::Bulk), in(9'500'000, span), in(20'000, span)));
}

TEST_CASE("caps alone leave the line idle and wake nobody more than once a datagram") {
  Line line;
  line.scheduler.set_rate(1'000'000);
  line.scheduler.set_link(1, {.share = {.cap = 10'000}});
  line.add(bulk(1), 100);
  std::uint64_t looks = 0;
  while (line.scheduler.queued() > 2) {
    (void)line.leave();
    line.now = std::max(line.now + Duration{1}, line.scheduler.next_deadline());
    ++looks;
  }
  CHECK(looks <= 2 * 100);
  CHECK(line.total <= in(10'000, line.now - kStart) + 2 * shape::kLargeCellWire);
}

TEST_CASE("control goes first, by trust, and is policed without being lost") {
  Line line;
  line.scheduler.set_rate(1'000'000);
  line.scheduler.set_link(1, {.level = Level::Met});
  const Duration span = Duration::seconds(10);
  line.run_until(kStart + span, [&] {
    line.keep(item(1, FlowClass::Control, 304), 5);
    line.keep(item(2, FlowClass::Control, 304), 5);
    line.keep(bulk(3), 3);
    line.keep(bulk(4), 3);
  });
  // 5 % first come, all of it to the one that was met; the rest by weight like everything else.
  const std::uint64_t met = line.of(1, FlowClass::Control);
  CHECK(near(met, in(50'000 + 475'000, span), in(5'000, span)));
  CHECK(near(line.of(3, FlowClass::Bulk), in(950'000, span) / 6, in(5'000, span)));
  CHECK(near(line.of(2, FlowClass::Control), in(950'000, span) / 6, in(5'000, span)));
  CHECK(line.scheduler.of(shape::Account::Control).dropped == 0);
}

TEST_CASE("a datagram of control overtakes all data that waits") {
  Line line;
  line.scheduler.set_rate(1'000'000);
  line.add(bulk(1), 10);
  (void)line.leave();
  REQUIRE(line.add(item(100, FlowClass::Control, 304, 77)));
  line.now = line.scheduler.next_deadline();
  const auto sent = line.leave();
  REQUIRE(!sent.empty());
  CHECK(sent[0].item.frame == 77);
}

TEST_CASE("changes of one link leave the others' turns, clocks and queues alone") {
  std::mt19937_64 random(5);
  Line line;
  line.scheduler.set_rate(2'000'000);
  line.scheduler.set_link(1, {.share = {.reserve = 200'000}});
  const Duration span = Duration::seconds(20);
  line.run_until(kStart + span, [&] {
    for (std::uint32_t link = 1; link <= 4; ++link) line.keep(bulk(link), 3);
    const auto other = static_cast<std::uint32_t>(5 + random() % 20);
    line.scheduler.set_link(other, {.level = static_cast<Level>(random() % 4),
                                    .share = {random() % 9'999, random() % 99'999, 3}});
    if (random() % 8 == 0) line.scheduler.remove_link(other);
  });
  CHECK(near(line.of(1, FlowClass::Bulk), in(650'000, span), in(5'000, span)));
  CHECK(near(line.of(4, FlowClass::Bulk), in(450'000, span), in(5'000, span)));
}

TEST_CASE("a standing bulk queue is thinned and a burst that drains is not") {
  Line line;
  line.scheduler.set_rate(125'000);
  line.add(bulk(1), 8);  // 93 ms of it
  line.run_until(kStart + Duration::millis(200), [] {});
  CHECK(line.dropped == 0);
  line.run_until(line.now + Duration::seconds(5), [&] { line.keep(bulk(1), 20); });
  CHECK(line.dropped > 50);
  // What waits hopelessly long goes, but never the last two: whoever is served rarely is served.
  Line slow;
  slow.scheduler.set_rate(2'896);
  slow.add(bulk(1), 6);
  slow.add(bulk(2), 6);
  slow.run_until(kStart + Duration::seconds(6), [] {});
  CHECK(slow.scheduler.queued() == 0);
  CHECK(slow.of(1, FlowClass::Bulk) >= 2 * 1'448);
  CHECK(slow.of(2, FlowClass::Bulk) >= 2 * 1'448);
  CHECK(slow.dropped >= 2);
}

}  // namespace
}  // namespace covfefe
