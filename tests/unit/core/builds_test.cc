// SPDX-License-Identifier: Apache-2.0
// Circuits over several nodes: built, used, refused. How they end is in builds_end_test.cc, hostile
// neighbours are in builds_hostile_test.cc.
#include <doctest/doctest.h>

#include <algorithm>

#include "build_chain.h"

using namespace covfefe;
using namespace covfefe::core;
using namespace covfefe::test;

// ---- building ----------------------------------------------------------------------------------

TEST_CASE("a circuit of any length is built with one cell each way on every link") {
  for (std::size_t nodes = 2; nodes <= 6; ++nodes) {
    CAPTURE(nodes);
    Chain chain(nodes);
    std::size_t builds = 0;
    std::size_t others = 0;
    chain.tap = [&](std::size_t, std::size_t, Sent& what) {
      const bool build = std::holds_alternative<SentBuild>(what);
      builds += build || std::holds_alternative<SentBuilt>(what) ? 1 : 0;
      others += std::holds_alternative<SentDestroy>(what) ? 1 : 0;
      return true;
    };
    chain.build();
    CHECK(builds == 2 * (nodes - 1));
    CHECK(others == 0);
    CHECK(chain.first().made[0].replies == nodes - 1);
    CHECK(chain.first().made[0].answer == Bytes(wire::kBuildAnswer, 0x5a));
    CHECK(chain.circuits() == 2 * (nodes - 1));
  }
}

// Nobody here has a lease, so a relay passes what is realtime on with the rest (Q8).
TEST_CASE("cells of both sizes and lanes pass a circuit of any length in both directions") {
  for (std::size_t nodes = 2; nodes <= 6; ++nodes) {
    CAPTURE(nodes);
    Chain chain(nodes);
    chain.build();
    std::uint8_t fill = 1;
    for (const std::size_t onion : {wire::kLargeOnion, wire::kSmallOnion}) {
      for (const Lane lane : {Lane::Bulk, Lane::Realtime}) {
        chain.send_out(fill, onion, lane);
        REQUIRE(!chain.last().received.empty());
        CHECK(chain.last().received.back().body == Bytes(onion - 80, fill));
        CHECK(chain.last().received.back().circuit == chain.far);
        CHECK(chain.last().received.back().lane == (nodes == 2 ? lane : Lane::Bulk));
        chain.send_back(++fill, onion, lane);
        REQUIRE(!chain.first().received.empty());
        CHECK(chain.first().received.back().body == Bytes(onion - 80, fill));
        CHECK(chain.first().received.back().circuit == chain.near);
        CHECK(chain.first().received.back().lane == (nodes == 2 ? lane : Lane::Bulk));
        ++fill;
      }
    }
    CHECK(chain.last().received.size() == 4);
    CHECK(chain.first().received.size() == 4);
    for (std::size_t i = 1; i + 1 < nodes; ++i) {
      CHECK(chain.at(i).count(Count::RelayedCells) == 8);
      CHECK(chain.at(i).builds().relayed().at(0).cells == 8);
      CHECK(chain.at(i).builds().faults(chain.slot(i, i - 1)).relayed_cells == 8);
      CHECK(chain.at(i).builds().faults(chain.slot(i, i + 1)).relayed_cells == 0);
    }
  }
}

TEST_CASE("every link sees other counters, ids and bytes of one cell") {
  Chain chain(5);
  chain.build();
  std::vector<SentCell> seen;
  chain.tap = [&](std::size_t, std::size_t, Sent& what) {
    if (const auto* cell = std::get_if<SentCell>(&what)) seen.push_back(*cell);
    return true;
  };
  chain.send_out(7);
  REQUIRE(seen.size() == 4);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    for (std::size_t j = i + 1; j < seen.size(); ++j) {
      CHECK(seen[i].header.counter != seen[j].header.counter);
      CHECK(seen[i].onion != seen[j].onion);
    }
  }
}

TEST_CASE("an ephemeral that the origin brought is the one that the last hop sees") {
  Chain chain(3);
  crypto::Drbg random(ByteArray<32>{9});
  const crypto::KeyPair pair = crypto::make_key_pair(random);
  BuildTerms terms;
  terms.last_ephemeral = &pair;
  REQUIRE(chain.start(chain.path(chain.over), terms).has_value());
  chain.exchange();
  CHECK(chain.first().made.size() == 1);
  CHECK(chain.last().ephemeral == pair.public_key);
}

TEST_CASE("without a clock, a link or room nothing is started and nothing stays behind") {
  Chain chain(3);
  chain.first().frames = false;
  CHECK_FALSE(chain.start_over(chain.over).has_value());
  chain.first().frames = true;
  CHECK(chain.circuits() == 0);
  chain.tap = [](std::size_t, std::size_t, Sent&) { return false; };
  for (int i = 0; i < 64; ++i) CHECK(chain.start_over(chain.over).has_value());
  CHECK_FALSE(chain.start_over(chain.over).has_value());
  CHECK(chain.circuits() == 64);
  chain.tick(Duration::seconds(6));
  CHECK(chain.first().failed.size() == 64);
  CHECK(chain.circuits() == 0);
}

// ---- refusals ----------------------------------------------------------------------------------

TEST_CASE("a refusal at any hop is told with its place and leaves nothing behind") {
  for (std::size_t refusing = 1; refusing < 5; ++refusing) {
    CAPTURE(refusing);
    Chain chain(5);
    const CircuitPath path = chain.path(chain.over);
    wire::BuildStatus expected = wire::BuildStatus::NoNext;
    if (refusing == 4) {
      chain.last().grants = expected = wire::BuildStatus::Refused;
    } else {
      chain.at(refusing).handles.clear();
    }
    REQUIRE(chain.start(path).has_value());
    chain.exchange();
    REQUIRE(chain.first().failed.size() == 1);
    const BuildFailure failure = chain.first().failed[0].failure;
    CHECK(failure.fault == BuildFault::Refused);
    CHECK(failure.hop == refusing - 1);
    CHECK(failure.status == expected);
    CHECK(chain.at(refusing).count(Count::BuildRefused) == 1);
    CHECK(chain.circuits() == 0);
  }
}

TEST_CASE("a node that passes nobody's circuits says so, and still is a destination") {
  CircuitPolicy policy;
  policy.relaying = Relaying::Refuse;
  Chain three(3, policy);
  REQUIRE(three.start_over(three.over).has_value());
  REQUIRE(three.first().failed.size() == 1);
  CHECK(three.first().failed[0].failure.status == wire::BuildStatus::NotRelaying);
  CHECK(three.first().failed[0].failure.hop == 0);
  Chain two(2, policy);
  two.build();
}

TEST_CASE("a handle that was given to another friend names nobody") {
  Chain chain(4);
  CircuitPath path = chain.path(chain.over);
  chain.at(2).handles.begin()->second.second = LinkSlot{1};
  REQUIRE(chain.start(path).has_value());
  chain.exchange();
  REQUIRE(chain.first().failed.size() == 1);
  CHECK(chain.first().failed[0].failure.status == wire::BuildStatus::NoNext);
  CHECK(chain.first().failed[0].failure.hop == 1);
}

TEST_CASE("a handle that leads back where the build came from names nobody") {
  Chain chain(3);
  CircuitPath path = chain.path(chain.over);
  auto& way = chain.at(1).handles.begin()->second;
  way.first = way.second;
  REQUIRE(chain.start(path).has_value());
  chain.exchange();
  REQUIRE(chain.first().failed.size() == 1);
  CHECK(chain.first().failed[0].failure.status == wire::BuildStatus::NoNext);
}

TEST_CASE("a link that is down further on is told as next down") {
  Chain chain(4);
  chain.at(2).links[chain.slot(2, 3).value].up = false;
  REQUIRE(chain.start_over(chain.over).has_value());
  REQUIRE(chain.first().failed.size() == 1);
  CHECK(chain.first().failed[0].failure.status == wire::BuildStatus::NextDown);
  CHECK(chain.first().failed[0].failure.hop == 1);
  CHECK(chain.circuits() == 0);
}

TEST_CASE("a build sealed to a key that the hop has not is answered at once") {
  Chain chain(4);
  for (std::size_t wrong = 0; wrong < 3; ++wrong) {
    CAPTURE(wrong);
    CircuitPath path = chain.path(chain.over);
    path.hops[wrong].onion_key = chain.first().onion_key();
    REQUIRE(chain.start(path).has_value());
    chain.exchange();
    REQUIRE(chain.first().failed.size() == wrong + 1);
    const BuildFailure failure = chain.first().failed[wrong].failure;
    CHECK(failure.fault == (wrong == 0 ? BuildFault::Destroyed : BuildFault::Refused));
    CHECK(failure.hop == (wrong == 0 ? 0 : wrong - 1));
    if (wrong > 0) CHECK(failure.status == wire::BuildStatus::NextDown);
    CHECK(chain.circuits() == 0);
  }
}
