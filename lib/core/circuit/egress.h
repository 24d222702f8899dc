// SPDX-License-Identifier: Apache-2.0
// From inner packets to cells (Steps E6 to E8, covfefe-protocol(7)): packing, the choice of cell,
// fragments where large cells do not pass. What was added in a step leaves at its end, so packing
// costs no time. Thread: data.
#pragma once

#include <vector>

#include "core/circuit/peer.h"

namespace covfefe::core {

class Egress {
 public:
  static constexpr Duration kUnanswered =
      Duration::seconds(3);  // then a packet's session is probed

  explicit Egress(Shared& shared) : shared_(shared) {}

  void packet(Peer& peer, Lane lane, ByteView ip);
  // A packet that classify() let pass; the peer has a current session. Dropped and counted when the
  // link is backlogged.
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

 private:
  void watch(PeerSession& session);
  void fragment(Peer& peer, Lane lane, ByteView ip);
  void flush(Peer& peer, Lane lane);
  void touch(Peer& peer);
  bool send(PeerSession& session, Lane lane, ByteView plain);
  bool send_word(PeerSession& session, const wire::InnerFrame& frame);

  Shared& shared_;
  Packer word_;
  std::vector<Peer*> dirty_;
};

}  // namespace covfefe::core
