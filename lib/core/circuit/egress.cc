// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/egress.h"

#include <algorithm>

#include "base/check.h"
#include "core/circuit/choice.h"
#include "wire/ip.h"
#include "wire/nat.h"

namespace covfefe::core {

namespace {

Packer& packer_of(Peer& peer, TrafficClass traffic) {
  switch (traffic) {
    case TrafficClass::Realtime:
      return peer.realtime;
    case TrafficClass::Interactive:
      return peer.interactive;
    case TrafficClass::Chat:
      return peer.chat;
    case TrafficClass::Bulk:
      break;
  }
  return peer.bulk;
}

}  // namespace

void Egress::touch(Peer& peer) {
  if (peer.dirty) return;
  peer.dirty = true;
  dirty_.push_back(&peer);
}

// Step E10, covfefe-protocol(7): only packets start the watch, never the answers to a probe, or two
// idle ends would probe each other for ever.
void Egress::watch(Peer& peer, PeerSession& session, Lane lane) {
  session.used = peer.used = shared_.now;
  Carrier::used(session, lane, shared_.now);
  if (session.stage != Stage::Live || !session.unanswered.is_never()) return;
  session.unanswered = shared_.now;
  session.repeat_at = shared_.now + kUnanswered;
}

// Step S6, covfefe-protocol(7). By one leg all that is not realtime is packed together.
TrafficClass Egress::traffic_of(PeerSession& session, Lane lane, ByteView ip) {
  if (lane == Lane::Realtime) return TrafficClass::Realtime;
  if (lane == Lane::Spare && Carrier::hides(session, shared_.now)) return TrafficClass::Chat;
  return carrier_.several(session) ? flows_.classify(ip, shared_.now) : TrafficClass::Bulk;
}

// Step S10, covfefe-protocol(7). Empty: it cannot go.
ByteView Egress::renamed(const PeerSession& session, ByteView ip) {
  if (session.local == shared_.own) return ip;
  const MutableBytes room = MutableBytes(renamed_).first(ip.size());
  copy(ip, room);
  if (wire::readdress(room, {wire::Side::Source, shared_.own, session.local})) return room;
  return {};
}

std::size_t Egress::fill_limit(PeerSession& session, TrafficClass traffic) {
  if (session.stage == Stage::Unconfirmed) return wire::kFirstPlain;
  const bool slim = traffic == TrafficClass::Realtime || traffic == TrafficClass::Chat;
  const bool small = slim || carrier_.small_only(session);
  return small ? wire::kSmallPlain : wire::kLargePlain;
}

void Egress::packet(Peer& peer, Lane lane, ByteView ip) {
  PeerSession& session = *peer.current;
  const TrafficClass traffic = traffic_of(session, lane, ip);
  if (traffic == TrafficClass::Bulk && carrier_.backlogged(session)) {
    shared_.tally.add(Count::TunBacklog);
    return;
  }
  const ByteView packet = renamed(session, ip);
  if (packet.empty()) return shared_.tally.add(Count::NatRefused);
  touch(peer);
  watch(peer, session, lane);
  pack(peer, traffic, packet);
}

void Egress::pack(Peer& peer, TrafficClass traffic, ByteView ip) {
  Packer& packer = packer_of(peer, traffic);
  const std::size_t limit = fill_limit(*peer.current, traffic);
  if (packer.packet(ip, limit)) return;
  flush(peer, traffic);
  if (packer.packet(ip, limit)) return;
  const std::size_t pieces = (wire::packed_size(ip) + PacketReassembly::kFragmentBytes - 1) /
                             PacketReassembly::kFragmentBytes;
  const bool established = peer.current->stage == Stage::Live;
  // Step Q10, covfefe-protocol(7).
  if (established && traffic == TrafficClass::Chat) return fragment(peer, traffic, ip);
  if (established && pieces < wire::kFragCount && carrier_.small_only(*peer.current)) {
    return fragment(peer, traffic, ip);
  }
  CHECK(packer.packet(ip, wire::kLargePlain));
  flush(peer, traffic);
}

// Step E7, covfefe-protocol(7). Fewer small cells than the eleven that a large one would become.
void Egress::fragment(Peer& peer, TrafficClass traffic, ByteView ip) {
  ByteArray<wire::kPackedHeader + wire::kIpPayloadMost> packed;
  const std::size_t size = wire::pack_ipv6(ip, packed);
  const std::size_t count =
      (size + PacketReassembly::kFragmentBytes - 1) / PacketReassembly::kFragmentBytes;
  const std::uint16_t id = peer.next_fragmented++;
  Packer& packer = packer_of(peer, traffic);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t from = i * PacketReassembly::kFragmentBytes;
    const std::size_t length = std::min(PacketReassembly::kFragmentBytes, size - from);
    const wire::InnerFragment piece{id, static_cast<std::uint8_t>(i),
                                    static_cast<std::uint8_t>(count),
                                    ByteView(packed).subspan(from, length)};
    if (!packer.frame(piece, wire::kSmallPlain)) {
      flush(peer, traffic);
      CHECK(packer.frame(piece, wire::kSmallPlain));
    }
  }
}

void Egress::frame(Peer& peer, const wire::InnerFrame& frame) {
  touch(peer);
  if (peer.realtime.frame(frame, wire::kSmallPlain)) return;
  flush(peer, TrafficClass::Realtime);
  CHECK(peer.realtime.frame(frame, wire::kSmallPlain));
}

void Egress::flush() {
  for (Peer* peer : dirty_) {
    flush(*peer, TrafficClass::Realtime);
    flush(*peer, TrafficClass::Interactive);
    flush(*peer, TrafficClass::Bulk);
    flush(*peer, TrafficClass::Chat);
    peer->dirty = false;
  }
  dirty_.clear();
}

void Egress::flush(Peer& peer, TrafficClass traffic) {
  Packer& packer = packer_of(peer, traffic);
  if (packer.empty()) return;
  const bool ready = peer.current != nullptr && peer.current->e2e->keyed();
  if (ready && carrier_.carry(*peer.current, traffic, packer)) return;
  if (!ready) (void)packer.finish(wire::kLargePlain, shared_.random);
  shared_.tally.add(Count::TunNoCell);
}

void Egress::forget(Peer& peer) {
  if (!peer.dirty) return;
  for (Packer* packer : {&peer.bulk, &peer.interactive, &peer.realtime, &peer.chat}) {
    (void)packer->finish(wire::kLargePlain, shared_.random);
  }
  peer.dirty = false;
  std::erase(dirty_, &peer);
}

bool Egress::send_word(PeerSession& session, const wire::InnerFrame& frame) {
  CHECK(word_.frame(frame, wire::kSmallPlain));
  const bool chat = quiet(session, shared_.now);
  return carrier_.carry(session, chat ? TrafficClass::Chat : TrafficClass::Realtime, word_);
}

bool Egress::greet(PeerSession& session) {
  session.greet = false;
  if (session.stage == Stage::Unconfirmed) return send_word(session, wire::InnerPing{0});
  return send_word(session, wire::InnerPong{0});
}

void Egress::probe(PeerSession& session) {
  (void)send_word(session, wire::InnerPing{0});
}

void Egress::close(PeerSession& session) {
  if (session.e2e->keyed()) (void)send_word(session, wire::InnerClose{});
}

void Egress::tend(Peer& peer) {
  for (const auto& session : peer.sessions) carrier_.tend(*session);
}

Instant Egress::next_deadline(const Peer& peer) {
  Instant at = Instant::never();
  for (const auto& session : peer.sessions) {
    at = std::min(at, Carrier::next_deadline(*session));
  }
  return at;
}

}  // namespace covfefe::core
