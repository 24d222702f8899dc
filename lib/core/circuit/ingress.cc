// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/ingress.h"

#include "base/check.h"
#include "wire/ip.h"

namespace covfefe::core {

void Ingress::cell(Peer& peer, const CellHeader& header, ByteView onion) {
  CHECK(onion.size() == wire::kLargeOnion || onion.size() == wire::kSmallOnion);
  shared_.tally.add(Count::CellsReceived);
  Circuit* circuit = shared_.table.find(header.circuit);
  if (circuit == nullptr || circuit->link != peer.link) {
    // Its sender cannot be told, for nobody here knows what it calls the circuit; it will notice
    // that its packets stay without an answer (Step E10).
    shared_.tally.add(Count::CellUnknownCircuit);
    return;
  }
  const MutableBytes plain = MutableBytes(plain_).first(onion.size());
  if (const auto opened = open_onion(*circuit, header, onion, plain); !opened) {
    return refused(peer, *circuit, opened.error());
  }
  PeerSession* session = find_session(peer, header.circuit);
  CHECK(session != nullptr);
  body(peer, *session, crypto::body_of(plain));
}

void Ingress::refused(Peer& peer, Circuit& circuit, Reject why) {
  if (why == Reject::Replayed) return shared_.tally.add(Count::CellReplayed);
  if (why != Reject::Forged) return shared_.tally.add(Count::BodyUnexpected);
  shared_.tally.add(Count::CellBadTag);
  if (!circuit.bad_tags.add(shared_.now)) return;
  shared_.tally.add(Count::CircuitBadTag);
  PeerSession* session = find_session(peer, circuit.receive);
  CHECK(session != nullptr);
  parts_.setup.drop(peer, *session, wire::DestroyReason::BadTag);
}

void Ingress::body(Peer& peer, PeerSession& session, MutableBytes body) {
  const auto wall = shared_.identity.wall(shared_.now);
  const Result<ByteView> plain =
      wall ? session.e2e->open(body, *wall) : Result<ByteView>(Reject::Unexpected);
  if (!plain) {
    const Reject why = plain.error();
    const bool replay = why == Reject::Replayed;
    const bool early = why == Reject::Unexpected;
    return shared_.tally.add(replay  ? Count::BodyReplayed
                             : early ? Count::BodyUnexpected
                                     : Count::BodyForged);
  }
  parts_.setup.heard(peer, session);
  const CircuitId circuit = session.circuit;
  if (!frames(peer, session, *plain)) shared_.tally.add(Count::BodyMalformed);
  PeerSession* still = find_session(peer, circuit);
  if (still != nullptr && still->greet) (void)parts_.egress.greet(peer, *still);
}

bool Ingress::frames(Peer& peer, PeerSession& session, ByteView plain) {
  wire::InnerReader reader(plain);
  while (true) {
    const auto next = reader.next();
    if (!next) return false;
    if (!next->has_value()) return true;
    if (std::holds_alternative<wire::InnerClose>(**next)) {
      parts_.setup.destroyed(peer, session.circuit);
      return true;
    }
    if (!frame(peer, session, **next)) return false;
  }
}

bool Ingress::frame(Peer& peer, PeerSession& session, const wire::InnerFrame& frame) {
  if (const auto* packet = std::get_if<wire::InnerPacket>(&frame)) {
    deliver(peer, packet->packed);
  } else if (const auto* piece = std::get_if<wire::InnerFragment>(&frame)) {
    const std::uint64_t before = session.reassembly.given_up();
    const auto whole =
        session.reassembly.add({piece->id, piece->index, piece->count, piece->bytes}, shared_.now);
    shared_.tally.add(Count::FragmentExpired, session.reassembly.given_up() - before);
    if (!whole) return false;
    if (!whole->empty()) deliver(peer, *whole);
  } else if (const auto* ping = std::get_if<wire::InnerPing>(&frame)) {
    if (ping->token == 0) session.greet = true;
    if (ping->token != 0 && peer.current != nullptr && peer.echoes.take(shared_.now)) {
      parts_.egress.frame(peer, wire::InnerPong{ping->token});
    }
  } else if (const auto* pong = std::get_if<wire::InnerPong>(&frame)) {
    if (auto answer = parts_.pings.pong(peer, pong->token)) answers_.push_back(std::move(*answer));
  }
  return true;
}

// Step E8, covfefe-protocol(7).
void Ingress::deliver(const Peer& peer, ByteView packed) {
  const wire::AddressPair addresses{peer.address, shared_.own};
  const auto length = wire::unpack_ipv6(packed, addresses, shared_.delivery.room());
  if (!length) return shared_.tally.add(Count::InnerBad);
  shared_.delivery.commit(*length);
  shared_.tally.add(Count::TunOut);
}

}  // namespace covfefe::core
