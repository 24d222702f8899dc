// SPDX-License-Identifier: Apache-2.0
// Whole links between nodes: handshake, rekey, restart, paths, roaming, S mode, lane windows.
#include <doctest/doctest.h>

#include "core/link/control_channel.h"

#include "tests/unit/core/link_world.h"

using namespace covfefe;
using namespace covfefe::core;
using namespace covfefe::test;

TEST_CASE("two friends come up within one round trip and carry cells and messages both ways") {
  Two t;
  t.a.load_friends();
  t.b.load_friends();
  REQUIRE(t.both_up(Duration::millis(50)));
  CHECK(t.a.ups == std::vector<bool>{true});
  CHECK(t.b.ups == std::vector<bool>{true});
  CHECK(t.exchange(Lane::Bulk, CellSize::Large));
  CHECK(t.exchange(Lane::Realtime, CellSize::Small));
  CHECK(t.a.cells.back().header.circuit.value == 0x1001);
  CHECK(t.a.cells.back().onion.size() == wire::kSmallOnion);
  t.a.step([&] {
    wire::DirectOpened message;
    message.your_circuit = {5};
    message.my_circuit = {6};
    CHECK(t.a.links->send_control(t.a.slot(t.b), {message}, t.world.now));
    CHECK(t.a.links->send_destroy(t.a.slot(t.b), {7}, wire::DestroyReason::Expired, t.world.now));
  });
  t.world.run_for(Duration::millis(100));
  REQUIRE(t.b.controls.size() == 1);
  CHECK(std::get<wire::DirectOpened>(t.b.controls[0].message).my_circuit.value == 6);
  REQUIRE(t.b.destroyed.size() == 1);
  CHECK(t.b.destroyed[0].second == wire::DestroyReason::Expired);
  CHECK(t.a.report(t.b).rtt == Duration::millis(20));
}

TEST_CASE("data moves to the data sockets once they answer, and back when they fall silent") {
  Two t;
  t.load();
  REQUIRE(t.both_up());
  t.world.run_for(Duration::seconds(1));
  CHECK(t.a.report(t.b).data_sockets == 2);
  t.a.posted_on.clear();
  CHECK(t.exchange(Lane::Bulk));
  CHECK(t.exchange(Lane::Realtime));
  CHECK(t.a.posted_on[1] >= 1);
  CHECK(t.a.posted_on[2] >= 1);
  t.world.lose = [](const Packet& p) { return p.to.port != 6363; };
  for (int i = 0; i < 60; ++i) {
    t.exchange();
    t.world.run_for(Duration::millis(200));
  }
  CHECK(t.a.report(t.b).data_sockets == 0);
  CHECK(t.a.up(t.b));
  CHECK(t.exchange());
  t.world.lose = nullptr;
  t.world.run_for(Duration::seconds(70));
  CHECK(t.a.report(t.b).data_sockets == 2);
}

TEST_CASE("simultaneous open ends in one session on both sides, a thousand times") {
  for (int i = 0; i < 1000; ++i) {
    Two t;
    t.world.latency = Duration::micros(1 + (i * 37) % 40'000);
    t.a.load_friends();
    t.world.run_for(Duration::micros((i * 91) % 50'000));
    t.b.load_friends();
    REQUIRE(t.both_up());
    t.world.run_for(Duration::seconds(1));
    REQUIRE(t.exchange());
    REQUIRE(t.a.ups.size() == 1);
    REQUIRE(t.b.ups.size() == 1);
  }
}

TEST_CASE("keys change every two minutes without the keystore, and nothing is lost") {
  Two t;
  t.load();
  REQUIRE(t.both_up());
  t.world.run_for(Duration::seconds(1));
  const std::size_t asks = t.a.asks + t.b.asks;
  t.a.step([&] { t.a.links->keystore_down(); });
  t.b.step([&] { t.b.links->keystore_down(); });
  t.a.keystore_alive = t.b.keystore_alive = false;
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(t.exchange());
    t.world.run_for(Duration::millis(600));
  }
  CHECK(t.a.asks + t.b.asks == asks);
  CHECK(t.a.counter("link.rekeys_made") >= 4);
  CHECK(t.a.counter("link.rekeys_made") <= 7);
  CHECK(t.a.downs == 0);
  CHECK(t.b.downs == 0);
  CHECK(t.a.counter("link.unknown_index") == 0);
  CHECK(t.a.counter("link.forged") == 0);
}

TEST_CASE("the keystore handshake is repeated every hour, give or take a tenth") {
  Two t;
  t.load();
  REQUIRE(t.both_up());
  t.world.run_for(Duration::seconds(1));
  const std::uint64_t before = t.a.counter("link.handshakes_made");
  t.world.run_for(Duration::minutes(53));
  CHECK(t.a.counter("link.handshakes_made") == before);
  t.world.run_for(Duration::minutes(14));
  CHECK(t.a.counter("link.handshakes_made") > before);
  CHECK(t.a.ups.size() == 1);
  CHECK(t.exchange());
}

TEST_CASE("a session ends after a day without the keystore") {
  Two t;
  t.load();
  REQUIRE(t.both_up());
  t.world.run_for(Duration::seconds(1));
  for (Node* n : {&t.a, &t.b}) {
    n->step([&] { n->links->keystore_down(); });
    n->keystore_alive = false;
  }
  t.world.run_for(Duration::minutes(24 * 60 - 2));
  CHECK(t.a.up(t.b));
  t.world.run_for(Duration::minutes(4));
  CHECK(!t.a.up(t.b));
  CHECK(!t.b.up(t.a));
  for (Node* n : {&t.a, &t.b}) {
    n->keystore_alive = true;
    n->step([&] { n->links->keystore_up(); });
  }
  CHECK(t.both_up(Duration::seconds(1)));
}

TEST_CASE("a restarted router is back in a second and its friend learns of the new boot") {
  Two t;
  t.load();
  REQUIRE(t.both_up());
  t.world.run_for(Duration::seconds(5));
  t.a.restart_router();
  REQUIRE(
      t.world.run_until([&] { return t.a.up(t.b) && t.b.ups.size() == 2; }, Duration::seconds(1)));
  CHECK(t.b.ups == std::vector<bool>{true, true});
  CHECK(t.b.downs == 0);
  CHECK(t.exchange());
  t.world.run_for(Duration::seconds(1));
  CHECK(t.a.report(t.b).data_sockets == 2);
  CHECK(t.b.report(t.a).data_sockets == 2);
}

TEST_CASE("the responder sends under new keys only after the first cell under them") {
  Two t;
  t.load();
  REQUIRE(t.both_up());
  t.world.run_for(Duration::seconds(5));
  // The answer of the handshake never arrives: what b sends must stay readable for the old a.
  t.b.table.all[0].endpoints.clear();
  t.world.lose = [](const Packet& p) {
    return p.bytes.size() == 256 && load_le<std::uint32_t>(p.bytes.data()) == 2;
  };
  const Packet stray{std::vector<std::uint8_t>(256, 0x77), t.b.sockets[0], t.a.sockets[0]};
  t.world.run_for(Duration::seconds(1));
  t.a.receive(stray, 0);  // a, hearing nothing it knows for a second, dials again
  const std::uint64_t made = t.b.counter("link.handshakes_made");
  for (int i = 0; i < 20; ++i) {
    CHECK(t.exchange());
    t.world.run_for(Duration::millis(250));
  }
  CHECK(t.b.counter("link.handshakes_made") == made);
  CHECK(t.a.counter("link.unknown_index") == 1);
}

TEST_CASE("a friend that roams is followed after a challenge") {
  Two t;
  t.load();
  REQUIRE(t.both_up());
  t.world.run_for(Duration::seconds(1));
  t.a.move_to(9);
  t.a.send_data(t.a.slot(t.b), Lane::Bulk, CellSize::Large);
  REQUIRE(t.world.run_until([&] { return t.b.report(t.a).remote.ip == test_ip(9, 1); },
                            Duration::seconds(3)));
  CHECK(t.exchange());
  t.world.run_for(Duration::seconds(13));
  CHECK(t.b.report(t.a).data_sockets == 2);
  CHECK(t.exchange());
  CHECK(t.a.downs + t.b.downs == 0);
  REQUIRE(!t.b.learned.empty());
  CHECK(t.b.learned.back().endpoint == t.a.sockets[0]);
}

TEST_CASE("a cell shown from another address moves nothing without an answer from there") {
  Two t;
  t.load();
  REQUIRE(t.both_up());
  t.world.run_for(Duration::seconds(1));
  t.world.capture = true;
  t.a.send_data(t.a.slot(t.b), Lane::Bulk, CellSize::Small);
  Packet stolen = t.world.captured.back();
  t.world.captured.clear();
  stolen.from = {test_ip(66, 66), 6666, 0};
  t.b.receive(stolen, 1);  // arrives before the true one
  t.world.run_for(Duration::seconds(5));
  std::size_t challenges = 0;
  for (const Packet& p : t.world.captured) {
    if (p.to != stolen.from) continue;
    ++challenges;
    CHECK(p.bytes.size() == 256);
  }
  CHECK(challenges == 1);
  CHECK(t.b.report(t.a).remote.ip == t.a.sockets[1].ip);
  CHECK(t.exchange());
}

TEST_CASE("a silent friend is noticed in fifteen seconds and found again when it returns") {
  Two t;
  t.load();
  REQUIRE(t.both_up());
  t.world.run_for(Duration::seconds(60));
  t.world.lose = [](const Packet&) { return true; };
  CHECK(t.world.run_until([&] { return !t.a.up(t.b) && !t.b.up(t.a); }, Duration::seconds(27)));
  CHECK(t.a.downs == 1);
  t.world.run_for(Duration::minutes(10));
  CHECK(t.a.report(t.b).state == LinkState::Down);
  t.world.lose = nullptr;
  CHECK(t.both_up(Duration::seconds(7)));
  CHECK(t.exchange());
  CHECK(t.a.ups.size() == 2);
  CHECK(!t.a.ups[1]);  // the same boot: its circuits still stand
}

TEST_CASE("where L does not pass the link goes on in S cells, and returns to L") {
  Two t;
  t.world.mtu = 1300;
  t.load();
  REQUIRE(t.both_up());
  REQUIRE(t.world.run_until(
      [&] { return t.a.links->small_only(t.a.slot(t.b)) && t.b.links->small_only(t.b.slot(t.a)); },
      Duration::seconds(5)));
  t.world.capture = true;
  CHECK(t.exchange(Lane::Bulk, CellSize::Large));
  CHECK(t.a.cells.back().onion.size() == wire::kLargeOnion);
  for (const Packet& p : t.world.captured) CHECK(p.bytes.size() == 256);
  t.a.step([&] { t.a.links->send_control(t.a.slot(t.b), {wire::DirectOpened{}}, t.world.now); });
  t.world.run_for(Duration::millis(200));
  t.world.mtu = 1400;
  t.world.run_for(Duration::minutes(2));
  CHECK(!t.a.links->small_only(t.a.slot(t.b)));
  CHECK(t.exchange());
}

TEST_CASE("three L probes lost among other losses do not need S to fail first") {
  Two t;
  t.load();
  REQUIRE(t.both_up());
  t.world.run_for(Duration::seconds(2));
  CHECK(!t.a.links->small_only(t.a.slot(t.b)));
  t.world.lose = [](const Packet&) { return true; };
  t.world.run_for(Duration::minutes(11));
  CHECK(!t.a.links->small_only(t.a.slot(t.b)));  // silence says nothing about sizes
}

TEST_CASE("a lane stops before the friend's window would lose what waits in the shaper") {
  Two t;
  t.load();
  REQUIRE(t.both_up());
  t.world.run_for(Duration::seconds(1));
  t.a.shaper_stalled = true;
  const LinkSlot slot = t.a.slot(t.b);
  std::size_t sealed = 0;
  t.a.step([&] {
    for (int i = 0; i < 10'000; ++i) {
      if (t.a.links->open_cell(slot, FlowClass::Interactive, CellSize::Small).empty()) break;
      t.a.links->send_cell({CircuitId{9}, static_cast<std::uint64_t>(i)});
      ++sealed;
    }
  });
  CHECK(sealed == 8192 - 1024);
  CHECK(t.a.counter("link.window_full") == 1);
  CHECK(!t.a.links->bulk_backlogged(slot));
  t.a.step([&] { t.a.links->shaper_down(); });
  t.a.step([&] {
    CHECK(!t.a.links->open_cell(slot, FlowClass::Interactive, CellSize::Small).empty());
    t.a.links->abandon_cell();
  });
  CHECK(t.a.frames_held == 0);
}

TEST_CASE(
    "data under an unknown index from a friend's address leads to a handshake, once a second") {
  Two t;
  t.b.table.all[0].endpoints.clear();  // b cannot call
  t.load();
  REQUIRE(t.both_up());
  t.world.run_for(Duration::seconds(2));
  t.b.learned.clear();
  t.b.table.all[0].endpoints = {};
  Node& b = t.b;
  const Endpoint a_data = t.a.sockets[1];
  const std::size_t before = b.asks;
  t.world.lose = [](const Packet&) { return true; };
  for (int i = 0; i < 300; ++i) {
    t.world.run_for(Duration::millis(10));
    b.receive({std::vector<std::uint8_t>(256, 0x55), a_data, b.sockets[1]}, 1);
  }
  CHECK(b.asks - before >= 1);
  CHECK(b.asks - before <= 6);  // three, and the repetitions of the first
}

TEST_CASE("a link over a network that loses a third stays up and keeps its messages in order") {
  Two t;
  t.load();
  REQUIRE(t.both_up());
  std::uint64_t state = 9;
  t.world.lose = [&](const Packet&) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (state >> 33) % 3 == 0;
  };
  std::uint32_t sent = 0;
  for (int i = 0; i < 3000; ++i) {
    t.a.step([&] {
      wire::DirectRefused message;
      message.your_circuit = {sent + 1};
      if (t.a.links->send_control(t.a.slot(t.b), {message}, t.world.now)) ++sent;
    });
    t.world.run_for(Duration::millis(100));
  }
  t.world.lose = nullptr;
  t.world.run_for(Duration::seconds(20));
  REQUIRE(t.b.controls.size() == sent);
  CHECK(sent > 1000);
  for (std::uint32_t i = 0; i < sent; ++i) {
    CHECK(std::get<wire::DirectRefused>(t.b.controls[i].message).your_circuit.value == i + 1);
  }
  CHECK(t.a.downs + t.b.downs == 0);
  CHECK(t.a.counter("link.rekeys_made") >= 2);
}

TEST_CASE("whatever way a link fails, why says what to do next") {
  Two t;
  t.a.table.all[0].endpoints.clear();
  t.a.load_friends();
  std::vector<Finding> findings;
  t.a.links->explain(t.a.slot(t.b), t.world.now, findings);
  REQUIRE(!findings.empty());
  CHECK(!findings[0].ok);
  CHECK(findings[0].next.find("covfefe friend set") != std::string::npos);
  t.b.load_friends();
  REQUIRE(t.both_up());
  t.world.run_for(Duration::seconds(1));
  findings.clear();
  t.a.links->explain(t.a.slot(t.b), t.world.now, findings);
  for (const Finding& f : findings) CHECK(f.ok);
}

TEST_CASE("what has not left the shaper is not repeated without end") {
  Two t;
  t.load();
  REQUIRE(t.both_up());
  t.world.run_for(Duration::seconds(1));
  t.world.lose = [](const Packet&) { return true; };  // the friend is away
  t.a.shaper_stalled = true;
  const std::size_t before = t.a.left.size();
  for (std::uint32_t i = 0; i < core::ControlChannel::kWindow; ++i) {
    t.a.step(
        [&] { t.a.links->send_control(t.a.slot(t.b), {wire::ProbeSeen{i + 1}}, t.world.now); });
  }
  t.world.run_for(Duration::seconds(12));
  std::size_t control = 0;
  for (std::size_t i = before; i < t.a.left.size(); ++i) {
    control += class_of(t.a.left[i].posting.flow) == FlowClass::Control ? 1 : 0;
  }
  // The messages, what was repeated before sixteen waited, and challenges of the path.
  CHECK(control < 64);
}
