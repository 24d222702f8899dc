// SPDX-License-Identifier: Apache-2.0
// What the links tell circuits.
#include "base/check.h"
#include "core/circuit/choice.h"
#include "core/circuit/circuits.h"

namespace covfefe::core {

namespace {

template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

bool passes(const Circuit& circuit) {
  return circuit.role == CircuitRole::RelayForward || circuit.role == CircuitRole::RelayBackward;
}

}  // namespace

void Circuits::on_cell(LinkSlot link, const CellHeader& header, ByteView onion, Instant now) {
  shared_.now = now;
  shared_.tally.add(Count::CellsReceived);
  Circuit* circuit = shared_.table.find(header.circuit);
  if (circuit != nullptr && circuit->link == link) {
    if (passes(*circuit)) return builds_.relay(*circuit, header, onion);
    if (PeerSession* session = circuit->session) {
      if (session->peer != nullptr) peers_.touch(*session->peer);
      return ingress_.cell(*circuit, header, onion);
    }
  }
  // Its sender cannot be told, for nobody here knows what it calls the circuit; it will notice that
  // its packets stay without an answer (Steps E10, S5).
  shared_.tally.add(Count::CellUnknownCircuit);
}

void Circuits::on_control(LinkSlot link, const wire::Control& message, Instant now) {
  shared_.now = now;
  if (discovery_.on_control(link, message)) return;
  Peer* peer = peers_.at(link);
  if (peer == nullptr) return;
  peers_.touch(*peer);
  std::visit(Overloaded{[&](const wire::DirectOpen& m) { setup_.open(*peer, m); },
                        [&](const wire::DirectOpened& m) { setup_.opened(*peer, m); },
                        [&](const wire::DirectRefused& m) { setup_.refused(*peer, m); },
                        [](const auto&) {}},
             message.message);
}

void Circuits::on_destroy(LinkSlot link, CircuitId id, wire::DestroyReason reason, Instant now) {
  shared_.now = now;
  const Circuit* circuit = shared_.table.find(id);
  if (circuit == nullptr || circuit->link != link) return;
  const PeerSession* session = circuit->session;
  if (session == nullptr || session->via == Via::Circuits) {
    return builds_.on_destroy(link, id, reason);
  }
  peers_.touch(*session->peer);
  setup_.destroyed(*session->peer, id);
}

void Circuits::on_build(LinkSlot link, const wire::BuildFrame& build, Instant now) {
  shared_.now = now;
  builds_.on_build(link, build);
}

void Circuits::on_built(LinkSlot link, const wire::BuiltFrame& built, Instant now) {
  shared_.now = now;
  builds_.on_built(link, built);
}

// ---- friends ------------------------------------------------------------------------------------

void Circuits::on_friend(LinkSlot link, const Friend& who) {
  discovery_.on_friend(link, who);
  builds_.on_friend(link, who.id);
  Peer* peer = peers_.at(link);
  if (peer != nullptr && (peer->id != who.id || peer->address != who.address)) {
    unfriend(*peer);
    peer = nullptr;
  }
  if (peer == nullptr) peer = &peers_.befriend(link, who);
  peer->petname = who.petname;
}

void Circuits::unfriend(Peer& peer) {
  setup_.drop_all(peer);
  pings_.gone(peer.address);
  peers_.unfriend(peer);
  // Step E13, covfefe-protocol(7): a stranger from now on.
  if (remote_.reach().policy.strangers == Strangers::Refuse) remote_.forget(peer);
  peers_.touch(peer);
}

void Circuits::on_link_up(LinkSlot link, Boot boot, Instant now) {
  shared_.now = now;
  discovery_.on_link_up(link, boot);
  builds_.on_link_up(link, boot);
  Peer* peer = peers_.at(link);
  if (peer == nullptr) return;
  peers_.touch(*peer);
  setup_.link_up(*peer, boot);
}

void Circuits::on_link_down(LinkSlot link, Instant now) {
  shared_.now = now;
  discovery_.on_link_down(link);
  builds_.on_link_down(link);
  Peer* peer = peers_.at(link);
  if (peer == nullptr) return;
  peers_.touch(*peer);
  setup_.link_down(*peer);
  if (peer->current == nullptr) egress_.forget(*peer);
}

void Circuits::on_link_gone(LinkSlot link) {
  remote_.stays(link);
  discovery_.on_link_gone(link);
  builds_.on_link_gone(link);
  if (Peer* peer = peers_.at(link)) unfriend(*peer);
}

}  // namespace covfefe::core
