// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/circuits.h"

#include <algorithm>

#include "core/circuit/choice.h"

namespace covfefe::core {

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
      sessions_(shared_, {setup_, remote_, builds_}),
      discovery_({config.address, config.static_key, config.policy}, sink, random),
      builds_(shared_, discovery_, sessions_, config.policy),
      remote_({shared_, peers_, egress_, discovery_, builds_}, config.policy),
      pings_(shared_, egress_, peers_),
      orders_(remote_.reach()),
      ingress_(shared_, {sessions_, egress_, pings_}),
      intake_(shared_, {peers_, egress_, setup_, remote_}) {}

// ---- a step ------------------------------------------------------------------------------------

void Circuits::begin(Instant now, Effects& effects) {
  shared_.now = now;
  effects_ = &effects;
  shared_.delivery.begin(effects);
  discovery_.begin(now, effects);
  builds_.begin(effects);
}

void Circuits::end() {
  remote_.reservations().settle();
  // Settling one may touch another.
  for (std::size_t i = 0; i < peers_.touched().size(); ++i) settle(*peers_.touched()[i]);
  egress_.flush();
  sweep();
  shared_.delivery.end();
  builds_.end();
  discovery_.end();
  report();
  effects_ = nullptr;
}

void Circuits::settle(Peer& peer) {
  if (due(peer) <= shared_.now) {
    ingress_.tend(peer);
    if (peer.link) setup_.timer(peer);
    remote_.tend(peer);
  }
  if (peer.current != nullptr) pings_.ready(peer);
  intake_.settle(peer);
}

void Circuits::sweep() {
  const std::vector<Peer*>& touched = peers_.touched();
  for (std::size_t i = touched.size(); i-- > 0;) {
    Peer& peer = *touched[i];
    if (Egress::next_deadline(peer) <= shared_.now) egress_.tend(peer);
    if (!remote_.spent(peer)) {
      peers_.due(peer, due(peer));
      continue;
    }
    remote_.bury(peer);
  }
  peers_.untouch();
}

Instant Circuits::due(const Peer& peer) const {
  const Instant at = std::min(
      {remote_.next_deadline(peer), peer.hold.front_deadline(), Egress::next_deadline(peer)});
  return peer.link ? std::min(at, setup_.next_deadline(peer)) : at;
}

void Circuits::report() {
  for (Pings::Done& ping : pings_.done()) {
    if (ping.time.hops.empty()) {
      tell(ping.request, std::move(ping.report));
    } else {
      remote_.hop_times().start(ping.request, std::move(ping.report), ping.time);
    }
  }
  pings_.done().clear();
  orders_.settle();
  for (Report& one : remote_.reach().reports) effects_->tell(std::move(one));
  remote_.reach().reports.clear();
}

void Circuits::tell(RequestId request, decltype(Answer::what) what) {
  effects_->tell(Answer{request, std::move(what)});
}

// ---- time ---------------------------------------------------------------------------------------

Instant Circuits::next_deadline() const {
  return std::min({peers_.next_deadline(), pings_.next_deadline(), orders_.next_deadline(),
                   remote_.next_deadline(), builds_.next_deadline(), discovery_.next_deadline(),
                   shared_.identity.next_deadline()});
}

void Circuits::timer() {
  while (peers_.next_deadline() <= shared_.now) {
    Peer& peer = peers_.first();
    peers_.due(peer, Instant::never());
    peers_.touch(peer);
  }
  remote_.timer();
  if (builds_.next_deadline() <= shared_.now) builds_.timer();
  if (discovery_.next_deadline() <= shared_.now) discovery_.timer();
  expire_pings();
}

// ---- the keystore -------------------------------------------------------------------------------

void Circuits::clock(WallTime wall) {
  shared_.identity.clock(wall, shared_.now);
  discovery_.clock(wall);
}

void Circuits::remembered(const Remembered& what) {
  discovery_.remembered(what);
  remote_.remembered(what);
}

void Circuits::keystore_up() {
  shared_.identity.keystore(shared_.now);
  discovery_.keystore_up();
  builds_.keystore_up();
}

void Circuits::keystore_down() {
  shared_.identity.keystore_gone();
  discovery_.keystore_down();
  builds_.keystore_down();
}

std::optional<Certify> Circuits::certify() {
  return shared_.identity.due(shared_.now, shared_.random);
}

bool Circuits::keystore_reply(KeystoreReply& reply) {
  if (builds_.keystore_reply(reply) || discovery_.keystore_reply(reply)) return true;
  if (!shared_.identity.expects(reply.request)) return false;
  if (!shared_.identity.answered(reply, shared_.now)) return true;
  peers_.each([this](Peer& peer) {
    if (peer.link) setup_.certified(peer);
    peers_.touch(peer);
  });
  return true;
}

}  // namespace covfefe::core
