// SPDX-License-Identifier: Apache-2.0
// The idle lane on whole links: what an observer counts, what is carried in it, what keeps a link
// alive, spares, and what reports say of a way.
#include <doctest/doctest.h>

#include <algorithm>

#include "core/link/paths.h"
#include "tests/unit/core/link_world.h"

using namespace covfefe;
using namespace covfefe::core;
using namespace covfefe::test;

namespace {

Duration period_of(IdleLane lane) {
  if (lane == IdleLane::Off) return {};
  return lane == IdleLane::AlwaysOn ? Duration::millis(250) : Duration::seconds(1);
}

struct IdleTwo : Two {
  explicit IdleTwo(IdleLane of_a = IdleLane::AlwaysOn, IdleLane of_b = IdleLane::AlwaysOn) {
    set(a, of_a);
    set(b, of_b);
  }
  static void set(Node& node, IdleLane lane) {
    for (Friend& f : node.table.all) f.idle = lane;
    node.shaper.period = period_of(lane);
  }
  void settle() {
    load();
    REQUIRE(both_up());
    world.run_for(Duration::seconds(10));
    for (Node* n : {&a, &b}) {
      n->left.clear();
      n->timers = 0;
    }
  }
  // Nothing in what left tells that there was anything to say.
  static void check_silent(const Node& node, std::size_t slots) {
    CHECK(node.left.size() + slots / 100 >= slots);
    CHECK(node.left.size() <= slots + slots / 100);
    std::size_t on_data_sockets = 0;  // challenges of data paths, and answers
    for (const Node::Left& one : node.left) {
      CHECK(one.posting.length == 256);
      CHECK(SlotShaper::waits(one.posting));
      if (one.posting.socket != 0) ++on_data_sockets;
    }
    CHECK(on_data_sockets <= slots / 4);
  }
};

std::size_t of_class(const Node& node, FlowClass as) {
  return static_cast<std::size_t>(std::count_if(node.left.begin(), node.left.end(), [&](auto& one) {
    return class_of(one.posting.flow) == as;
  }));
}

}  // namespace

TEST_CASE("a silent link sends a cell in every slot and nothing else, over rekeys too") {
  IdleTwo t;
  t.settle();
  t.world.run_for(Duration::minutes(1));
  t.check_silent(t.a, 240);
  t.check_silent(t.b, 240);
  CHECK(of_class(t.a, FlowClass::Spare) > 150);
  t.world.run_for(Duration::minutes(6));
  CHECK(t.a.counter("link.rekeys_made") >= 3);
  t.check_silent(t.a, 7 * 240);
  CHECK(t.a.downs + t.b.downs == 0);
  CHECK(t.a.counter("link.unsent") == 0);
  CHECK(t.a.report(t.b).lost == 0);
  CHECK(t.b.counter("link.unknown_index") == 0);
  CHECK(t.b.counter("link.expired") == 0);
  CHECK(t.a.report(t.b).rtt == Duration::millis(20));
}

TEST_CASE("metered: one cell a second") {
  IdleTwo t(IdleLane::Metered, IdleLane::AlwaysOn);
  t.settle();
  t.world.run_for(Duration::minutes(4));
  t.check_silent(t.a, 240);
  t.check_silent(t.b, 960);
  CHECK(t.b.report(t.a).peer_idle == IdleLane::Metered);
  CHECK(t.a.report(t.b).idle == IdleLane::Metered);
  CHECK(t.a.downs + t.b.downs == 0);
  CHECK(t.a.report(t.b).rtt == Duration::millis(20));
}

TEST_CASE("messages take the place of dummies, come in order and are not sent twice") {
  IdleTwo t;
  t.settle();
  for (std::uint32_t i = 1; i <= 40; ++i) {
    t.a.step([&] {
      wire::DirectRefused message;
      message.your_circuit = {i};
      CHECK(t.a.links->send_control(t.a.slot(t.b), {message}, t.world.now));
    });
    t.world.run_for(Duration::millis(1500));
    CHECK(t.b.controls.size() == i);
  }
  t.check_silent(t.a, 240);
  t.check_silent(t.b, 240);
}

TEST_CASE("a message that was lost in a slot is sent again outside of slots") {
  IdleTwo t;
  t.settle();
  t.a.steal = [](const Posting& posting, const Packet&) {
    return class_of(posting.flow) == FlowClass::Control;
  };
  t.a.step([&] {
    wire::DirectRefused message;
    message.your_circuit = {9};
    t.a.links->send_control(t.a.slot(t.b), {message}, t.world.now);
  });
  t.world.run_for(Duration::millis(500));
  t.a.steal = nullptr;
  t.a.left.clear();
  CHECK(t.world.run_until([&] { return t.b.controls.size() == 1; }, Duration::seconds(2)));
  CHECK(std::any_of(t.a.left.begin(), t.a.left.end(), [](const Node::Left& one) {
    return one.posting.pace == Pace::Now && one.posting.lane == Lane::Link;
  }));
}

TEST_CASE("a chat takes the place of dummies") {
  IdleTwo t;
  t.settle();
  for (int i = 0; i < 40; ++i) {
    t.a.send_data(t.a.slot(t.b), FlowClass::Idle, CellSize::Small);
    t.b.send_data(t.b.slot(t.a), FlowClass::Idle, CellSize::Small);
    t.world.run_for(Duration::millis(1500));
  }
  t.check_silent(t.a, 240);
  t.check_silent(t.b, 240);
  REQUIRE(t.b.cells.size() == 40);
  CHECK(t.b.cells[7].header.lane == Lane::Spare);
  CHECK(of_class(t.a, FlowClass::Idle) == 40);
  // A slot is for an S cell, and spares are the link's own.
  t.a.step([&] {
    CHECK(t.a.links->open_cell(t.a.slot(t.b), FlowClass::Idle, CellSize::Large).empty());
    CHECK(t.a.links->open_cell(t.a.slot(t.b), FlowClass::Spare, CellSize::Small).empty());
  });
}

TEST_CASE("without an idle lane a chat is interactive traffic") {
  Two t;
  t.load();
  REQUIRE(t.both_up());
  t.a.send_data(t.a.slot(t.b), FlowClass::Idle, CellSize::Small);
  t.world.run_for(Duration::millis(50));
  REQUIRE(t.b.cells.size() == 1);
  CHECK(t.b.cells[0].header.lane == Lane::Realtime);
}

TEST_CASE("traffic beside the lane leaves at once and the slots go on") {
  IdleTwo t;
  t.settle();
  for (int i = 0; i < 60; ++i) {
    CHECK(t.exchange());
    t.world.run_for(Duration::millis(980));
  }
  const auto slots = static_cast<std::int64_t>(
      std::count_if(t.a.left.begin(), t.a.left.end(),
                    [](const Node::Left& one) { return one.posting.lane == Lane::Spare; }));
  CHECK(slots > 200);
  CHECK(t.a.report(t.b).data_sockets == 2);
  CHECK(t.a.report(t.b).rtt == Duration::millis(20));
}

TEST_CASE("a profile changes while the link is up, and the friend is told") {
  IdleTwo t(IdleLane::Off, IdleLane::Off);
  t.settle();
  CHECK(t.b.report(t.a).peer_idle == IdleLane::Off);
  t.set(t.a, IdleLane::AlwaysOn);
  t.a.load_friends();
  t.world.run_for(Duration::seconds(5));
  CHECK(t.b.report(t.a).peer_idle == IdleLane::AlwaysOn);
  t.a.left.clear();
  t.world.run_for(Duration::seconds(60));
  CHECK(t.a.left.size() >= 235);
  CHECK(t.a.left.size() <= 265);  // and answers to challenges: nothing flows towards a
  for (Friend& f : t.a.table.all) f.idle = IdleLane::Off;
  t.a.load_friends();
  t.world.run_for(Duration::seconds(2));
  CHECK(t.b.report(t.a).peer_idle == IdleLane::Off);
  CHECK(t.a.shaper.spares(t.a.slot(t.b).value) == 0);
  t.a.left.clear();
  t.world.run_for(Duration::seconds(60));
  CHECK(of_class(t.a, FlowClass::Spare) == 0);
  CHECK(t.a.left.size() < 50);
  CHECK(t.a.downs + t.b.downs == 0);
  CHECK(t.a.counter("link.unsent") == 0);
}

TEST_CASE("spares that nobody needed are sealed anew after a minute, and counted nowhere as loss") {
  IdleTwo t;
  t.settle();
  const std::uint32_t link = t.a.slot(t.b).value;
  t.a.shaper.period = Duration::hours(1);  // slots stop after the next one
  t.world.run_for(Duration::seconds(5));
  REQUIRE(t.a.shaper.spares(link) == 4);
  t.a.cancels.clear();
  t.world.run_for(Duration::seconds(50));
  CHECK(t.a.cancels.empty());
  t.world.run_for(Duration::seconds(12));
  REQUIRE(t.a.cancels.size() == 1);
  CHECK(t.a.cancels[0].first == flow_of(link, FlowClass::Spare));
  CHECK(t.a.shaper.spares(link) == 4);
  CHECK(t.a.counter("link.unsent") == 0);
  CHECK(t.a.report(t.b).lost == 0);
}

TEST_CASE("all idle links together wake a router twice a second at most") {
  World world;
  Node& hub = world.add();
  for (int i = 0; i < 12; ++i) {
    Node& other = world.add();
    hub.befriend(other);
    other.befriend(hub);
    IdleTwo::set(other, IdleLane::AlwaysOn);
  }
  IdleTwo::set(hub, IdleLane::AlwaysOn);
  for (const auto& node : world.nodes) node->load_friends();
  world.run_for(Duration::seconds(30));
  hub.timers = 0;
  hub.left.clear();
  world.run_for(Duration::seconds(60));
  CHECK(hub.timers <= 2 * 60 + 1);
  CHECK(hub.left.size() >= 12 * 240 - 40);
  CHECK(hub.downs == 0);
}

TEST_CASE("a friend that falls silent in its lane is noticed as soon as ever") {
  IdleTwo t;
  t.settle();
  t.world.run_for(Duration::seconds(100));
  t.world.lose = [](const Packet&) { return true; };
  CHECK(t.world.run_until([&] { return !t.a.up(t.b) && !t.b.up(t.a); }, Duration::seconds(20)));
  CHECK(t.a.shaper.spares(t.a.slot(t.b).value) == 0);
  t.world.lose = nullptr;
  CHECK(t.both_up(Duration::seconds(8)));
  t.world.run_for(Duration::seconds(5));
  CHECK(t.a.shaper.spares(t.a.slot(t.b).value) >= 3);
}

TEST_CASE("a friend that is restarted is found again, and its lane with it") {
  IdleTwo t;
  t.settle();
  t.b.restart_router();
  REQUIRE(t.world.run_until([&] { return t.a.ups.size() == 2; }, Duration::seconds(3)));
  t.world.run_for(Duration::seconds(10));
  CHECK(t.a.report(t.b).peer_idle == IdleLane::AlwaysOn);
  CHECK(t.exchange());
}

TEST_CASE("a spare that was withheld and comes from elsewhere moves nothing") {
  IdleTwo t;
  t.settle();
  std::optional<Packet> stolen;
  t.a.steal = [&](const Posting& posting, const Packet& packet) {
    if (stolen || posting.lane != Lane::Spare) return false;
    stolen = packet;
    return true;
  };
  t.world.run_for(Duration::seconds(2));
  REQUIRE(stolen.has_value());
  stolen->from = {test_ip(66, 66), 6666, 0};
  t.b.left.clear();
  t.b.receive(*stolen, 0);
  t.world.run_for(Duration::seconds(3));
  for (const Node::Left& one : t.b.left) CHECK(one.posting.to != stolen->from);
  CHECK(t.b.counter("link.forged") == 0);
}

TEST_CASE("a friend that roams on a silent link is followed, and spares go after it") {
  IdleTwo t;
  t.settle();
  t.a.move_to(9);
  REQUIRE(t.world.run_until([&] { return t.b.report(t.a).remote.ip == test_ip(9, 1); },
                            Duration::seconds(10)));
  t.b.left.clear();
  t.world.run_for(Duration::seconds(10));
  for (const Node::Left& one : t.b.left) CHECK(one.posting.to.ip == test_ip(9, 1));
  CHECK(t.a.downs + t.b.downs == 0);
}

TEST_CASE("at rest the control path is let alone, and data paths are asked now and then") {
  crypto::Drbg random(ByteArray<32>{1});
  Instant now{Duration::seconds(100).nanoseconds};
  Paths paths({true, true, true});
  paths.start({0, {test_ip(0, 1), 6363, 0}, {}}, now);
  const std::vector<wire::DataSocket> sockets{{6364, wire::SocketClass::Bulk, {}},
                                              {6365, wire::SocketClass::Realtime, {}}};
  paths.announced(sockets, now);
  std::array<std::size_t, kSockets> asked{};
  const auto run = [&](Duration time) {
    asked = {};
    for (const Instant until = now + time; now < until; now = now + Duration::millis(100)) {
      while (const auto challenge = paths.due(now, wire::AnswerPace::InSlot, random)) {
        ++asked[challenge->route.socket];
        const auto answered = paths.answered(challenge->token, now);
        REQUIRE(answered.has_value());
        CHECK(!answered->rtt.has_value());
      }
    }
  };
  run(Duration::seconds(100));
  CHECK(asked[0] == 10);
  paths.rest();
  run(Duration::seconds(30));
  run(Duration::seconds(100));
  CHECK(asked[0] == 0);
  CHECK(asked[1] == 5);
  CHECK(asked[2] == 5);
  paths.rouse(now);
  run(Duration::seconds(100));
  CHECK(asked[0] >= 9);
}

TEST_CASE("a shaper that went takes the spares along, and the next one gets new ones") {
  IdleTwo t;
  t.settle();
  t.a.step([&] { t.a.links->shaper_down(); });
  t.a.shaper = {};
  t.a.shaper.period = Duration::millis(250);
  t.a.step([&] { t.a.links->shaper_up(); });
  t.world.run_for(Duration::seconds(2));
  CHECK(t.a.shaper.spares(t.a.slot(t.b).value) >= 3);
  t.a.left.clear();
  t.world.run_for(Duration::minutes(1));
  t.check_silent(t.a, 240);
}

TEST_CASE("where links have their places is told with every table of friends") {
  Two t;
  t.load();
  REQUIRE(!t.a.places.empty());
  REQUIRE(t.a.places.back().all.size() == 1);
  CHECK(t.a.places.back().all[0].id == t.a.table.all[0].id);
  CHECK(t.a.places.back().all[0].slot == t.a.slot(t.b).value);
  CHECK(t.a.places.back().all[0].slot >= 1);
  t.a.table.all.clear();
  t.a.load_friends();
  CHECK(t.a.places.back().all.empty());
}

// ---- what reports say ---------------------------------------------------------------------------

namespace {

struct Bottleneck : Two {
  std::int64_t rate = 1'250'000;  // B/s from a to b, with IPv4 headers
  Instant free_at{};
  std::vector<std::pair<Instant, Duration>> waits;  // of S cells: when and how long

  Bottleneck() {
    world.queue = [this](const Packet& packet) {
      if (packet.from.ip != a.sockets[0].ip) return Duration{};
      const auto size = static_cast<std::int64_t>(packet.bytes.size()) + 28;
      const Instant start = std::max(world.now, free_at);
      free_at = start + Duration{size * 1'000'000'000 / rate};
      if (packet.bytes.size() == 256) waits.emplace_back(world.now, start - world.now);
      return free_at - world.now;
    };
  }
  void bulk(Duration time, double share) {
    const Instant end = world.now + time;
    const Duration gap{static_cast<std::int64_t>(1428e9 / (static_cast<double>(rate) * share))};
    while (world.now < end) {
      a.send_data(a.slot(b), Lane::Bulk, CellSize::Large);
      world.run_for(gap);
    }
  }
  // The newest report whose echo may have arrived by then.
  [[nodiscard]] bool near(const Node::Measured& one) const {
    return std::any_of(waits.begin(), waits.end(), [&](const auto& wait) {
      const Duration off = wait.second - one.sample.queue;
      const bool recent = wait.first < one.at && one.at - wait.first < Duration::seconds(1);
      return recent && off < Duration::millis(2) && off > Duration::millis(-2);
    });
  }
};

}  // namespace

TEST_CASE("a friend's reports tell the rate that arrives and the queue on the way") {
  Bottleneck t;
  t.load();
  REQUIRE(t.both_up());
  t.bulk(Duration::seconds(5), 0.5);
  t.a.samples.clear();
  t.bulk(Duration::seconds(3), 1.2);
  const std::size_t grown = t.a.samples.size();
  REQUIRE(grown > 60);
  std::int64_t bytes = 0;
  std::int64_t time = 0;
  for (const Node::Measured& one : t.a.samples) {
    CHECK(t.near(one));
    CHECK(one.flow == flow_of(t.a.slot(t.b).value, FlowClass::Control));
    bytes += one.sample.delivered;
    time += one.sample.interval.nanoseconds;
  }
  const double measured = static_cast<double>(bytes) / (static_cast<double>(time) / 1e9);
  CHECK(measured > 0.98 * static_cast<double>(t.rate));
  CHECK(measured < 1.02 * static_cast<double>(t.rate));
  CHECK(t.a.samples.back().sample.queue > Duration::millis(400));
  CHECK(t.a.report(t.b).queue > Duration::millis(400));
  CHECK(t.a.report(t.b).path_loss == 0);
  t.bulk(Duration::seconds(4), 0.2);
  CHECK(t.a.samples.back().sample.queue < Duration::millis(2));
}

TEST_CASE("reports take a small share of what they report on, and stop with it") {
  Bottleneck t;
  t.load();
  REQUIRE(t.both_up());
  t.bulk(Duration::seconds(2), 0.8);
  t.a.left.clear();
  t.b.left.clear();
  t.bulk(Duration::seconds(10), 0.8);
  CHECK(t.a.left.size() < 10'500'000 / 1428 + 1000);
  CHECK(t.b.left.size() <= 10 * 100 + 60);
  CHECK(t.b.left.size() >= 500);
  t.world.run_for(Duration::seconds(3));
  t.a.left.clear();
  t.b.left.clear();
  t.world.run_for(Duration::minutes(1));
  CHECK(t.a.left.size() < 45);  // challenges of three paths and their answers
  CHECK(t.b.left.size() < 45);
}

TEST_CASE("what a path loses is told as loss") {
  Bottleneck t;
  t.load();
  REQUIRE(t.both_up());
  std::uint64_t state = 9;
  t.world.lose = [&](const Packet& p) {
    if (p.from.ip != t.a.sockets[0].ip) return false;
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (state >> 33) % 20 == 0;
  };
  t.bulk(Duration::seconds(20), 0.7);
  CHECK(t.a.report(t.b).path_loss > 350);
  CHECK(t.a.report(t.b).path_loss < 650);
  CHECK(t.b.report(t.a).path_loss == 0);
}

TEST_CASE("a silent link measures its way once a second") {
  IdleTwo t;
  t.settle();
  t.a.samples.clear();
  t.world.latency = Duration::millis(35);
  t.world.run_for(Duration::seconds(60));
  CHECK(t.a.samples.size() >= 40);
  CHECK(t.a.samples.size() <= 62);
  CHECK(t.a.samples.back().sample.queue > Duration::millis(23));
  CHECK(t.a.samples.back().sample.queue < Duration::millis(27));
}
