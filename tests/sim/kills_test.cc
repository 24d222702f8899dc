// SPDX-License-Identifier: Apache-2.0
// Relays and links of a large network are killed under sessions that use them: as long as one of a
// session's circuits is untouched, the session goes on.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>

#include "tests/sim/network.h"
#include "tests/sim/scale.h"

using namespace covfefe;
using namespace covfefe::sim;

namespace {

constexpr std::size_t kNodeOneIn = 8;  // of victims anywhere: a node that restarts costs most time
constexpr Duration kAway = Duration::millis(1500);  // until the victims are back
constexpr Duration kEchoEvery = Duration::millis(100);
constexpr Duration kRest = Duration::seconds(6);  // at most, until every session has two circuits

using Link = std::pair<Place, Place>;

std::vector<Link> links_of(const Dial& dial, const Way& way) {
  std::vector<Link> out;
  Place before = dial.from;
  for (const Place node : way.nodes) {
    out.push_back(link_of(before, node));
    before = node;
  }
  return out;
}

bool untouched(const Dial& dial, const Way& way, const Gone& gone) {
  const auto links = links_of(dial, way);
  return way.circuit.state == core::CircuitState::Open && way.known &&
         std::none_of(way.nodes.begin(), way.nodes.end(),
                      [&](Place node) { return gone.nodes.contains(node); }) &&
         std::none_of(links.begin(), links.end(),
                      [&](const Link& link) { return gone.links.contains(link); });
}

class Trial {
 public:
  explicit Trial(std::uint64_t seed) : world_(seed, plan()) {
    world_.weather = {.loss = 0.005, .jitter = Duration::millis(1), .spread = Duration::millis(5)};
  }

  void start();
  void run();
  void print() const;
  [[nodiscard]] std::size_t lost() const { return lost_; }
  [[nodiscard]] std::size_t touched() const { return touched_; }
  [[nodiscard]] std::size_t reopened() { return opened() - opened_at_start_; }
  [[nodiscard]] double gap(double part) const;

 private:
  static GraphPlan plan() {
    GraphPlan out;
    out.nodes = kManyNodes;
    out.hidden = 0.02;
    return out;
  }
  struct Session {
    Dial dial;
    std::vector<Way> ways;
  };
  void look();
  [[nodiscard]] bool spare(const Gone& gone) const;
  Gone choose();
  void one_round();
  void watch(Instant killed);
  std::size_t opened();

  Network world_;
  std::vector<Session> sessions_;
  std::set<Place> ends_;
  std::uint16_t sequence_ = 0;
  std::size_t opened_at_start_ = 0;
  std::size_t kills_ = 0;
  std::size_t nodes_killed_ = 0;
  std::size_t rounds_ = 0;
  std::size_t touched_ = 0;  // circuits that a kill took from a session
  std::size_t lost_ = 0;
  std::vector<double> gaps_;  // ms, of sessions that lost a circuit
};

// Sessions between nodes that no other session ends at, with two disjoint paths or more.
void Trial::start() {
  REQUIRE(world_.settle());
  std::vector<Dial> dials;
  for (int tries = 0; tries < 20'000 && dials.size() < kKillSessions; ++tries) {
    const Dial dial{world_.random() % world_.size(), world_.random() % world_.size()};
    if (dial.from == dial.to || ends_.contains(dial.from) || ends_.contains(dial.to)) continue;
    if (world_.graph.friends(dial.from, dial.to)) continue;
    if (world_.graph.disjoint(dial.from, dial.to) < 3) continue;
    ends_.insert({dial.from, dial.to});
    dials.push_back(dial);
  }
  REQUIRE(dials.size() == kKillSessions);
  const auto answered = world_.echo(dials, 5, Duration::seconds(1));
  REQUIRE(std::all_of(answered.begin(), answered.end(), [](bool one) { return one; }));
  for (const Dial& dial : dials) sessions_.push_back({dial, {}});
  opened_at_start_ = opened();
}

std::size_t Trial::opened() {
  std::size_t out = 0;
  for (const Session& session : sessions_) out += world_.opened(session.dial.to);
  return out;
}

void Trial::look() {
  for (Session& session : sessions_) session.ways = world_.ways(session.dial);
}

// Every session keeps a circuit.
bool Trial::spare(const Gone& gone) const {
  return std::all_of(sessions_.begin(), sessions_.end(), [&](const Session& session) {
    return std::any_of(session.ways.begin(), session.ways.end(),
                       [&](const Way& way) { return untouched(session.dial, way, gone); });
  });
}

// Half of the victims are on a circuit in use, the others anywhere.
Gone Trial::choose() {
  Gone gone;
  for (std::size_t tries = 0; tries < 20 * kVictimsPerRound; ++tries) {
    if (gone.nodes.size() + gone.links.size() == kVictimsPerRound) break;
    Gone more = gone;
    const Session& session = sessions_[world_.random() % sessions_.size()];
    if (world_.random() % 2 == 0 && !session.ways.empty()) {
      const Way& way = session.ways[world_.random() % session.ways.size()];
      const auto links = links_of(session.dial, way);
      const Link& link = links[world_.random() % links.size()];
      if (world_.random() % 3 != 0) {
        more.links.insert(link);
      } else {
        more.nodes.insert(way.nodes[world_.random() % way.nodes.size()]);
      }
    } else if (world_.random() % kNodeOneIn != 0) {
      const Edge& edge = world_.graph.edges()[world_.random() % world_.graph.edges().size()];
      more.links.insert(link_of(edge.one, edge.other));
    } else {
      more.nodes.insert(world_.random() % world_.size());
    }
    const bool end = std::any_of(more.nodes.begin(), more.nodes.end(),
                                 [&](Place node) { return ends_.contains(node); });
    if (!end && spare(more)) gone = std::move(more);
  }
  return gone;
}

// Echoes go on through the kill; the gap ends when one that was sent after it is answered.
void Trial::watch(Instant killed) {
  const std::uint16_t first = static_cast<std::uint16_t>(sequence_ + 1);
  const Instant end = killed + kAway;
  while (world_.now < end) {
    ++sequence_;
    for (const Session& session : sessions_) {
      world_[session.dial.from].ping(world_[session.dial.to], sequence_);
    }
    world_.run(kEchoEvery);
  }
  for (const Session& session : sessions_) {
    Instant answered = Instant::never();
    for (std::uint16_t i = first; i != static_cast<std::uint16_t>(sequence_ + 1); ++i) {
      const auto pong = world_[session.dial.from].ponged(world_[session.dial.to], i);
      answered = std::min(answered, pong.value_or(Instant::never()));
    }
    lost_ += answered.is_never() ? 1 : 0;
    if (!answered.is_never()) gaps_.push_back((answered - killed).as_millis());
    world_[session.dial.from].forget_echoes();
    world_[session.dial.to].forget_echoes();
  }
}

void Trial::one_round() {
  look();
  const Gone gone = choose();
  for (const Session& session : sessions_) {
    for (const Way& way : session.ways) {
      if (!untouched(session.dial, way, gone) && untouched(session.dial, way, {})) ++touched_;
    }
  }
  for (const Place node : gone.nodes) world_.kill(node);
  for (const Link& link : gone.links) world_.cut(link);
  kills_ += gone.nodes.size() + gone.links.size();
  nodes_killed_ += gone.nodes.size();
  ++rounds_;
  watch(world_.now);
  for (const Place node : gone.nodes) world_.revive(node);
  for (const Link& link : gone.links) world_.mend(link);
  (void)world_.run_until(kRest, Duration::millis(500), [this] {
    look();
    return std::all_of(sessions_.begin(), sessions_.end(), [](const Session& session) {
      return std::count_if(session.ways.begin(), session.ways.end(), [](const Way& way) {
               return way.circuit.state == core::CircuitState::Open;
             }) >= 2;
    });
  });
}

void Trial::run() {
  while (kills_ < kKills && rounds_ < kKills) one_round();
  CHECK(kills_ >= kKills);
}

double Trial::gap(double part) const {
  auto sorted = gaps_;
  std::sort(sorted.begin(), sorted.end());
  return sorted.empty()
             ? 0
             : sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))];
}

void Trial::print() const {
  std::printf(
      "%zu kills in %zu rounds (%zu relays, %zu links)%s: %zu circuits of %zu sessions were "
      "hit, %zu sessions stood still; next answer after a kill: median %.0f ms, p95 %.0f ms, "
      "worst %.0f ms\n",
      kills_, rounds_, nodes_killed_, kills_ - nodes_killed_, kScaledDown, touched_,
      sessions_.size(), lost_, gap(0.5), gap(0.95), gap(1));
  std::fflush(stdout);
}

}  // namespace

TEST_CASE("random kills of relays and links lose no session while one of its circuits is whole") {
  Trial trial(21);
  trial.start();
  trial.run();
  trial.print();
  CHECK(trial.lost() == 0);
  CHECK(trial.reopened() == 0);
  CHECK(trial.touched() > kKills / 20);
}
