// SPDX-License-Identifier: Apache-2.0
// A friend that holds real keys and sends whatever it likes, from wherever it likes; and whoever
// sits on the way and moves true datagrams about.
#include <doctest/doctest.h>

#include <algorithm>

#include "core/link/paths.h"
#include "core/link/session.h"
#include "crypto/mac.h"
#include "crypto/onion.h"
#include "tests/unit/core/link_world.h"
#include "wire/handshake.h"
#include "wire/link_frames.h"

using namespace covfefe;
using namespace covfefe::core;
using namespace covfefe::test;

namespace {

bool is_cell(const Packet& p) {
  return load_le<std::uint32_t>(p.bytes.data()) >= wire::kFirstReceiverIndex;
}

std::size_t sent_to(const World& world, const Address& ip) {
  return static_cast<std::size_t>(std::count_if(world.captured.begin(), world.captured.end(),
                                                [&](const Packet& p) { return p.to.ip == ip; }));
}

// Answers a node's handshake and then seals frames that no router of ours would.
class Hostile {
 public:
  explicit Hostile(World& world) : world_(world), keystore_(200), random_(ByteArray<32>{7}) {
    victim_.keystore.befriend(keystore_.static_key());
    keystore_.befriend(victim_.keystore.static_key());
    core::Friend f;
    f.id = {1};
    f.petname = "hostile";
    f.static_key = keystore_.static_key();
    f.address = keystore_.address();
    f.endpoints = {here_};
    f.idle = core::IdleLane::Off;
    victim_.table.all.push_back(f);
    world_.capture = true;
  }

  bool join() {
    victim_.load_friends();
    world_.run_for(Duration::millis(50));
    const Packet call = world_.captured.back();
    const auto initiation = wire::parse_initiation(call.bytes);
    if (!initiation) return false;
    Respond ask;
    copy(initiation->noise, ask.message);
    const KeystoreReply reply = keystore_.answer({{1}, ask});
    const auto& made = std::get<Established>(reply.answer);
    ByteArray<wire::kResponseSize> out{};
    wire::write_response({kIndex, initiation->sender, made.message}, out);
    crypto::put_mac1(crypto::mac1_key(victim_.keystore.static_key()), out);
    SessionStart start;
    start.mine = {kIndex};
    start.theirs = {initiation->sender};
    start.role = crypto::Role::Responder;
    session_ = std::make_unique<Session>(start, made.masters);
    world_.send({{out.begin(), out.end()}, here_, victim_.sockets[0]});
    return world_.run_until([&] { return !victim_.ups.empty(); }, Duration::seconds(1));
  }

  void send(const wire::LinkFrame& frame) {
    ByteArray<wire::kSmallOnion> onion{};
    REQUIRE(wire::write_link_frame(frame, crypto::body_of(MutableBytes(onion))) != 0);
    const std::uint64_t hop = session_->seal_link_onion(random_, onion);
    ByteArray<wire::kSmallDatagram> out{};
    session_->seal(Lane::Link, {CircuitId{0}, hop}, onion, out);
    world_.send({{out.begin(), out.end()}, here_, victim_.sockets[0]});
  }

  World& world_;
  Node& victim_ = world_.add();
  const Endpoint here_{test_ip(7, 7), 7777, 0};

 private:
  static constexpr std::uint32_t kIndex = 0x12345;
  FakeKeystore keystore_;
  crypto::Drbg random_;
  std::unique_ptr<Session> session_;
};

}  // namespace

TEST_CASE("nothing is sent to port 0 or to no address, whatever authentic comes from there") {
  for (const Endpoint& nowhere : {Endpoint{test_ip(0, 1), 0, 0}, Endpoint{{}, 6363, 0},
                                  Endpoint{*parse_address("0.0.0.0"), 6363, 0}}) {
    Two t;
    t.load();
    REQUIRE(t.both_up());
    std::vector<Packet> held;
    t.world.lose = [&](const Packet& p) {
      if (p.to == t.b.sockets[0]) held.push_back(p);
      return true;
    };
    t.world.run_for(Duration::seconds(3));
    t.world.lose = nullptr;
    t.world.capture = true;
    REQUIRE(held.size() >= 2);
    for (Packet p : held) {
      p.from = nowhere;
      t.world.send(p);
      t.world.run_for(Duration::seconds(2));
    }
    for (const Packet& p : t.world.captured) {
      if (p.from != nowhere) CHECK(p.to != nowhere);
    }
  }
}

TEST_CASE("a link that was down comes back where the friend was proven to be") {
  Two t;
  t.load();
  REQUIRE(t.both_up());
  t.world.run_for(Duration::seconds(1));
  std::vector<Packet> held;
  t.world.lose = [&](const Packet& p) {
    if (p.to == t.b.sockets[0] && is_cell(p)) held.push_back(p);
    return true;
  };
  REQUIRE(t.world.run_until([&] { return !t.a.up(t.b) && !t.b.up(t.a); }, Duration::seconds(40)));
  REQUIRE(!held.empty());
  Packet late = held.back();
  late.from = {test_ip(66, 66), 6666, 0};
  t.world.lose = [&](const Packet& p) { return p.from != late.from; };
  t.world.capture = true;
  t.world.send(late);
  REQUIRE(t.world.run_until([&] { return t.b.up(t.a); }, Duration::seconds(1)));
  for (int i = 0; i < 50; ++i) {
    t.b.send_data(t.b.slot(t.a), Lane::Bulk, CellSize::Large);
    t.world.run_for(Duration::millis(100));
  }
  CHECK(sent_to(t.world, late.from.ip) <= 2);  // our challenge, and the answer to the cell's own
}

TEST_CASE("a responder sends where its answer arrived, not where a first cell says it is") {
  Two t;
  t.b.table.all[0].endpoints.clear();
  const Endpoint elsewhere{test_ip(66, 66), 6666, 0};
  t.world.capture = true;
  t.world.lose = [&](const Packet& p) {
    if (p.from != t.a.sockets[0] || !is_cell(p)) return false;
    Packet moved = p;
    moved.from = elsewhere;
    t.world.send(moved);
    return true;
  };
  t.load();
  REQUIRE(t.world.run_until([&] { return t.b.up(t.a); }, Duration::seconds(1)));
  t.world.lose = nullptr;
  t.world.run_for(Duration::seconds(3));
  CHECK(sent_to(t.world, elsewhere.ip) <= 4);  // our challenge, and answers to the cells' own
  CHECK(t.b.report(t.a).remote.ip == t.a.sockets[0].ip);
}

TEST_CASE("an initiator sends where its call arrived, not where the answer says it is from") {
  Two t;
  t.b.table.all[0].endpoints.clear();
  const Endpoint elsewhere{test_ip(66, 66), 6666, 0};
  t.world.capture = true;
  t.world.lose = [&](const Packet& p) {
    if (p.from != t.b.sockets[0] || is_cell(p)) return false;
    Packet moved = p;
    moved.from = elsewhere;
    t.world.send(moved);
    return true;
  };
  t.load();
  REQUIRE(t.both_up());
  CHECK(sent_to(t.world, elsewhere.ip) == 0);
}

TEST_CASE("an answer that was withheld does not move a path to where the friend once was") {
  crypto::Drbg random(ByteArray<32>{1});
  const Instant then{Duration::seconds(100).nanoseconds};
  const Route first{0, {test_ip(0, 1), 6363, 0}, {}};
  const Route second{0, {test_ip(9, 1), 6363, 0}, {}};
  for (const Duration late : {Duration::seconds(1), Duration::seconds(30)}) {
    Paths paths({true, true, true});
    paths.start(first, then);
    const auto challenge = paths.heard(second, then, random);
    REQUIRE(challenge.has_value());
    const bool moved = paths.answered(challenge->token, then + late).has_value();
    CHECK(moved == (late == Duration::seconds(1)));
    CHECK(paths.control().to == (moved ? second : first).to);
  }
}

TEST_CASE("who forges a friend's address gets a probe out of a live link, but no handshakes") {
  Two t;
  t.load();
  REQUIRE(t.both_up());
  t.world.run_for(Duration::seconds(5));
  const std::uint64_t made = t.b.counter("link.handshakes_made");
  Packet stray{std::vector<std::uint8_t>(256, 0x77), {test_ip(0, 1), 5000, 0}, t.b.sockets[0]};
  for (int i = 0; i < 60; ++i) {
    t.world.send(stray);
    t.world.run_for(Duration::millis(700));
  }
  CHECK(t.b.counter("link.unknown_index") >= 60);
  CHECK(t.b.counter("link.handshakes_made") == made);
}

TEST_CASE("a flood of path challenges is answered at a walking pace") {
  World world;
  Hostile friendly(world);
  REQUIRE(friendly.join());
  world.captured.clear();
  for (std::uint64_t i = 1; i <= 1000; ++i) friendly.send(wire::PathChallengeFrame{i});
  world.run_for(Duration::seconds(1));
  const std::size_t answers = sent_to(world, friendly.here_.ip);
  CHECK(answers > 3);
  CHECK(answers < 80);
  world.run_for(Duration::seconds(3));
  world.captured.clear();
  friendly.send(wire::PathChallengeFrame{5});
  world.run_for(Duration::millis(30));
  CHECK(sent_to(world, friendly.here_.ip) >= 1);
}

TEST_CASE("a flood of hellos does not make the victim probe port after port") {
  World world;
  Hostile friendly(world);
  REQUIRE(friendly.join());
  rpc::ControlCodec codec;
  for (std::uint32_t i = 1; i <= 500; ++i) {
    wire::Hello hello;
    hello.data_sockets.push_back(
        {static_cast<std::uint16_t>(20'000 + i), wire::SocketClass::Bulk, wire::Direction::Both});
    ByteArray<120> message{};
    const std::size_t length = codec.encode({hello}, message);
    REQUIRE(length != 0);
    friendly.send(wire::ControlFrame{i, 0, ByteView(message).first(length), 77, 0});
    world.run_for(Duration::millis(2));
  }
  world.run_for(Duration::seconds(1));
  const auto probes = std::count_if(world.captured.begin(), world.captured.end(),
                                    [](const Packet& p) { return p.to.port > 20'000; });
  CHECK(probes > 0);
  CHECK(probes < 20);
}

TEST_CASE("a friend that begins its control channel anew all the time is believed now and then") {
  World world;
  Hostile friendly(world);
  REQUIRE(friendly.join());
  for (std::uint16_t i = 1; i <= 500; ++i) {
    friendly.send(wire::ControlFrame{0, 0, {}, static_cast<std::uint16_t>(1000 + i), 0});
  }
  world.run_for(Duration::seconds(1));
  CHECK(friendly.victim_.ups.size() > 1);
  CHECK(friendly.victim_.ups.size() < 10);
}

TEST_CASE("a flood of control frames is not acknowledged one by one") {
  World world;
  Hostile friendly(world);
  REQUIRE(friendly.join());
  world.captured.clear();
  const ByteArray<1> late{};
  for (int i = 0; i < 1000; ++i) friendly.send(wire::ControlFrame{9, 0, late, 77, 0});
  world.run_for(Duration::seconds(1));
  CHECK(sent_to(world, friendly.here_.ip) > 20);
  CHECK(sent_to(world, friendly.here_.ip) < 120);
}
