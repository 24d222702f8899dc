// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/circuits.h"

#include <algorithm>

#include "base/check.h"
#include "wire/ip.h"

namespace covfefe::core {

namespace {

constexpr Duration kStateAge = Duration::millis(200);

template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

}  // namespace

Circuits::Circuits(const CircuitsConfig& config, CellSink& sink, crypto::Drbg& random)
    : shared_{config.address,
              std::min(config.mtu, wire::kTunMtu),
              sink,
              random,
              {},
              CircuitTable(random.next_u64()),
              Identity(config.address),
              {},
              {}},
      egress_(shared_),
      setup_(shared_, egress_),
      pings_(shared_, egress_),
      sessions_(shared_, setup_),
      ingress_(shared_, {sessions_, egress_, pings_}) {}

// ---- a step ------------------------------------------------------------------------------------

void Circuits::begin(Instant now, Effects& effects) {
  shared_.now = now;
  effects_ = &effects;
  shared_.delivery.begin(effects);
}

void Circuits::end() {
  for (Peer* peer : touched_) settle(*peer);
  egress_.flush();
  for (Peer* peer : touched_) {
    deadline_ = std::min(deadline_, due(*peer));
    peer->touched = false;
  }
  touched_.clear();
  shared_.delivery.end();
  for (Answer& answer : ingress_.answers()) effects_->tell(std::move(answer));
  ingress_.answers().clear();
  effects_ = nullptr;
}

void Circuits::touch(Peer& peer) {
  if (peer.touched) return;
  peer.touched = true;
  touched_.push_back(&peer);
}

void Circuits::settle(Peer& peer) {
  if (peer.current != nullptr) {
    pings_.ready(peer);
    while (!peer.hold.empty()) {
      const ByteView ip = peer.hold.front();
      egress_.packet(peer, classify(ip, shared_.own, shared_.mtu).lane, ip);
      peer.hold.pop();
    }
  }
  while (peer.hold.front_deadline() <= shared_.now) {
    shared_.tally.add(Count::TunNoSession);
    answer(peer.hold.front(), Answerable::Unreachable);
    peer.hold.pop();
  }
}

Instant Circuits::due(const Peer& peer) const {
  return std::min(setup_.next_deadline(peer), peer.hold.front_deadline());
}

Instant Circuits::next_deadline() const {
  return std::min({deadline_, pings_.next_deadline(), shared_.identity.next_deadline()});
}

void Circuits::timer() {
  if (deadline_ <= shared_.now) {
    deadline_ = Instant::never();
    for (const auto& peer : peers_) {
      if (!peer) continue;
      setup_.timer(*peer);
      touch(*peer);
    }
  }
  expire_pings();
}

// ---- packets from the TUN
// ------------------------------------------------------------------------

void Circuits::packets(std::span<const ByteView> all) {
  shared_.tally.add(Count::TunIn, all.size());
  for (const ByteView ip : all) packet(ip);
}

void Circuits::packet(ByteView ip) {
  const Outgoing out = classify(ip, shared_.own, shared_.mtu);
  switch (out.verdict) {
    case Verdict::Malformed:
      return shared_.tally.add(Count::TunMalformed);
    case Verdict::ForeignSource:
      return shared_.tally.add(Count::TunForeignSource);
    case Verdict::Multicast:
      return shared_.tally.add(Count::TunMulticast);
    case Verdict::Own:
      return shared_.tally.add(Count::TunOwn);
    case Verdict::NotOverlay:
      return shared_.tally.add(Count::TunNotOverlay);
    case Verdict::TooBig:
      shared_.tally.add(Count::TunTooBig);
      return answer(ip, Answerable::TooBig);
    case Verdict::Route:
      break;
  }
  const std::optional<LinkSlot> link = routes_.find(out.destination);
  if (!link) {
    shared_.tally.add(Count::TunNoFriend);
    return answer(ip, Answerable::NoRoute);
  }
  Peer* peer = peer_at(*link);
  CHECK(peer != nullptr);
  touch(*peer);
  if (peer->current == nullptr) return wait(*peer, ip);
  egress_.packet(*peer, out.lane, ip);
}

void Circuits::wait(Peer& peer, ByteView ip) {
  if (!reachable(peer)) {
    shared_.tally.add(Count::TunNoSession);
    return answer(ip, Answerable::Unreachable);
  }
  if (!peer.hold.push(ip, shared_.now)) return shared_.tally.add(Count::TunHeldFull);
  shared_.tally.add(Count::TunHeld);
  setup_.wanted(peer);
}

bool Circuits::reachable(Peer& peer) {
  if (peer.link_up) return true;
  // Asking the link layer is dear, and a flood of packets to a dead friend must not be.
  if (shared_.now >= peer.state_until) {
    peer.state_until = shared_.now + kStateAge;
    peer.handshaking = shared_.sink.report(*peer.link, shared_.now).state != LinkState::Down;
  }
  return peer.handshaking;
}

// Step E8, covfefe-protocol(7). The answer comes from the address that was asked for: Linux matches
// an ICMPv6 error to its socket by the packet that it quotes; a reverse-path rule of nftables drops
// one whose source is the host's own address.
void Circuits::answer(ByteView ip, Answerable what) {
  if (!wire::may_answer_with_error(ip)) return;
  if (!icmp_.take(shared_.now)) return shared_.tally.add(Count::IcmpLimited);
  const Address from = classify(ip, shared_.own, shared_.mtu).destination;
  const MutableBytes room = shared_.delivery.room();
  std::size_t length = 0;
  if (what == Answerable::TooBig) {
    length = wire::write_too_big(ip, from, static_cast<std::uint32_t>(shared_.mtu), room);
  } else {
    const bool no_route = what == Answerable::NoRoute;
    const auto code = no_route ? wire::Unreachable::NoRoute : wire::Unreachable::Address;
    length = wire::write_unreachable(ip, from, code, room);
  }
  shared_.delivery.commit(length);
}

// ---- links
// ---------------------------------------------------------------------------------------

Peer* Circuits::peer_at(LinkSlot link) const {
  return link.value < peers_.size() ? peers_[link.value].get() : nullptr;
}

Peer* Circuits::find_peer(const Address& address) const {
  const auto link = routes_.find(address);
  return link ? peer_at(*link) : nullptr;
}

void Circuits::on_cell(LinkSlot link, const CellHeader& header, ByteView onion, Instant now) {
  shared_.now = now;
  shared_.tally.add(Count::CellsReceived);
  Circuit* circuit = shared_.table.find(header.circuit);
  if (circuit == nullptr || circuit->link != link || circuit->session == nullptr) {
    // Its sender cannot be told, for nobody here knows what it calls the circuit; it will notice
    // that its packets stay without an answer (Step E10).
    shared_.tally.add(Count::CellUnknownCircuit);
    return;
  }
  if (Peer* peer = circuit->session->peer) touch(*peer);
  ingress_.cell(*circuit, header, onion);
}

void Circuits::on_control(LinkSlot link, const wire::Control& message, Instant now) {
  shared_.now = now;
  Peer* peer = peer_at(link);
  if (peer == nullptr) return;
  touch(*peer);
  std::visit(Overloaded{[&](const wire::DirectOpen& m) { setup_.open(*peer, m); },
                        [&](const wire::DirectOpened& m) { setup_.opened(*peer, m); },
                        [&](const wire::DirectRefused& m) { setup_.refused(*peer, m); },
                        [](const auto&) {}},
             message.message);
}

void Circuits::on_destroy(LinkSlot link, CircuitId circuit, wire::DestroyReason, Instant now) {
  shared_.now = now;
  Peer* peer = peer_at(link);
  if (peer == nullptr) return;
  touch(*peer);
  setup_.destroyed(*peer, circuit);
}

void Circuits::on_build(LinkSlot, const wire::BuildFrame&, Instant now) {
  shared_.now = now;
}

void Circuits::on_built(LinkSlot, const wire::BuiltFrame&, Instant now) {
  shared_.now = now;
}

void Circuits::on_friend(LinkSlot link, const Friend& who) {
  if (link.value >= peers_.size()) peers_.resize(link.value + 1);
  auto& peer = peers_[link.value];
  if (!peer) peer = std::make_unique<Peer>();
  if (peer->id == who.id && peer->address == who.address) return;
  setup_.drop_all(*peer);
  routes_.remove(peer->address, link);
  peer->link = link;
  peer->id = who.id;
  peer->address = who.address;
  // Of two friends that claim one address the first keeps the route: the second could not prove it.
  if (!routes_.find(who.address)) routes_.set(who.address, link);
}

void Circuits::on_link_up(LinkSlot link, Boot boot, Instant now) {
  shared_.now = now;
  Peer* peer = peer_at(link);
  if (peer == nullptr) return;
  touch(*peer);
  setup_.link_up(*peer, boot);
}

void Circuits::on_link_down(LinkSlot link, Instant now) {
  shared_.now = now;
  Peer* peer = peer_at(link);
  if (peer == nullptr) return;
  touch(*peer);
  setup_.link_down(*peer);
  egress_.forget(*peer);
}

void Circuits::on_link_gone(LinkSlot link) {
  Peer* peer = peer_at(link);
  if (peer == nullptr) return;
  setup_.drop_all(*peer);
  pings_.gone(peer->address);
  routes_.remove(peer->address, link);
  std::erase(touched_, peer);
  peers_[link.value].reset();
}

// ---- the keystore
// --------------------------------------------------------------------------------

void Circuits::clock(WallTime wall) {
  shared_.identity.clock(wall, shared_.now);
}

void Circuits::keystore_up() {
  shared_.identity.keystore(shared_.now);
}

void Circuits::keystore_down() {
  shared_.identity.keystore_gone();
}

std::optional<Certify> Circuits::certify() {
  return shared_.identity.due(shared_.now, shared_.random);
}

bool Circuits::keystore_reply(const KeystoreReply& reply) {
  if (!shared_.identity.expects(reply.request)) return false;
  if (!shared_.identity.answered(reply, shared_.now)) return true;
  for (const auto& peer : peers_) {
    if (!peer) continue;
    setup_.certified(*peer);
    touch(*peer);
  }
  return true;
}

}  // namespace covfefe::core
