// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/core/link_world.h"

#include <cstdio>
#include <cstdlib>

namespace covfefe::test {
namespace {

crypto::Drbg seeded(std::uint8_t number) {
  ByteArray<32> seed{};
  seed.fill(static_cast<std::uint8_t>(0xa0 + number));
  return crypto::Drbg(seed);
}

[[noreturn]] void wrong(const char* what) {
  std::fprintf(stderr, "link world: %s\n", what);
  std::abort();
}

}  // namespace

Address test_ip(std::uint8_t network, std::uint8_t host) {
  Address ip;
  ip.bytes[10] = ip.bytes[11] = 0xff;
  ip.bytes[12] = 10;
  ip.bytes[13] = network;
  ip.bytes[15] = host;
  return ip;
}

Node::Node(World& world_in, std::uint8_t number)
    : world(world_in), keystore(number), random(seeded(number)) {
  for (std::uint16_t i = 0; i < 3; ++i) {
    sockets[i] = {test_ip(0, number), static_cast<std::uint16_t>(6363 + i), 0};
  }
  restart_router();
}

void Node::restart_router() {
  core::LinksConfig config;
  config.static_key = keystore.static_key();
  random.fill(config.boot);
  if (data_sockets) {
    config.data_sockets = {{sockets[1].port, wire::SocketClass::Bulk, wire::Direction::Both},
                           {sockets[2].port, wire::SocketClass::Realtime, wire::Direction::Both}};
  }
  asked.clear();
  completions.clear();
  links = std::make_unique<core::Links>(config, random, codec);
  links->attach(*this);
  step([&] {
    if (keystore_alive) links->keystore_up();
    links->friends(table);
  });
}

void Node::befriend(Node& other) {
  keystore.befriend(other.keystore.static_key());
  core::Friend f;
  f.id = {static_cast<std::uint32_t>(table.all.size() + 1)};
  f.petname = "friend-" + std::to_string(f.id.value);
  f.static_key = other.keystore.static_key();
  f.address = other.keystore.address();
  f.endpoints = {other.sockets[0]};
  f.idle = core::IdleLane::Off;  // tests of the idle lane turn it on
  table.all.push_back(f);
}

void Node::load_friends() {
  step([&] { links->friends(table); });
}

void Node::timer() {
  ++timers;
  step([&] { links->timer(); });
}

void Node::receive(const Packet& packet, std::uint8_t socket) {
  const core::DatagramIn in{packet.bytes, packet.from, {packet.to.ip, 2}, socket};
  step([&] { links->datagrams({&in, 1}); });
}

void Node::answer_keystore() {
  const core::KeystoreRequest request = asked.front();
  asked.pop_front();
  core::KeystoreReply reply = keystore.answer(request);
  if (twist) twist(reply);
  step([&] {
    if (!links->keystore_reply(reply)) wrong("reply to nobody's question");
  });
}

void Node::complete() {
  const std::vector<core::Completion> all(completions.begin(), completions.end());
  completions.clear();
  step([&] { links->completions(all); });
}

void Node::move_to(std::uint8_t network) {
  for (Endpoint& e : sockets) e.ip.bytes[13] = network;
}

void Node::send_data(core::LinkSlot to, FlowClass as, core::CellSize size) {
  step([&] {
    MutableBytes onion = links->open_cell(to, as, size);
    if (onion.empty()) return;
    random.fill(onion);
    links->send_cell({CircuitId{0x1001}, cell_counter++});
  });
}

core::LinkSlot Node::slot(const Node& other) const {
  for (const core::Friend& f : table.all) {
    if (f.static_key != other.keystore.static_key()) continue;
    if (const auto found = links->find(f.id)) return *found;
  }
  wrong("not a friend");
}

core::FriendReport Node::report(const Node& other) const {
  return links->report(slot(other), world.now);
}

bool Node::up(const Node& other) const {
  return report(other).state == core::LinkState::Up;
}

std::uint64_t Node::counter(const std::string& name) const {
  std::vector<core::Counter> all;
  links->count(all);
  for (const core::Counter& c : all) {
    if (name == c.name) return c.value;
  }
  wrong("no such counter");
}

void Node::on_cell(core::LinkSlot, const core::CellHeader& header, ByteView onion, Instant) {
  cells.push_back({header, {onion.begin(), onion.end()}});
}
void Node::on_control(core::LinkSlot, const wire::Control& message, Instant) {
  controls.push_back(message);
}
void Node::on_destroy(core::LinkSlot, CircuitId circuit, wire::DestroyReason reason, Instant) {
  destroyed.emplace_back(circuit, reason);
}
void Node::on_build(core::LinkSlot, const wire::BuildFrame&, Instant) {}
void Node::on_built(core::LinkSlot, const wire::BuiltFrame&, Instant) {}
void Node::on_friend(core::LinkSlot, const core::Friend&) {}
void Node::on_link_up(core::LinkSlot, core::Boot boot, Instant) {
  ups.push_back(boot == core::Boot::New);
}
void Node::on_link_down(core::LinkSlot, Instant) {
  ++downs;
}
void Node::on_link_gone(core::LinkSlot) {
  ++gone;
}

core::Frame Node::acquire(core::Lane) {
  ++frames_held;
  pool.emplace_back(1400);
  return {static_cast<std::uint32_t>(pool.size() - 1), pool.back()};
}

void Node::post(const core::Frame& frame, const core::Posting& posting) {
  --frames_held;
  if (posting.length != 64 && posting.length != 256 && posting.length != 1400) wrong("length");
  if (core::lane_of(class_of(posting.flow)) != posting.lane) wrong("a class of another lane");
  if (posting.pace == core::Pace::Slot && posting.length != 256) wrong("a slot is for S cells");
  const Held one{posting, {frame.bytes.begin(), frame.bytes.begin() + posting.length}};
  for (const Held& leaves : shaper.take(one, world.now)) transmit(leaves);
  if (frames_held == 0) pool.clear();
}

void Node::transmit(const Held& one) {
  ++posted_on[one.posting.socket];
  left.push_back({world.now, one.posting});
  const Packet packet{one.bytes, sockets[one.posting.socket], one.posting.to};
  if (!steal || !steal(one.posting, packet)) world.send(packet);
  if (!shaper_stalled) completions.push_back({one.posting.tag, true, world.now});
}

void Node::slots() {
  for (const Held& one : shaper.slots(world.now)) transmit(one);
}

void Node::measured(FlowId flow, const core::PathSample& sample) {
  samples.push_back({world.now, flow, sample});
}

void Node::release(const core::Frame&) {
  --frames_held;
}
void Node::cancel(FlowId flow, std::uint32_t epoch) {
  cancels.emplace_back(flow, epoch);
  for (const core::Completion& one : shaper.cancel(flow, epoch, world.now)) {
    completions.push_back(one);
  }
}
void Node::deliver(std::span<const ByteView>) {
  wrong("links deliver no packets");
}

void Node::ask(core::KeystoreRequest request) {
  ++asks;
  if (keystore_alive) asked.push_back(std::move(request));
}

void Node::tell(core::Report report) {
  if (const auto* e = std::get_if<core::EndpointLearned>(&report)) learned.push_back(*e);
  if (const auto* p = std::get_if<core::LinkPlaces>(&report)) places.push_back(*p);
}

// ---- the world ---------------------------------------------------------------------------------

World::World() = default;

Node& World::add() {
  nodes.push_back(std::make_unique<Node>(*this, static_cast<std::uint8_t>(nodes.size() + 1)));
  return *nodes.back();
}

void World::send(const Packet& packet) {
  if (capture) captured.push_back(packet);
  if (packet.bytes.size() > mtu || (lose && lose(packet))) return;
  flying_.emplace(now + latency + (queue ? queue(packet) : Duration{}), packet);
}

Instant World::next_event() const {
  Instant soonest = flying_.empty() ? Instant::never() : flying_.begin()->first;
  for (const auto& n : nodes) {
    soonest = std::min({soonest, n->links->next_deadline(), n->shaper.next()});
    if (!n->asked.empty() || !n->completions.empty()) soonest = std::min(soonest, now);
  }
  return std::max(soonest, now);
}

void World::deliver_due() {
  while (!flying_.empty() && flying_.begin()->first <= now) {
    const Packet packet = flying_.begin()->second;
    flying_.erase(flying_.begin());
    for (const auto& n : nodes) {
      for (std::uint8_t s = 0; s < 3; ++s) {
        if (n->sockets[s] == packet.to) n->receive(packet, s);
      }
    }
  }
}

bool World::run_until(const std::function<bool()>& done, Duration most) {
  const Instant end = now + most;
  while (!done()) {
    const Instant next = next_event();
    if (next > end) {
      now = end;
      return done();
    }
    now = next;
    deliver_due();
    for (const auto& n : nodes) {
      while (!n->asked.empty()) n->answer_keystore();
      n->slots();
      if (!n->completions.empty()) n->complete();
      if (n->links->next_deadline() <= now) n->timer();
    }
  }
  return true;
}

void World::run_for(Duration span) {
  run_until([] { return false; }, span);
}

}  // namespace covfefe::test
