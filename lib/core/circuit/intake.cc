// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/intake.h"

#include "wire/ip.h"

namespace covfefe::core {

namespace {

constexpr Duration kStateAge = Duration::millis(200);

}  // namespace

void PacketIntake::packets(std::span<const ByteView> all) {
  shared_.tally.add(Count::TunIn, all.size());
  for (const ByteView ip : all) packet(ip);
}

void PacketIntake::packet(ByteView ip) {
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
      return route(out, ip);
  }
}

void PacketIntake::route(const Outgoing& out, ByteView ip) {
  Peer* peer = parts_.remote.peer_for(out.destination);
  if (peer == nullptr) {
    shared_.tally.add(Count::TunNoFriend);
    return answer(ip, Answerable::NoRoute);
  }
  parts_.peers.touch(*peer);
  if (peer->current == nullptr) return wait(*peer, ip);
  send(*peer, out.lane, ip);
}

void PacketIntake::send(Peer& peer, Lane lane, ByteView ip) {
  peer.used = peer.current->used = shared_.now;
  parts_.egress.packet(peer, lane, ip);
}

// Step E12, covfefe-protocol(7): a friend's link is waited for, and gone round when it is down.
void PacketIntake::wait(Peer& peer, ByteView ip) {
  const bool link = link_coming(peer);
  const bool circuits = !peer.link_up && (peer.remote != nullptr || parts_.remote.possible(peer));
  if (!link && !circuits) {
    shared_.tally.add(Count::TunNoSession);
    return answer(ip, Answerable::Unreachable);
  }
  if (!peer.hold.push(ip, shared_.now)) return shared_.tally.add(Count::TunHeldFull);
  shared_.tally.add(Count::TunHeld);
  peer.used = shared_.now;
  if (link) parts_.setup.wanted(peer);
  if (circuits) parts_.remote.want(peer, Hold::kPatience);
}

bool PacketIntake::link_coming(Peer& peer) {
  if (!peer.link) return false;
  if (peer.link_up) return true;
  // Asking the link layer is dear, and a flood of packets to a dead friend must not be.
  if (shared_.now >= peer.state_until) {
    peer.state_until = shared_.now + kStateAge;
    peer.handshaking = shared_.sink.report(*peer.link, shared_.now).state != LinkState::Down;
  }
  return peer.handshaking;
}

void PacketIntake::settle(Peer& peer) {
  while (peer.current != nullptr && !peer.hold.empty()) {
    const ByteView ip = peer.hold.front();
    send(peer, classify(ip, shared_.own, shared_.mtu).lane, ip);
    peer.hold.pop();
  }
  while (peer.hold.front_deadline() <= shared_.now) {
    shared_.tally.add(Count::TunNoSession);
    answer(peer.hold.front(), Answerable::Unreachable);
    peer.hold.pop();
  }
}

// Step E8, covfefe-protocol(7). The answer comes from the address that was asked for: Linux matches
// an ICMPv6 error to its socket by the packet that it quotes; a reverse-path rule of nftables drops
// one whose source is the host's own address.
void PacketIntake::answer(ByteView ip, Answerable what) {
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

}  // namespace covfefe::core
