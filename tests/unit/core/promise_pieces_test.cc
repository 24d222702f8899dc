// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "core/promise/allowance.h"
#include "core/promise/payload.h"
#include "core/promise/words.h"

using namespace covfefe;
using namespace covfefe::core;

TEST_CASE("an allowance lets its rate pass and not one cell more") {
  for (const std::uint64_t rate : {256ull, 10'000ull, 1'000'003ull, 1ull << 30}) {
    Allowance allowance;
    allowance.set(rate);
    Instant now{5'000'000'000};
    while (allowance.take(304, now)) {
    }
    std::uint64_t passed = 0;
    const std::int64_t seconds = rate < 10'000 ? 1'000 : 1;
    const Instant until = now + Duration::seconds(seconds);
    // Cells come at three times the rate.
    const auto step = static_cast<std::int64_t>(304.0 / static_cast<double>(rate) / 3.0 * 1e9);
    const std::int64_t pause = std::max<std::int64_t>(1, step);
    while (now < until) {
      now = now + Duration{pause};
      if (allowance.take(304, now)) passed += 304;
    }
    const auto due = static_cast<double>(rate) * static_cast<double>(seconds);
    CHECK(static_cast<double>(passed) <= due * 1.0001 + 304);
    CHECK(static_cast<double>(passed) >= due * 0.9999 - 608);
  }
}

TEST_CASE("an allowance of a slow rate lets two large cells pass at once, of a fast one 50 ms") {
  Allowance slow;
  slow.set(1'000);
  CHECK(slow.take(1'448, {1}));
  CHECK(slow.take(1'448, {1}));
  CHECK_FALSE(slow.take(1'448, {1}));
  Allowance fast;
  fast.set(10'000'000);
  std::uint64_t passed = 0;
  while (fast.take(1'000, {1})) passed += 1'000;
  CHECK(passed == 500'000);
}

TEST_CASE("nothing conforms where nothing is leased") {
  Allowance none;
  CHECK_FALSE(none.take(1, {1'000'000'000}));
  none.set(1'000);
  CHECK(none.take(304, {1'000'000'000}));
  none.set(0);
  CHECK_FALSE(none.take(304, {60'000'000'000}));
}

TEST_CASE("an allowance that is changed does not forgive what was taken") {
  Allowance allowance;
  allowance.set(1'000);
  while (allowance.take(304, {1})) {
  }
  allowance.set(1'001);
  CHECK_FALSE(allowance.take(1'448, {1}));
}

TEST_CASE("payload is counted in the cells that carry it") {
  const Line plain;
  CHECK(packet_cost(83, plain) == 256 + 48);
  CHECK(packet_cost(95, plain) == 256 + 48);
  CHECK(packet_cost(96, plain) == 1'400 + 48);
  CHECK(packet_cost(1'232, plain) == 1'400 + 48);
  CHECK(packet_cost(83, {44, Line::Cells::Both}) == 256 + 48 + 44);
  CHECK(packet_cost(96, {0, Line::Cells::SmallOnly}) == 11 * (256 + 48));
  // 10 KiB/s of 83-byte packets are 124 cells a second.
  CHECK(wire_rate(10'240, 83, plain) == (10'240 * 304 + 82) / 83);
  CHECK(wire_rate(1, 1'232, plain) == 2);
  CHECK(wire_rate(wire::kPromisedRateMost, 1, {256, Line::Cells::SmallOnly}) > kLeaseRateMost);
}

TEST_CASE("what a lease carries is never more than what it was made for") {
  for (const unsigned bytes : {1u, 20u, 83u, 95u, 96u, 500u, 1'232u}) {
    const auto packet = static_cast<std::uint16_t>(bytes);
    for (const std::uint32_t rate : {1u, 100u, 10'240u, 999'999u}) {
      const std::uint64_t wire = wire_rate(rate, packet, {});
      const std::uint32_t back = payload_rate(static_cast<std::uint32_t>(wire), packet, {});
      CHECK(back >= rate);
      CHECK(payload_rate(static_cast<std::uint32_t>(wire) - 1, packet, {}) < back + 1);
      CHECK(back <= wire);
    }
  }
}

TEST_CASE("times and rates are put as people say them") {
  CHECK(in_words(Duration::seconds(0)) == "0 s");
  CHECK(in_words(Duration::seconds(59)) == "59 s");
  CHECK(in_words(Duration::minutes(10)) == "10 min");
  CHECK(in_words(Duration::minutes(150)) == "2 h 30 min");
  CHECK(in_words(Duration::hours(25)) == "1 d 1 h");
  CHECK(in_words(Duration::seconds(86'405)) == "1 d");
  CHECK(rate_in_words(300) == "300 B/s");
  CHECK(rate_in_words(10'240) == "10 KiB/s");
  CHECK(rate_in_words(1'572'864) == "1.5 MiB/s");
}
