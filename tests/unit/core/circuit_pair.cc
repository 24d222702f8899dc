// SPDX-License-Identifier: Apache-2.0
#include "circuit_pair.h"

#include "base/bug.h"
#include "wire/ip.h"

namespace covfefe::test {

namespace {

constexpr WallTime kStart{1'700'000'000'000'000'000};

ByteArray<32> seed_of(std::uint8_t seed) {
  ByteArray<32> key{};
  key[0] = seed;
  return key;
}

}  // namespace

MutableBytes MemoryLink::open_cell(core::LinkSlot, FlowClass as, core::CellSize size) {
  const core::Lane lane = core::lane_of(as);
  if (!cells || state != core::LinkState::Up) return {};
  if (!opened_.onion.empty()) bug("a cell is open already");
  opened_.lane = lane;
  opened_.onion.assign(size == core::CellSize::Small ? wire::kSmallOnion : wire::kLargeOnion, 0);
  return opened_.onion;
}

void MemoryLink::send_cell(const core::CellHeader& header) {
  opened_.header = header;
  out.emplace_back(std::move(opened_));
  opened_ = Cell{};
}

bool MemoryLink::send_control(core::LinkSlot, const wire::Control& message, Instant) {
  if (state != core::LinkState::Up) return false;
  out.emplace_back(message);
  return true;
}

bool MemoryLink::send_destroy(core::LinkSlot, CircuitId circuit, wire::DestroyReason reason,
                              Instant) {
  out.emplace_back(Destroyed{circuit, reason});
  return true;
}

core::FriendReport MemoryLink::report(core::LinkSlot, Instant) const {
  core::FriendReport report;
  report.state = state;
  report.remote = *parse_endpoint("192.0.2.1:6364");
  return report;
}

void Recorded::deliver(std::span<const ByteView> packets) {
  for (const ByteView p : packets) delivered.emplace_back(p.begin(), p.end());
}

Node::Node(std::uint8_t seed)
    : keystore(seed),
      random(seed_of(static_cast<std::uint8_t>(seed + 100))),
      circuits({keystore.address(), wire::kTunMtu, keystore.static_key(), {}}, link, random) {}

void Node::step(Instant now, const std::function<void()>& what) {
  circuits.begin(now, effects);
  what();
  if (now >= circuits.next_deadline()) circuits.timer();
  if (const auto ask = circuits.certify()) {
    circuits.certify_asked(RequestId{77});
    if (keystore_attached) {
      keystore.set_clock({kStart.unix_nanoseconds + now.nanoseconds});
      core::KeystoreReply reply = keystore.answer({RequestId{77}, *ask});
      circuits.keystore_reply(reply);
    }
  }
  circuits.end();
}

void Node::tun(Instant now, const Bytes& packet) {
  step(now, [&] {
    const ByteView view(packet);
    circuits.packets({&view, 1});
  });
}

const core::PingReport* Node::ping_report() const {
  for (const core::Report& report : effects.reports) {
    const auto* answer = std::get_if<core::Answer>(&report);
    if (answer == nullptr) continue;
    if (const auto* ping = std::get_if<core::PingReport>(&answer->what)) return ping;
  }
  return nullptr;
}

Pair::Pair() {
  for (Node* node : {&left, &right}) {
    core::Friend friend_record;
    friend_record.id = FriendId{1};
    friend_record.address = other(*node).keystore.address();
    node->step(now, [&] {
      node->circuits.clock({kStart.unix_nanoseconds + now.nanoseconds});
      node->circuits.keystore_up();
      node->circuits.on_friend(kSlot, friend_record);
    });
  }
}

void Pair::up(core::Boot boot) {
  for (Node* node : {&left, &right}) node->link.state = core::LinkState::Up;
  for (Node* node : {&left, &right}) {
    node->step(now, [&] { node->circuits.on_link_up(kSlot, boot, now); });
  }
  exchange();
}

void Pair::down() {
  for (Node* node : {&left, &right}) {
    node->link.state = core::LinkState::Down;
    node->link.out.clear();
    node->step(now, [&] { node->circuits.on_link_down(kSlot, now); });
  }
}

bool Pair::carry(Node& from, Node& to) {
  if (from.link.out.empty()) return false;
  MemoryLink::Event event = std::move(from.link.out.front());
  from.link.out.pop_front();
  if (!spoil(from, event)) return true;
  to.step(now, [&] {
    if (auto* cell = std::get_if<MemoryLink::Cell>(&event)) {
      to.circuits.on_cell(kSlot, cell->header, cell->onion, now);
    } else if (auto* control = std::get_if<wire::Control>(&event)) {
      to.circuits.on_control(kSlot, *control, now);
    } else {
      const auto& gone = std::get<MemoryLink::Destroyed>(event);
      to.circuits.on_destroy(kSlot, gone.circuit, gone.reason, now);
    }
  });
  return true;
}

void Pair::exchange() {
  for (int i = 0; i < 10'000; ++i) {
    const bool one = carry(left, right);
    const bool two = carry(right, left);
    if (!one && !two) return;
  }
  bug("the link does not fall silent");
}

void Pair::tick(Duration by) {
  const Instant until = now + by;
  while (now < until) {
    now = std::min(until, now + Duration::millis(50));
    for (Node* node : {&left, &right}) {
      node->step(now, [] {});
    }
    exchange();
  }
}

bool Pair::established() {
  up();
  tick(Duration::seconds(1));
  return left.circuits.friends()[0].session_up && right.circuits.friends()[0].session_up;
}

Bytes udp_packet(const Address& from, const Address& to, std::size_t size, std::uint8_t dscp) {
  Bytes payload(size - wire::kIpv6Header);
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<std::uint8_t>(i);
  wire::Ipv6Packet ip;
  ip.traffic_class = static_cast<std::uint8_t>(dscp << 2);
  ip.next_header = wire::kNextUdp;
  ip.hop_limit = 64;
  ip.source = from;
  ip.destination = to;
  ip.payload = payload;
  Bytes out(size);
  if (wire::write_ipv6(ip, out) != size) bug("not a packet");
  return out;
}

}  // namespace covfefe::test
