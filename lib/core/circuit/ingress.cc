// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/ingress.h"

#include "base/check.h"
#include "core/circuit/choice.h"
#include "wire/ip.h"
#include "wire/nat.h"

namespace covfefe::core {

// What was held goes the way of what just came. The far end may end the session by it, which then
// happens when the order is done with.
class Ingress::InOrder final : public OrderedCells {
 public:
  InOrder(Ingress& to, const From& from) : to_(to), from_(from) {}
  void on_ordered(ByteView plain) override { to_.frames(from_, plain); }

 private:
  Ingress& to_;
  const From& from_;
};

void Ingress::cell(Circuit& circuit, const CellHeader& header, ByteView onion) {
  CHECK(onion.size() == wire::kLargeOnion || onion.size() == wire::kSmallOnion);
  const MutableBytes plain = MutableBytes(plain_).first(onion.size());
  if (const auto opened = open_onion(circuit, header, onion, plain); !opened) {
    return refused(circuit, opened.error());
  }
  body(circuit, header, crypto::body_of(plain));
}

void Ingress::refused(Circuit& circuit, Reject why) {
  if (why == Reject::Replayed) return shared_.tally.add(Count::CellReplayed);
  if (why != Reject::Forged) return shared_.tally.add(Count::BodyUnexpected);
  parts_.sessions.bad_tag(circuit);
}

void Ingress::body(Circuit& circuit, const CellHeader& header, MutableBytes body) {
  PeerSession& session = *circuit.session;
  Leg* leg = find_leg(session, circuit.receive);
  CHECK(leg != nullptr);
  leg->rx_bytes += body.size() == wire::kSmallBody ? wire::kSmallDatagram : wire::kLargeDatagram;
  const auto wall = shared_.identity.wall(shared_.now);
  const Result<ByteView> plain =
      wall ? session.e2e->open(body, *wall) : Result<ByteView>(Reject::Unexpected);
  if (!plain) {
    const Reject why = plain.error();
    const bool replay = why == Reject::Replayed;
    const bool early = why == Reject::Unexpected;
    // The second copy: its leg works (Step S3).
    if (replay) parts_.egress.carrier().came(session, circuit, header, Wants::Acknowledgement);
    return shared_.tally.add(replay  ? Count::BodyReplayed
                             : early ? Count::BodyUnexpected
                                     : Count::BodyForged);
  }
  Peer* peer = parts_.sessions.heard(session);
  if (peer == nullptr) return;
  const From from{*peer, session, *leg, circuit, header};
  if (session.via == Via::Direct) {
    frames(from, *plain);
  } else {
    bundled(from, {body, *plain});
  }
  end(session);
}

void Ingress::end(PeerSession& session) {
  if (session.greet && !closed_) (void)parts_.egress.greet(session);
  if (closed_) parts_.sessions.closed(session);
  closed_ = false;
}

// Steps S4 and S8, covfefe-protocol(7): acknowledgements do not wait for their turn.
void Ingress::bundled(const From& from, const Opened& opened) {
  Carrier& carrier = parts_.egress.carrier();
  const bool wants = acknowledgements(from, opened.plain);
  carrier.came(from.session, from.circuit, from.header,
               wants ? Wants::Acknowledgement : Wants::Nothing);
  const auto place = E2e::place(opened.body);
  if (!place) return frames(from, opened.plain);
  InOrder order(*this, from);
  from.session.bundle->reorder().came({from.circuit.receive, *place, opened.plain}, shared_.now,
                                      order);
}

bool Ingress::acknowledgements(const From& from, ByteView plain) {
  bool wants = false;
  wire::InnerReader reader(plain);
  while (true) {
    const auto next = reader.next();
    if (!next || !next->has_value()) return wants;
    wants = wants || wants_acknowledgement(**next);
    const auto* ack = std::get_if<wire::InnerAck>(&**next);
    if (ack != nullptr) parts_.egress.carrier().acknowledged(from.session, from.circuit, *ack);
  }
}

void Ingress::tend(Peer& peer) {
  const CellHeader none;
  for (std::size_t i = peer.sessions.size(); i-- > 0;) {
    if (i >= peer.sessions.size()) continue;
    PeerSession& session = *peer.sessions[i];
    if (!session.bundle || session.bundle->reorder().next_deadline() > shared_.now) continue;
    if (session.legs.empty()) {
      // Its last leg took with it what is missing, and what would have to be answered.
      session.bundle->reorder().clear();
      continue;
    }
    Leg& leg = *session.legs.front();
    const Circuit* circuit = shared_.table.find(leg.circuit);
    CHECK(circuit != nullptr);
    const From from{peer, session, leg, *circuit, none};
    InOrder order(*this, from);
    session.bundle->reorder().tick(shared_.now, order);
    end(session);
  }
}

void Ingress::frames(const From& from, ByteView plain) {
  wire::InnerReader reader(plain);
  while (!closed_) {
    const auto next = reader.next();
    if (next && !next->has_value()) return;
    if (!next || !frame(from, **next)) return shared_.tally.add(Count::BodyMalformed);
  }
}

bool Ingress::frame(const From& from, const wire::InnerFrame& frame) {
  if (const auto* packet = std::get_if<wire::InnerPacket>(&frame)) {
    deliver(from, packet->packed);
  } else if (const auto* piece = std::get_if<wire::InnerFragment>(&frame)) {
    PacketReassembly& reassembly = from.session.reassembly;
    const std::uint64_t before = reassembly.given_up();
    const bool chat = from.header.lane == Lane::Spare;
    const PacketReassembly::At at{
        shared_.now, chat ? PacketReassembly::kChatPatience : PacketReassembly::kPatience};
    const auto whole = reassembly.add({piece->id, piece->index, piece->count, piece->bytes}, at);
    shared_.tally.add(Count::FragmentExpired, reassembly.given_up() - before);
    if (!whole) return false;
    if (!whole->empty()) deliver(from, *whole);
  } else if (const auto* ping = std::get_if<wire::InnerPing>(&frame)) {
    this->ping(from, ping->token);
  } else if (const auto* pong = std::get_if<wire::InnerPong>(&frame)) {
    parts_.pings.pong({from.peer, from.session, from.leg}, pong->token);
  } else if (std::holds_alternative<wire::InnerClose>(frame)) {
    closed_ = true;
  }
  return true;
}

void Ingress::ping(const From& from, std::uint64_t token) {
  Peer& peer = from.peer;
  const bool chat = from.header.lane == Lane::Spare;
  if (token == 0 && from.session.bundle && !chat) {
    parts_.egress.carrier().asked(from.session, from.circuit);
  } else if (token == 0) {
    from.session.greet = true;
  } else if (peer.current != nullptr && peer.echoes.take(shared_.now)) {
    parts_.egress.frame(peer, wire::InnerPong{token});
  }
}

// Steps E8 and S10, covfefe-protocol(7).
void Ingress::deliver(const From& from, ByteView packed) {
  from.session.used = shared_.now;
  Carrier::used(from.session, from.header.lane, shared_.now);
  const wire::AddressPair addresses{from.peer.address, from.session.local};
  const MutableBytes room = shared_.delivery.room();
  const auto length = wire::unpack_ipv6(packed, addresses, room);
  if (!length) return shared_.tally.add(Count::InnerBad);
  const wire::Readdress back{wire::Side::Destination, from.session.local, shared_.own};
  const bool once = from.session.local != shared_.own;
  if (once && !wire::readdress(room.first(*length), back)) {
    return shared_.tally.add(Count::NatRefused);
  }
  shared_.delivery.commit(*length);
  shared_.tally.add(Count::TunOut);
}

}  // namespace covfefe::core
