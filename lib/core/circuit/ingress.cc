// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/ingress.h"

#include "base/check.h"
#include "core/circuit/choice.h"
#include "wire/ip.h"

namespace covfefe::core {

void Ingress::cell(Circuit& circuit, const CellHeader& header, ByteView onion) {
  CHECK(onion.size() == wire::kLargeOnion || onion.size() == wire::kSmallOnion);
  const MutableBytes plain = MutableBytes(plain_).first(onion.size());
  if (const auto opened = open_onion(circuit, header, onion, plain); !opened) {
    return refused(circuit, opened.error());
  }
  body(circuit, crypto::body_of(plain));
}

void Ingress::refused(Circuit& circuit, Reject why) {
  if (why == Reject::Replayed) return shared_.tally.add(Count::CellReplayed);
  if (why != Reject::Forged) return shared_.tally.add(Count::BodyUnexpected);
  parts_.sessions.bad_tag(circuit);
}

void Ingress::body(Circuit& circuit, MutableBytes body) {
  PeerSession& session = *circuit.session;
  Leg* leg = find_leg(session, circuit.receive);
  CHECK(leg != nullptr);
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
  Peer* peer = parts_.sessions.heard(session, *leg);
  if (peer == nullptr) return;
  if (!frames({*peer, session, *leg}, *plain)) shared_.tally.add(Count::BodyMalformed);
}

bool Ingress::frames(const From& from, ByteView plain) {
  wire::InnerReader reader(plain);
  while (true) {
    const auto next = reader.next();
    if (next && next->has_value() && std::holds_alternative<wire::InnerClose>(**next)) {
      parts_.sessions.closed(from.session);
      return true;
    }
    const bool more = next && next->has_value() && frame(from, **next);
    if (more) continue;
    if (from.session.greet) (void)parts_.egress.greet(from.session);
    return next && !next->has_value();
  }
}

bool Ingress::frame(const From& from, const wire::InnerFrame& frame) {
  Peer& peer = from.peer;
  if (const auto* packet = std::get_if<wire::InnerPacket>(&frame)) {
    deliver(peer, packet->packed);
  } else if (const auto* piece = std::get_if<wire::InnerFragment>(&frame)) {
    PacketReassembly& reassembly = from.session.reassembly;
    const std::uint64_t before = reassembly.given_up();
    const auto whole =
        reassembly.add({piece->id, piece->index, piece->count, piece->bytes}, shared_.now);
    shared_.tally.add(Count::FragmentExpired, reassembly.given_up() - before);
    if (!whole) return false;
    if (!whole->empty()) deliver(peer, *whole);
  } else if (const auto* ping = std::get_if<wire::InnerPing>(&frame)) {
    if (ping->token == 0) from.session.greet = true;
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
