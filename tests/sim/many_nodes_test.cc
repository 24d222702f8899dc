// SPDX-License-Identifier: Apache-2.0
// Two hundred routers, friends as a seeded graph says. Who must reach whom is counted on the graph
// (tests/sim/graph.h), not asked of the routers. COVFEFE_SIM_ALL=1 in the environment tries every
// pair instead of a sample.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <numeric>

#include "tests/sim/network.h"
#include "tests/sim/scale.h"

using namespace covfefe;
using namespace covfefe::sim;

namespace {

constexpr Duration kDialTimeout = Duration::seconds(5);

struct Pairs {
  std::vector<Dial> reachable;    // no friends; a path that all its ends consent to
  std::vector<Dial> unreachable;  // neither way
};

// Every two nodes once, in a direction that the graph allows.
Pairs pairs_of(Network& world) {
  Pairs out;
  for (Place a = 0; a < world.size(); ++a) {
    for (Place b = a + 1; b < world.size(); ++b) {
      if (world.graph.friends(a, b)) continue;
      const bool there = world.graph.reaches(a, b);
      const bool back = world.graph.reaches(b, a);
      const bool turn = there && back ? world.random() % 2 == 0 : back;
      (there || back ? out.reachable : out.unreachable).push_back(turn ? Dial{b, a} : Dial{a, b});
    }
  }
  std::shuffle(out.reachable.begin(), out.reachable.end(), world.random);
  std::shuffle(out.unreachable.begin(), out.unreachable.end(), world.random);
  return out;
}

std::uint64_t sum(Network& world, std::string_view counter) {
  std::uint64_t out = 0;
  for (Place i = 0; i < world.size(); ++i) {
    if (world[i].alive()) out += world[i].counter(counter);
  }
  return out;
}

struct Score {
  std::size_t dials = 0;
  std::size_t first = 0;  // connected within one dial, the protocol's own repeats included
  std::size_t later = 0;  // dialled again by the test
  std::size_t never = 0;
  std::vector<double> took;  // ms
};

void note_failure(const Dial& dial, const std::string& why) {
  std::printf("  n%zu to n%zu: %s\n", dial.from, dial.to, why.c_str());
}

// A batch: circuits, an echo through them, and away with them.
void try_batch(Network& world, const std::vector<Dial>& dials, Score& score) {
  const auto first = world.dial(dials, kDialTimeout);
  std::vector<Dial> again;
  for (std::size_t i = 0; i < dials.size(); ++i) {
    ++score.dials;
    score.first += first[i].connected ? 1 : 0;
    if (first[i].connected) score.took.push_back(first[i].took.as_millis());
    if (!first[i].connected) again.push_back(dials[i]);
    if (!first[i].connected) note_failure(dials[i], first[i].why);
  }
  for (const auto& tried : world.dial(again, kDialTimeout)) score.later += tried.connected ? 1 : 0;
  // Nobody repeats an echo. Over five links at 5 % loss and by one leg two of five come back, so
  // that five tries would fail once in a hundred.
  const auto answered = world.echo(dials, 15, Duration::seconds(1));
  for (std::size_t i = 0; i < dials.size(); ++i) {
    if (!answered[i]) note_failure(dials[i], "no echo");
    score.never += answered[i] ? 0 : 1;
    world.hang_up(dials[i]);
  }
  for (Place i = 0; i < world.size(); ++i) world[i].forget_echoes();
}

Score try_pairs(Network& world, std::vector<Dial> dials) {
  Score score;
  while (!dials.empty()) {
    try_batch(world, batch_of(dials), score);
    world.run(Duration::millis(500));
  }
  return score;
}

double percentile(std::vector<double> values, double part) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
}

void print(const char* what, Network& world, const Score& score) {
  const auto built = static_cast<double>(sum(world, "build.made"));
  const auto started = built + static_cast<double>(sum(world, "build.failed"));
  std::printf(
      "%s: %zu pairs, %zu connected at the first dial, %zu at the second, %zu never; "
      "single builds %.0f of %.0f (%.2f %%); dial median %.0f ms, p95 %.0f ms\n",
      what, score.dials, score.first, score.later, score.never, built, started,
      100 * built / std::max(started, 1.0), percentile(score.took, 0.5),
      percentile(score.took, 0.95));
}

std::vector<Dial> sample(std::vector<Dial> dials, std::size_t most) {
  if (std::getenv("COVFEFE_SIM_ALL") == nullptr && dials.size() > most) dials.resize(most);
  return dials;
}

GraphPlan plan() {
  GraphPlan out;
  out.nodes = kManyNodes;
  out.newcomers = 3;
  return out;
}

void check_every_pair(std::uint64_t seed, double loss, std::size_t most) {
  Network world(seed, plan());
  world.weather = {.loss = loss, .jitter = Duration::millis(2), .spread = Duration::millis(10)};
  REQUIRE(world.settle());
  const auto all = pairs_of(world).reachable;
  const auto chosen = sample(all, most);
  std::printf("seed %llu, %zu nodes, %.0f %% loss: %zu of %zu reachable pairs are tried%s\n",
              static_cast<unsigned long long>(seed), world.size(), loss * 100, chosen.size(),
              all.size(), kScaledDown);
  const Score score = try_pairs(world, chosen);
  print("  result", world, score);
  CHECK(score.never == 0);
  CHECK(static_cast<double>(score.first) >= 0.995 * static_cast<double>(score.dials));
}

}  // namespace

TEST_CASE("the graph says who reaches whom as a hand count does") {
  std::mt19937_64 random(3);
  GraphPlan ring{.nodes = 12, .degree = 2, .relay_only = 0, .hidden = 0, .known = 0};
  const Graph graph = Graph::make(ring, random);
  REQUIRE(graph.edges().size() == 12);
  for (Place a = 0; a < 12; ++a) {
    std::size_t reached = 0;
    for (Place b = 0; b < 12; ++b) reached += a != b && graph.reaches(a, b) ? 1 : 0;
    CHECK(reached == 8);  // four steps to either side
  }
  ring.known = 1;
  const Graph distrustful = Graph::make(ring, random);
  for (Place b = 1; b < 12; ++b) {
    CHECK(distrustful.reaches(0, b) == distrustful.friends(0, b));
  }
}

TEST_CASE("every link of two hundred nodes comes up, and friends reach each other directly") {
  Network world(1, plan());
  world.weather = {.loss = 0.02, .spread = Duration::millis(10)};
  REQUIRE(world.settle());
  std::vector<Dial> dials;
  for (const Edge& edge : world.graph.edges()) dials.push_back({edge.one, edge.other});
  while (!dials.empty()) {
    const auto batch = batch_of(dials);
    const auto answered = world.echo(batch, 5, Duration::millis(500));
    CHECK(std::all_of(answered.begin(), answered.end(), [](bool one) { return one; }));
  }
}

TEST_CASE("every pair with a path that consents connects: no loss") {
  check_every_pair(2, 0, kPairsPerLoss);
}

TEST_CASE("every pair with a path that consents connects: 2 % loss on every link") {
  check_every_pair(3, 0.02, kPairs);
}

TEST_CASE("every pair with a path that consents connects: 5 % loss on every link") {
  Network world(4, plan());
  world.weather = {.loss = 0.05, .jitter = Duration::millis(2), .spread = Duration::millis(10)};
  REQUIRE(world.settle());
  const Score score = try_pairs(world, sample(pairs_of(world).reachable, kPairsPerLoss));
  print("5 % loss", world, score);
  CHECK(score.never == 0);
}

TEST_CASE("without consent, or without two friends met, nobody is reached, and why says so") {
  GraphPlan shy = plan();
  shy.nodes = kManyNodes / 4;
  shy.hidden = 0.4;
  shy.relay_only = 0.3;
  Network world(5, shy);
  REQUIRE(world.settle());
  auto refused = sample(pairs_of(world).unreachable, kRefusedPairs);
  for (Place b = 1; b < world.size() && world.graph.may_enter(0) == false; ++b) {
    if (!world.graph.friends(0, b)) refused.push_back({0, b});
  }
  REQUIRE_FALSE(refused.empty());
  while (!refused.empty()) {
    const auto batch = batch_of(refused);
    const auto tried = world.dial(batch, Duration::seconds(1));
    for (std::size_t i = 0; i < batch.size(); ++i) {
      CAPTURE(batch[i].from);
      CAPTURE(batch[i].to);
      CHECK_FALSE(tried[i].connected);
      CHECK_FALSE(tried[i].why.empty());
      const auto findings = world[batch[i].from].why(world[batch[i].to].keys.address());
      CHECK(std::any_of(findings.begin(), findings.end(), [](const core::Finding& finding) {
        return !finding.ok && !finding.next.empty();
      }));
    }
  }
}
