// SPDX-License-Identifier: Apache-2.0
// Sessions over circuits between two nodes that are three friendships apart, by two ways that share
// nobody: alice - bob - ruth - dave and alice - carol - rolf - dave.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "tests/sim/world.h"
#include "wire/ip.h"

using namespace covfefe;
using namespace covfefe::sim;

namespace {

constexpr Duration kListsTake = Duration::seconds(15);

class Hexagon final : public World {
 public:
  explicit Hexagon(std::uint64_t seed) : World(seed) {
    for (auto [one, other] : {std::pair{&alice, &bob},
                              {&bob, &ruth},
                              {&ruth, &dave},
                              {&alice, &carol},
                              {&carol, &rolf},
                              {&rolf, &dave}}) {
      one->befriend(*other);
      other->befriend(*one);
    }
  }
  void start() {
    for (std::size_t i = 0; i < size(); ++i) (*this)[i].boot();
    run(kListsTake);
  }
  [[nodiscard]] std::vector<core::CircuitReport> circuits(Node& of, const Node& to) {
    const auto all = of.answer<core::CircuitsReport>(of.ask(core::CircuitsQuery{}));
    std::vector<core::CircuitReport> out;
    for (const auto& one : all->circuits) {
      if (one.to == to.keys.address()) out.push_back(one);
    }
    return out;
  }
  [[nodiscard]] std::size_t open(Node& of, const Node& to) {
    const auto all = circuits(of, to);
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](const auto& one) {
      return one.state == core::CircuitState::Open;
    }));
  }
  [[nodiscard]] bool echo(Node& from, Node& to, Duration within = Duration::seconds(3)) {
    const std::uint16_t first = static_cast<std::uint16_t>(sequence_ + 1);
    const Instant until = now + within;
    while (now < until) {
      from.ping(to, ++sequence_);
      run(Duration::millis(100));
      for (std::uint16_t i = first; i <= sequence_; ++i) {
        if (from.ponged(to, i)) return true;
      }
    }
    return false;
  }
  [[nodiscard]] core::PingReport ask_ping(Node& from, Node& to,
                                          core::Hops hops = core::Hops::Untimed) {
    const auto id = from.ask(core::PingQuery{to.keys.address(), Duration::seconds(3), hops});
    std::optional<core::PingReport> report;
    (void)run_until(Duration::seconds(10), [&] {
      report = from.answer<core::PingReport>(id);
      return report.has_value();
    });
    return report.value_or(core::PingReport{});
  }

  Node& alice = add("alice");
  Node& bob = add("bob");
  Node& ruth = add("ruth");
  Node& dave = add("dave");
  Node& carol = add("carol");
  Node& rolf = add("rolf");

 private:
  std::uint16_t sequence_ = 0;
};

bool has_unreachable(const Node& node) {
  return std::any_of(node.delivered.begin(), node.delivered.end(), [](const Bytes& packet) {
    return packet.size() > 40 && packet[6] == wire::kNextIcmp6 && packet[40] == 1;
  });
}

Address source_of(const Bytes& packet) {
  Address out;
  std::copy_n(packet.begin() + 8, 16, out.bytes.begin());
  return out;
}

}  // namespace

TEST_CASE("a first packet builds the way, and a second circuit shares nobody with the first") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    Hexagon world(seed);
    world.weather.jitter = Duration::millis(2);
    world.start();
    world.alice.ping(world.dave, 1);
    REQUIRE(world.run_until(Duration::seconds(1),
                            [&] { return world.alice.ponged(world.dave, 1).has_value(); }));
    world.run(Duration::seconds(1));
    const auto legs = world.circuits(world.alice, world.dave);
    REQUIRE(legs.size() == 2);
    std::set<std::string> hops;
    for (const auto& leg : legs) {
      CHECK(leg.state == core::CircuitState::Open);
      CHECK(leg.hops.size() == 3);
      hops.insert(leg.hops.begin(), leg.hops.end());
    }
    CHECK(hops.size() == 6);
    CHECK(world.open(world.dave, world.alice) == 2);
    CHECK(world.echo(world.dave, world.alice));
  }
}

TEST_CASE(
    "an address that nobody serves is answered at once, and a silent far end in three seconds") {
  Hexagon world(2);
  world.start();
  Node& stranger = world.add("stranger");
  world.alice.ping(stranger, 1);
  CHECK(has_unreachable(world.alice));
  world.dave.crash();
  world.alice.delivered.clear();
  world.alice.ping(world.dave, 1);
  world.run(Duration::millis(2900));
  world.run(Duration::millis(300));
  CHECK(has_unreachable(world.alice));
}

TEST_CASE("a relay that dies takes no session along, and is gone round") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    Hexagon world(seed);
    world.start();
    REQUIRE(world.echo(world.alice, world.dave));
    world.run(Duration::seconds(1));
    const auto opened = world.dave.counter("session.opened");
    Node& victim = seed % 2 == 0 ? world.ruth : world.rolf;
    victim.crash();
    CHECK(world.echo(world.alice, world.dave, Duration::seconds(1)));
    CHECK(world.echo(world.dave, world.alice, Duration::seconds(1)));
    world.run(Duration::seconds(5));
    CHECK(world.open(world.alice, world.dave) == 1);
    victim.boot();
    CHECK(world.run_until(Duration::seconds(90), Duration::seconds(1), [&] {
      (void)world.echo(world.alice, world.dave);
      return world.open(world.alice, world.dave) == 2;
    }));
    CHECK(world.dave.counter("session.opened") <= opened + 1);  // the friend's that came back
  }
}

TEST_CASE("a session without any circuit goes on over a new one that a token brings") {
  Hexagon world(4);
  world.start();
  REQUIRE(world.echo(world.alice, world.dave));
  world.run(Duration::seconds(1));
  const auto attached = [&] { return world.alice.counter("session.opened"); };
  const auto before = attached();
  world.ruth.boot();
  world.rolf.boot();
  CHECK(world.run_until(Duration::seconds(10), Duration::millis(100),
                        [&] { return world.open(world.alice, world.dave) == 0; }));
  CHECK(world.echo(world.alice, world.dave, Duration::seconds(25)));
  CHECK(attached() == before);
}

TEST_CASE("a far end that restarted is dialled anew") {
  Hexagon world(5);
  world.start();
  REQUIRE(world.echo(world.alice, world.dave));
  world.run(Duration::seconds(1));
  world.dave.boot();
  CHECK(world.echo(world.alice, world.dave, Duration::seconds(25)));
  CHECK(world.echo(world.dave, world.alice, Duration::seconds(5)));
}

TEST_CASE("when both dial at once one session is left and nothing is lost") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    Hexagon world(seed);
    world.start();
    world.alice.ping(world.dave, 1);
    world.dave.ping(world.alice, 2);
    world.run(Duration::seconds(2));
    CHECK(world.alice.ponged(world.dave, 1).has_value());
    CHECK(world.dave.ponged(world.alice, 2).has_value());
    for (int i = 0; i < 80; ++i) {
      CHECK(world.echo(world.alice, world.dave, Duration::millis(100)));
      world.run(Duration::seconds(1));
    }
    CHECK(world.open(world.alice, world.dave) == 2);
    CHECK(world.open(world.dave, world.alice) == 2);
  }
}

TEST_CASE("who refuses strangers is reached by friends only") {
  Hexagon world(6);
  world.dave.config.policy.strangers = core::Strangers::Refuse;
  world.start();
  CHECK_FALSE(world.echo(world.alice, world.dave));
  CHECK(world.echo(world.ruth, world.dave));
  const auto report = world.ask_ping(world.alice, world.dave);
  CHECK_FALSE(report.ok);
  CHECK_FALSE(report.why.empty());
}

TEST_CASE("a session without packets for five minutes goes, and the next packet brings one") {
  Hexagon world(7);
  world.start();
  REQUIRE(world.echo(world.alice, world.dave));
  world.run(Duration::minutes(4));
  CHECK(world.open(world.alice, world.dave) == 2);
  world.run(Duration::seconds(70));
  CHECK(world.circuits(world.alice, world.dave).empty());
  world.run(Duration::seconds(5));
  CHECK(world.circuits(world.dave, world.alice).empty());
  CHECK(world.echo(world.alice, world.dave));
}

TEST_CASE("circuits are replaced before they end, and no packet is lost by it") {
  Hexagon world(8);
  world.start();
  REQUIRE(world.echo(world.alice, world.dave));
  const auto before = world.alice.counter("build.made");
  for (int i = 0; i < 75; ++i) {
    CAPTURE(i);
    CHECK(world.echo(world.alice, world.dave, Duration::millis(100)));
    world.run(Duration::minutes(1));
  }
  CHECK(world.alice.counter("build.made") >= before + 2);
  CHECK(world.open(world.alice, world.dave) == 2);
}

TEST_CASE("under a one-time identity the far end sees its address, and the answer comes back") {
  Hexagon world(9);
  world.start();
  const auto made = world.alice.answer<core::IdentityReport>(world.alice.ask(core::IdentityNew{}));
  REQUIRE(made.has_value());
  CHECK(made->once);
  REQUIRE(world.echo(world.alice, world.dave));
  REQUIRE_FALSE(world.dave.delivered.empty());
  for (const Bytes& packet : world.dave.delivered) CHECK(source_of(packet) == made->address);
  const auto dropped =
      world.alice.answer<core::IdentityReport>(world.alice.ask(core::IdentityDrop{}));
  REQUIRE(dropped.has_value());
  CHECK_FALSE(dropped->once);
  CHECK(dropped->address == world.alice.keys.address());
}

TEST_CASE("who was reached under a one-time identity is not dialled by a router that starts anew") {
  Hexagon world(13);
  world.start();
  REQUIRE(world.alice.answer<core::IdentityReport>(world.alice.ask(core::IdentityNew{})));
  REQUIRE(world.echo(world.alice, world.dave));
  world.alice.boot();
  world.run(Duration::minutes(2));
  CHECK(world.circuits(world.alice, world.dave).empty());
  CHECK(world.circuits(world.dave, world.alice).empty());
}

TEST_CASE("by a friend that may not say that a node is reachable nobody reaches it") {
  Hexagon world(14);
  world.start();
  world.dave.show(world.ruth, core::Visibility::RelayOnly);
  world.dave.show(world.rolf, core::Visibility::RelayOnly);
  world.dave.push_friends();
  // Those who asked the two before still say what they said.
  world.alice.ping(world.dave, 1);
  world.run(Duration::seconds(1));
  CHECK(world.dave.counter("build.terminal") > 0);
  CHECK(world.circuits(world.dave, world.alice).empty());
  CHECK(world.circuits(world.alice, world.dave).empty());
}

TEST_CASE("who refuses strangers keeps no session with who was a friend") {
  Hexagon world(15);
  world.alice.befriend(world.dave);
  world.dave.befriend(world.alice);
  world.dave.config.policy.strangers = core::Strangers::Refuse;
  world.start();
  world.cut(world.alice, world.dave);
  REQUIRE(world.run_until(Duration::seconds(40), Duration::millis(500), [&] {
    return world.echo(world.alice, world.dave, Duration::millis(400));
  }));
  REQUIRE_FALSE(world.circuits(world.dave, world.alice).empty());
  world.dave.unfriend(world.alice);
  world.dave.push_friends();
  world.run(Duration::seconds(1));
  CHECK(world.circuits(world.dave, world.alice).empty());
  CHECK_FALSE(world.echo(world.alice, world.dave));
}

TEST_CASE("a friend whose link is down is reached over others, and directly when it is up again") {
  Hexagon world(10);
  world.alice.befriend(world.dave);
  world.dave.befriend(world.alice);
  world.start();
  REQUIRE(world.echo(world.alice, world.dave));
  CHECK(world.ask_ping(world.alice, world.dave).path.starts_with("direct"));
  world.cut(world.alice, world.dave);
  CHECK(world.run_until(Duration::seconds(40), Duration::millis(500), [&] {
    return world.echo(world.alice, world.dave, Duration::millis(400));
  }));
  CHECK(world.ask_ping(world.alice, world.dave).path.starts_with("via"));
  world.mend(world.alice, world.dave);
  CHECK(world.run_until(Duration::seconds(30), Duration::seconds(1), [&] {
    return world.ask_ping(world.alice, world.dave).path.starts_with("direct");
  }));
}

TEST_CASE("a ping tells its path, and how long it takes to every hop when asked") {
  Hexagon world(11);
  world.start();
  const auto plain = world.ask_ping(world.alice, world.dave);
  CHECK(plain.ok);
  CHECK(plain.path.starts_with("via "));
  CHECK(plain.hops.empty());
  world.run(Duration::seconds(1));
  const auto timed = world.ask_ping(world.alice, world.dave, core::Hops::Timed);
  CHECK(timed.ok);
  REQUIRE(timed.hops.size() == 3);
  Duration last{};
  for (const core::HopTime& hop : timed.hops) {
    CHECK(hop.ok);
    CHECK(hop.rtt > last);
    last = hop.rtt;
  }
}

TEST_CASE("the operator has circuits built, sees them, and closes them") {
  Hexagon world(12);
  world.start();
  const auto order = [&] {
    const auto id =
        world.alice.ask(core::CircuitNew{world.dave.keys.address(), Duration::seconds(2)});
    std::optional<core::CircuitsReport> report;
    REQUIRE(world.run_until(Duration::seconds(3), [&] {
      report = world.alice.answer<core::CircuitsReport>(id);
      return report.has_value();
    }));
    return *report;
  };
  const auto first = order();
  CHECK(first.why.empty());
  CHECK_FALSE(first.circuits.empty());
  world.run(Duration::seconds(1));
  CHECK_FALSE(order().why.empty());  // there is no third way
  const auto path = world.alice.answer<core::PathReport>(
      world.alice.ask(core::PathQuery{world.dave.keys.address()}));
  REQUIRE(path.has_value());
  CHECK(std::count_if(path->options.begin(), path->options.end(),
                      [](const auto& option) { return option.chosen; }) == 2);
  while (world.open(world.alice, world.dave) > 0) {
    const std::uint32_t id = world.circuits(world.alice, world.dave).front().id;
    const auto closed =
        world.alice.answer<core::CircuitClosed>(world.alice.ask(core::CircuitClose{id}));
    REQUIRE(closed.has_value());
    REQUIRE(closed->ok);
  }
  world.run(Duration::seconds(1));
  CHECK(world.circuits(world.alice, world.dave).empty());
  CHECK(world.circuits(world.dave, world.alice).empty());
  const auto again = world.alice.answer<core::CircuitClosed>(
      world.alice.ask(core::CircuitClose{first.circuits.front().id}));
  CHECK_FALSE(again->ok);
}

TEST_CASE("behind what is lost on one circuit nothing waits longer than a moment") {
  Hexagon world(21);
  world.start();
  REQUIRE(world.echo(world.alice, world.dave));
  world.run(Duration::seconds(1));
  REQUIRE(world.open(world.alice, world.dave) == 2);
  const auto send = [&](std::uint16_t first, std::uint16_t count) {
    for (std::uint16_t i = 0; i < count; ++i) {
      world.alice.ping(world.dave, Echo{static_cast<std::uint16_t>(first + i), 1'100});
    }
  };
  send(1'000, 90);
  world.run(Duration::millis(100));
  std::size_t by_bob = 0;
  std::size_t by_carol = 0;
  constexpr std::size_t kArrive = 20;  // by bob; what else goes by him is lost
  world.tap = [&](const Datagram& datagram) {
    if (datagram.from.ip != world.alice.ip || datagram.bytes.size() != 1'400) return true;
    by_carol += datagram.to.ip == world.carol.ip;
    return datagram.to.ip != world.bob.ip || ++by_bob <= kArrive;
  };
  send(2'000, 84);
  REQUIRE(by_bob > kArrive);
  REQUIRE(by_carol > 0);
  REQUIRE(by_bob + by_carol == 84);
  world.run(Duration::millis(150));
  std::size_t answered = 0;
  for (std::uint16_t i = 0; i < 84; ++i) {
    answered += world.alice.ponged(world.dave, static_cast<std::uint16_t>(2'000 + i)) ? 1U : 0U;
  }
  CHECK(answered == kArrive + by_carol);
}
