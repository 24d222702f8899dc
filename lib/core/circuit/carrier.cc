// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/carrier.h"

#include <algorithm>

#include "base/check.h"
#include "core/circuit/choice.h"

namespace covfefe::core {

namespace {

std::size_t cell_plain(const PeerSession& session, std::size_t used) {
  // Until the responder is heard, every cell that can carries the third message: any one of them
  // completes the handshake.
  if (session.stage == Stage::Unconfirmed && used <= wire::kFirstPlain) return wire::kFirstPlain;
  return used <= wire::kSmallPlain ? wire::kSmallPlain : wire::kLargePlain;
}

Lane lane_of(TrafficClass traffic) {
  switch (traffic) {
    case TrafficClass::Realtime:
      return Lane::Realtime;
    case TrafficClass::Chat:
      return Lane::Spare;
    case TrafficClass::Interactive:
    case TrafficClass::Bulk:
      break;
  }
  return Lane::Bulk;
}

std::size_t datagram(std::size_t onion) {
  return onion == wire::kSmallOnion ? wire::kSmallDatagram : wire::kLargeDatagram;
}

bool sends(const Leg& leg) {
  return leg.state == CircuitState::Open || leg.state == CircuitState::Suspect;
}

// Step S3, covfefe-protocol(7): what a hop counter here is at the circuit's destination.
std::uint64_t at_destination(const Circuit& circuit, std::uint64_t counter) {
  if (circuit.role != CircuitRole::Origin) return counter;
  for (std::size_t i = 0; i + 1 < circuit.length; ++i) counter += circuit.hops[i].delta;
  return counter;
}

}  // namespace

Bundle& Carrier::bundle(PeerSession& session) {
  if (!session.bundle) session.bundle = std::make_unique<Bundle>(shared_.reorder_pool);
  InlineVec<Bundle::Leg, Bundle::kLegs> legs;
  for (const auto& leg : session.legs) {
    const bool leased = shared_.now < leg->leased_until;
    if (!legs.full()) legs.push_back({leg->circuit, leg->rtt, sends(*leg), leased});
  }
  session.bundle->set_legs(legs.view());
  return *session.bundle;
}

bool Carrier::several(PeerSession& session) {
  if (session.via == Via::Direct) return false;
  return std::count_if(session.legs.begin(), session.legs.end(),
                       [](const auto& leg) { return sends(*leg); }) > 1;
}

bool Carrier::small_only(PeerSession& session) {
  return std::all_of(session.legs.begin(), session.legs.end(), [this](const auto& leg) {
    return !sends(*leg) || shared_.sink.small_only(leg->link);
  });
}

bool Carrier::backlogged(PeerSession& session) {
  return std::all_of(session.legs.begin(), session.legs.end(), [this](const auto& leg) {
    return !sends(*leg) || shared_.sink.bulk_backlogged(leg->link);
  });
}

Carrier::Full Carrier::full(const PeerSession& session, std::size_t plain) const {
  Full out;
  bool large_passes = false;
  for (const auto& leg : session.legs) {
    large_passes = large_passes || (sends(*leg) && !shared_.sink.small_only(leg->link));
  }
  for (const auto& leg : session.legs) {
    // An L cell costs eleven small ones where L does not pass.
    const bool dear = plain != wire::kSmallPlain && large_passes;
    const bool avoid = dear && shared_.sink.small_only(leg->link);
    if ((avoid || shared_.sink.bulk_backlogged(leg->link)) && !out.full()) {
      out.push_back(leg->circuit);
    }
  }
  return out;
}

// ---- out ----------------------------------------------------------------------------------------

bool Carrier::carry(PeerSession& session, TrafficClass traffic, Packer& packer) {
  const std::size_t size = cell_plain(session, packer.used());
  Load load{lane_of(traffic), Order::Kept, Wants::Nothing, {}};
  if (session.via == Via::Direct) {
    // It may wait for longer than the window of what is in order.
    const bool chat = traffic == TrafficClass::Chat && size == wire::kSmallPlain;
    if (chat) load.order = Order::Loose;
    load.plain = packer.finish(size, shared_.random);
    return !session.legs.empty() && seal(session, *session.legs.front(), load);
  }
  Bundle& legs = bundle(session);
  const std::size_t bytes = size == wire::kSmallPlain ? wire::kSmallDatagram : wire::kLargeDatagram;
  auto picked = legs.pick({traffic, bytes}, full(session, size).view());
  const bool chat = traffic == TrafficClass::Chat;
  if (packer.wants_acknowledgement() && !chat) load.wants = Wants::Acknowledgement;
  if (traffic != TrafficClass::Bulk) load.order = Order::Loose;
  if (!chat) add_acks(legs, picked.view(), packer);
  load.plain = packer.finish(cell_plain(session, packer.used()), shared_.random);
  if (picked.empty()) return false;
  const auto by = seal_by_any(session, picked[0], load);
  if (!by) return false;
  const std::size_t body =
      load.plain.size() == wire::kSmallPlain ? wire::kSmallBody : wire::kLargeBody;
  const ByteView sealed = ByteView(body_).first(body);
  const bool second = picked.size() == 2 && picked[1] != *by;
  if (second) (void)repeat(session, picked[1], load.lane, sealed);
  if (traffic == TrafficClass::Interactive) legs.keep(sealed, *by, shared_.now);
  return true;
}

bool Carrier::carry_by(PeerSession& session, CircuitId leg, Packer& packer) {
  if (session.via == Via::Direct) return carry(session, TrafficClass::Realtime, packer);
  add_acks(bundle(session), {&leg, 1}, packer);
  Load load{Lane::Realtime, Order::Loose, Wants::Nothing, {}};
  if (packer.wants_acknowledgement()) load.wants = Wants::Acknowledgement;
  load.plain = packer.finish(cell_plain(session, packer.used()), shared_.random);
  Leg* by = find_leg(session, leg);
  return by != nullptr && seal(session, *by, load);
}

// Only into room that would be padding: an acknowledgement makes no cell larger.
void Carrier::add_acks(Bundle& bundle, std::span<const CircuitId> legs, Packer& packer) {
  const std::size_t limit = packer.used() <= wire::kSmallPlain   ? wire::kSmallPlain
                            : packer.used() <= wire::kFirstPlain ? wire::kFirstPlain
                                                                 : wire::kLargePlain;
  for (const CircuitId leg : legs) {
    Strand* strand = bundle.find(leg);
    if (strand == nullptr || !strand->book.pending()) continue;
    if (packer.used() + wire::kInnerHead + wire::kInnerAck > limit) return;
    CHECK(packer.frame(strand->book.take(shared_.now), limit));
  }
}

std::optional<CircuitId> Carrier::seal_by_any(PeerSession& session, CircuitId first,
                                              const Load& load) {
  Leg* leg = find_leg(session, first);
  CHECK(leg != nullptr);
  if (seal(session, *leg, load)) return first;
  const CircuitId other = session.bundle->other(first);
  leg = find_leg(session, other);
  if (leg == nullptr || !seal(session, *leg, load)) return std::nullopt;
  // Its link is down or chokes: what matters goes elsewhere until it answers again.
  if (load.lane == Lane::Realtime) session.bundle->find(first)->meter.distrust(shared_.now);
  return other;
}

// Step Q8, covfefe-protocol(7).
FlowClass Carrier::class_for(const PeerSession& session, const Leg& leg, const Load& load) {
  const bool small = load.plain.size() == wire::kSmallPlain;
  if (load.lane == Lane::Spare && !small) return FlowClass::Bulk;
  if (load.lane != Lane::Realtime) return unleased(load.lane);
  const std::size_t bytes = small ? wire::kSmallDatagram : wire::kLargeDatagram;
  bool leased = false;
  if (session.via == Via::Direct) {
    const auto wire = static_cast<std::uint32_t>(bytes) + kCellHeaders;
    LinkLeases* promised = shared_.link_leases;
    leased = promised != nullptr && promised->leased(leg.link, wire, shared_.now);
  } else if (shared_.now < leg.leased_until) {
    Circuit* circuit = shared_.table.find(leg.circuit);
    CHECK(circuit != nullptr);
    leased = circuit->lease != nullptr && circuit->lease->admits(bytes, shared_.now);
  }
  return leased ? FlowClass::Leased : FlowClass::Interactive;
}

bool Carrier::seal(PeerSession& session, Leg& leg, const Load& load) {
  const bool small = load.plain.size() == wire::kSmallPlain;
  const MutableBytes onion = shared_.sink.open_cell(leg.link, class_for(session, leg, load),
                                                    small ? CellSize::Small : CellSize::Large);
  if (onion.empty()) return false;
  const MutableBytes body = crypto::body_of(onion);
  session.e2e->seal(load.plain, body, load.order);
  if (load.order == Order::Loose) copy(body, body_);
  send(session, leg, load.wants, onion);
  return true;
}

// Step S1, covfefe-protocol(7): the same body under another onion.
bool Carrier::repeat(PeerSession& session, CircuitId leg, Lane lane, ByteView body) {
  Leg* by = find_leg(session, leg);
  if (by == nullptr) return false;
  const CellSize size = body.size() == wire::kSmallBody ? CellSize::Small : CellSize::Large;
  const MutableBytes onion = shared_.sink.open_cell(by->link, unleased(lane), size);
  if (onion.empty()) return false;
  copy(body, crypto::body_of(onion));
  send(session, *by, Wants::Acknowledgement, onion);
  return true;
}

void Carrier::send(PeerSession& session, Leg& leg, Wants wants, MutableBytes onion) {
  Circuit* circuit = shared_.table.find(leg.circuit);
  CHECK(circuit != nullptr);
  const CellHeader header = seal_onion(*circuit, shared_.random, onion);
  shared_.sink.send_cell(header);
  shared_.tally.add(Count::CellsSent);
  const std::size_t bytes = datagram(onion.size());
  leg.tx_bytes += bytes;
  session.pulse.beat(shared_.now);
  if (session.via == Via::Direct) return;
  Strand* strand = session.bundle->find(leg.circuit);
  CHECK(strand != nullptr);
  strand->meter.sent({at_destination(*circuit, header.counter), bytes, wants}, shared_.now);
}

// ---- in -----------------------------------------------------------------------------------------

void Carrier::came(PeerSession& session, const Circuit& by, const CellHeader& header, Wants wants) {
  if (session.via == Via::Direct) return;
  Strand* strand = bundle(session).find(by.receive);
  if (strand == nullptr) return;
  if (header.lane == Lane::Spare) return strand->book.came_idle();
  strand->book.came(at_destination(by, header.counter), wants, shared_.now);
}

void Carrier::acknowledged(PeerSession& session, const Circuit& by, const wire::InnerAck& ack) {
  if (session.via == Via::Direct) return;
  bundle(session).acknowledged(ack, by.receive, shared_.now);
  reflect(session);
}

void Carrier::asked(PeerSession& session, const Circuit& by) {
  if (session.via == Via::Direct) return;
  if (Strand* strand = bundle(session).find(by.receive)) strand->book.urge(shared_.now);
}

void Carrier::used(PeerSession& session, Lane lane, Instant now) {
  const bool chat = lane == Lane::Spare;
  session.chatted = session.chatted || chat;
  if (!chat) session.loud = now;
  if (!session.bundle) return;
  if (chat) return session.bundle->chatted(now);
  session.bundle->used(now);
}

bool Carrier::hides(const PeerSession& session, Instant now) {
  return live(&session) && !session.pulse.busy(now);
}

// ---- time ---------------------------------------------------------------------------------------

void Carrier::tend(PeerSession& session) {
  if (!session.bundle || !live(&session)) return;
  Bundle& legs = bundle(session);
  legs.tick(shared_.now);
  while (const auto again = legs.resend(shared_.now)) {
    const bool sent = repeat(session, again->leg, Lane::Bulk, again->body);
    shared_.tally.add(sent ? Count::CellsResent : Count::TunNoCell);
  }
  for (std::size_t i = 0; i < Bundle::kLegs; ++i) {
    const CircuitId leg = legs.unprobed(shared_.now);
    if (leg.value == 0) break;
    CHECK(word_.frame(wire::InnerPing{0}, wire::kSmallPlain));
    (void)carry_by(session, leg, word_);
  }
  for (std::size_t i = 0; i < Bundle::kLegs; ++i) {
    const CircuitId leg = legs.unacknowledged(shared_.now);
    if (leg.value == 0) break;
    (void)carry_by(session, leg, word_);
  }
  reflect(session);
}

Instant Carrier::next_deadline(const PeerSession& session) {
  if (!session.bundle || !live(&session)) return Instant::never();
  return session.bundle->next_deadline();
}

void Carrier::reflect(PeerSession& session) {
  for (const auto& leg : session.legs) {
    const Strand* strand = session.bundle->find(leg->circuit);
    if (strand == nullptr) continue;
    if (strand->meter.measured()) leg->rtt = strand->meter.rtt();
    leg->resent = strand->resent;
    if (!sends(*leg)) continue;
    leg->enter(strand->meter.suspect() ? CircuitState::Suspect : CircuitState::Open, shared_.now);
  }
}

}  // namespace covfefe::core
