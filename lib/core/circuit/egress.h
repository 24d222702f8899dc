// SPDX-License-Identifier: Apache-2.0
// From inner packets to cells (Steps E6 to E8 and S6, covfefe-protocol(7)): classes, packing, the
// choice of cell, fragments where large cells do not pass. What was added in a step leaves at its
// end, so packing costs no time. Thread: data.
#pragma once

#include <vector>

#include "core/circuit/carrier.h"
#include "core/circuit/peer.h"

namespace covfefe::core {

class Egress {
 public:
  static constexpr Duration kUnanswered =
      Duration::seconds(3);  // then a packet's session is probed

  explicit Egress(Shared& shared)
      : shared_(shared), carrier_(shared), flows_(shared.random.next_u64()) {}

  void packet(Peer& peer, Lane lane, ByteView ip);
  // A packet that classify() let pass; the peer has a current session. Dropped and counted when its
  // links are backlogged, and when a one-time identity cannot send it.
  void frame(Peer& peer, const wire::InnerFrame& frame);
  // A word between the two ends (ping, pong, close), on the realtime lane.
  void flush();
  // Sends what was gathered since the last flush.
  void forget(Peer& peer);
  // Drops what the peer has gathered: its session is gone or the peer goes.

  bool greet(PeerSession& session);
  // Sends one cell in this very session, whatever is current: the third handshake message, or the
  // first word of the side that received it.
  void probe(PeerSession& session);
  // Asks for a sign of life in this very session.
  void close(PeerSession& session);
  // Tells the other end that the session is over.

  void tend(Peer& peer);
  // What is due for the legs of its sessions.
  [[nodiscard]] static Instant next_deadline(const Peer& peer);
  [[nodiscard]] Carrier& carrier() { return carrier_; }

 private:
  [[nodiscard]] TrafficClass traffic_of(PeerSession& session, Lane lane, ByteView ip);
  [[nodiscard]] ByteView renamed(const PeerSession& session, ByteView ip);
  [[nodiscard]] std::size_t fill_limit(PeerSession& session, TrafficClass traffic);
  void watch(Peer& peer, PeerSession& session, Lane lane);
  void pack(Peer& peer, TrafficClass traffic, ByteView ip);
  void fragment(Peer& peer, TrafficClass traffic, ByteView ip);
  void flush(Peer& peer, TrafficClass traffic);
  void touch(Peer& peer);
  bool send_word(PeerSession& session, const wire::InnerFrame& frame);

  Shared& shared_;
  Carrier carrier_;
  Flows flows_;
  Packer word_;
  ByteArray<wire::kTunMtu> renamed_{};
  std::vector<Peer*> dirty_;
};

}  // namespace covfefe::core
