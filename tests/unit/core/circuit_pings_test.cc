// SPDX-License-Identifier: Apache-2.0
// The operator's pings inside sessions.
#include <doctest/doctest.h>

#include <algorithm>

#include "circuit_pair.h"

using namespace covfefe;
using namespace covfefe::core;
using test::Pair;

TEST_CASE("a ping is answered with its round trip and path") {
  Pair pair;
  REQUIRE(pair.established());
  pair.left.step(pair.now, [&] {
    pair.left.circuits.ask(RequestId{1},
                           PingQuery{pair.right.keystore.address(), Duration::seconds(1)});
  });
  pair.now = pair.now + Duration::millis(20);
  pair.exchange();
  const PingReport* report = pair.left.ping_report();
  REQUIRE(report != nullptr);
  CHECK(report->ok);
  CHECK(report->rtt == Duration::millis(20));
  CHECK(report->path == "direct 192.0.2.1:6364");
}

TEST_CASE("a flood of pings is not answered with a flood") {
  Pair pair;
  REQUIRE(pair.established());
  const std::uint64_t before = pair.right.count(Count::CellsSent);
  for (std::uint64_t i = 0; i < 40 * 64; ++i) {
    pair.left.step(pair.now, [&] {
      pair.left.circuits.ask(RequestId{i + 1},
                             PingQuery{pair.right.keystore.address(), Duration::millis(1)});
    });
    if (i % 64 != 63) continue;
    pair.exchange();
    pair.now = pair.now + Duration::millis(2);
  }
  pair.exchange();
  CHECK(pair.right.count(Count::CellsSent) - before > 10);
  CHECK(pair.right.count(Count::CellsSent) - before < 200);
}

TEST_CASE("a ping waits for the session, and says why when none came") {
  Pair pair;
  pair.down();
  pair.left.step(pair.now, [&] {
    pair.left.circuits.ask(RequestId{1},
                           PingQuery{pair.right.keystore.address(), Duration::seconds(1)});
  });
  pair.tick(Duration::millis(1100));
  REQUIRE(pair.left.ping_report() != nullptr);
  CHECK(pair.left.ping_report()->why == "the link to this friend is not up");
  pair.left.effects.reports.clear();
  pair.left.step(pair.now, [&] {
    pair.left.circuits.ask(RequestId{2},
                           PingQuery{pair.right.keystore.address(), Duration::seconds(5)});
  });
  CHECK(pair.established());
  REQUIRE(pair.left.ping_report() != nullptr);
  CHECK(pair.left.ping_report()->ok);
}

TEST_CASE("a ping to nobody, and one too many, are answered at once") {
  Pair pair;
  pair.left.step(pair.now, [&] {
    pair.left.circuits.ask(RequestId{1},
                           PingQuery{*parse_address("fd77::1"), Duration::seconds(1)});
  });
  REQUIRE(pair.left.ping_report() != nullptr);
  CHECK(pair.left.ping_report()->why == "no friend has this address, and no friend serves it");
  pair.left.effects.reports.clear();
  pair.left.step(pair.now, [&] {
    for (std::uint64_t i = 0; i < Pings::kMost; ++i) {
      pair.left.circuits.ask(RequestId{i + 2},
                             PingQuery{pair.right.keystore.address(), Duration::seconds(9)});
    }
  });
  CHECK(pair.left.effects.reports.empty());
  pair.left.step(pair.now, [&] {
    pair.left.circuits.ask(RequestId{99},
                           PingQuery{pair.right.keystore.address(), Duration::seconds(9)});
  });
  REQUIRE(pair.left.ping_report() != nullptr);
  CHECK(pair.left.ping_report()->why == "too many pings are under way");
}

TEST_CASE("pings of one moment share cells, and each is answered") {
  Pair pair;
  REQUIRE(pair.established());
  pair.left.step(pair.now, [&] {
    for (std::uint64_t i = 1; i <= 25; ++i) {
      pair.left.circuits.ask(RequestId{i},
                             PingQuery{pair.right.keystore.address(), Duration::seconds(1)});
    }
  });
  CHECK(pair.left.link.out.size() == 3);  // ten pings fill a small cell
  pair.exchange();
  const auto answered = std::ranges::count_if(pair.left.effects.reports, [](const Report& one) {
    const auto* answer = std::get_if<Answer>(&one);
    return answer != nullptr && std::get<PingReport>(answer->what).ok;
  });
  CHECK(answered == 25);
}
