// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/egress.h"

#include <algorithm>

#include "base/check.h"
#include "wire/ip.h"

namespace covfefe::core {

namespace {

const Leg& first_leg(const PeerSession& session) {
  const auto open = std::find_if(session.legs.begin(), session.legs.end(),
                                 [](const auto& leg) { return leg->state == CircuitState::Open; });
  return open == session.legs.end() ? *session.legs.front() : **open;
}

std::size_t cell_plain(const PeerSession& session, std::size_t used) {
  // Until the responder is heard, every cell that can carries the third message: any one of them
  // completes the handshake.
  if (session.stage == Stage::Unconfirmed && used <= wire::kFirstPlain) return wire::kFirstPlain;
  return used <= wire::kSmallPlain ? wire::kSmallPlain : wire::kLargePlain;
}

std::size_t fill_limit(const Peer& peer, Lane lane, const CellSink& sink) {
  if (peer.current->stage == Stage::Unconfirmed) return wire::kFirstPlain;
  const bool small = lane == Lane::Realtime || sink.small_only(first_leg(*peer.current).link);
  return small ? wire::kSmallPlain : wire::kLargePlain;
}

}  // namespace

void Egress::touch(Peer& peer) {
  if (peer.dirty) return;
  peer.dirty = true;
  dirty_.push_back(&peer);
}

// Step E10, covfefe-protocol(7): only packets start the watch, never the answers to a probe, or two
// idle ends would probe each other for ever.
void Egress::watch(PeerSession& session) {
  if (session.stage != Stage::Live || !session.unanswered.is_never()) return;
  session.unanswered = shared_.now;
  session.repeat_at = shared_.now + kUnanswered;
}

void Egress::packet(Peer& peer, Lane lane, ByteView ip) {
  if (lane == Lane::Bulk && shared_.sink.bulk_backlogged(first_leg(*peer.current).link)) {
    shared_.tally.add(Count::TunBacklog);
    return;
  }
  touch(peer);
  watch(*peer.current);
  Packer& packer = lane == Lane::Bulk ? peer.bulk : peer.realtime;
  const std::size_t limit = fill_limit(peer, lane, shared_.sink);
  if (packer.packet(ip, limit)) return;
  flush(peer, lane);
  if (packer.packet(ip, limit)) return;
  const std::size_t pieces = (wire::packed_size(ip) + PacketReassembly::kFragmentBytes - 1) /
                             PacketReassembly::kFragmentBytes;
  const bool established = peer.current->stage == Stage::Live;
  if (established && pieces < wire::kFragCount &&
      shared_.sink.small_only(first_leg(*peer.current).link)) {
    fragment(peer, lane, ip);
    return;
  }
  CHECK(packer.packet(ip, wire::kLargePlain));
  flush(peer, lane);
}

// Step E7, covfefe-protocol(7). Fewer small cells than the eleven that a large one would become.
void Egress::fragment(Peer& peer, Lane lane, ByteView ip) {
  ByteArray<wire::kPackedHeader + wire::kIpPayloadMost> packed;
  const std::size_t size = wire::pack_ipv6(ip, packed);
  const std::size_t count =
      (size + PacketReassembly::kFragmentBytes - 1) / PacketReassembly::kFragmentBytes;
  const std::uint16_t id = peer.next_fragmented++;
  Packer& packer = lane == Lane::Bulk ? peer.bulk : peer.realtime;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t from = i * PacketReassembly::kFragmentBytes;
    const std::size_t length = std::min(PacketReassembly::kFragmentBytes, size - from);
    const wire::InnerFragment piece{id, static_cast<std::uint8_t>(i),
                                    static_cast<std::uint8_t>(count),
                                    ByteView(packed).subspan(from, length)};
    if (!packer.frame(piece, wire::kSmallPlain)) {
      flush(peer, lane);
      CHECK(packer.frame(piece, wire::kSmallPlain));
    }
  }
}

void Egress::frame(Peer& peer, const wire::InnerFrame& frame) {
  touch(peer);
  if (peer.realtime.frame(frame, wire::kSmallPlain)) return;
  flush(peer, Lane::Realtime);
  CHECK(peer.realtime.frame(frame, wire::kSmallPlain));
}

void Egress::flush() {
  for (Peer* peer : dirty_) {
    flush(*peer, Lane::Realtime);
    flush(*peer, Lane::Bulk);
    peer->dirty = false;
  }
  dirty_.clear();
}

void Egress::flush(Peer& peer, Lane lane) {
  Packer& packer = lane == Lane::Bulk ? peer.bulk : peer.realtime;
  if (packer.empty()) return;
  const bool ready = peer.current != nullptr && peer.current->e2e->keyed();
  const std::size_t size = ready ? cell_plain(*peer.current, packer.used()) : wire::kLargePlain;
  const ByteView plain = packer.finish(size, shared_.random);
  if (!ready || !send(*peer.current, lane, plain)) shared_.tally.add(Count::TunNoCell);
}

void Egress::forget(Peer& peer) {
  if (!peer.dirty) return;
  (void)peer.bulk.finish(wire::kLargePlain, shared_.random);
  (void)peer.realtime.finish(wire::kLargePlain, shared_.random);
  peer.dirty = false;
  std::erase(dirty_, &peer);
}

bool Egress::send(PeerSession& session, Lane lane, ByteView plain) {
  if (session.legs.empty()) return false;
  const Leg& leg = first_leg(session);
  Circuit* circuit = shared_.table.find(leg.circuit);
  CHECK(circuit != nullptr);
  const bool small = plain.size() == wire::kSmallPlain;
  const MutableBytes onion =
      shared_.sink.open_cell(leg.link, lane, small ? CellSize::Small : CellSize::Large);
  if (onion.empty()) return false;
  session.e2e->seal(plain, crypto::body_of(onion));
  shared_.sink.send_cell(seal_onion(*circuit, shared_.random, onion));
  shared_.tally.add(Count::CellsSent);
  return true;
}

bool Egress::send_word(PeerSession& session, const wire::InnerFrame& frame) {
  CHECK(word_.frame(frame, wire::kSmallPlain));
  const std::size_t size = cell_plain(session, word_.used());
  return send(session, Lane::Realtime, word_.finish(size, shared_.random));
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

}  // namespace covfefe::core
