// SPDX-License-Identifier: Apache-2.0
// How plaintexts of a session go out by its legs (Steps S1 to S9, covfefe-protocol(7)): sealed once
// end to end, then under the onion of one leg or of two. A direct session has one leg, no
// acknowledgements and nothing to choose. Thread: data.
#pragma once

#include "core/circuit/peer.h"

namespace covfefe::core {

class Carrier {
 public:
  explicit Carrier(Shared& shared) : shared_(shared) {}

  bool carry(PeerSession& session, TrafficClass traffic, Packer& packer);
  // What the packer has gathered, as one cell. False: no leg has one to give; it is gone then.
  // Realtime goes on the realtime lane, the others on the bulk lane.
  bool carry_by(PeerSession& session, CircuitId leg, Packer& packer);
  // One cell on the realtime lane, by this leg if it can be.

  void came(PeerSession& session, const Circuit& by, const CellHeader& header, Wants wants);
  // A cell that is the far end's, whether or not the other copy of it came before.
  void acknowledged(PeerSession& session, const Circuit& by, const wire::InnerAck& ack);
  void asked(PeerSession& session, const Circuit& by);
  // Ping 0: what came by this leg is acknowledged at once.

  void tend(PeerSession& session);
  // Acknowledges, probes and resends what it is time for. What is held in order is not its matter.
  [[nodiscard]] static Instant next_deadline(const PeerSession& session);

  static void used(PeerSession& session, Lane lane, Instant now);
  // A packet of this lane went out or came in.
  [[nodiscard]] static bool hides(const PeerSession& session, Instant now);
  // Packets of the chat class can go in the place of dummies now.

  [[nodiscard]] bool several(PeerSession& session);
  // Cells can go by more than one leg.
  [[nodiscard]] bool small_only(PeerSession& session);
  // L cells pass by none of the legs.
  [[nodiscard]] bool backlogged(PeerSession& session);
  // No leg takes more bulk.

 private:
  struct Load {
    Lane lane = Lane::Bulk;
    Order order = Order::Kept;
    Wants wants = Wants::Nothing;
    ByteView plain;
  };
  using Full = InlineVec<CircuitId, Bundle::kLegs>;

  [[nodiscard]] Bundle& bundle(PeerSession& session);
  [[nodiscard]] Full full(const PeerSession& session, std::size_t plain) const;
  void add_acks(Bundle& bundle, std::span<const CircuitId> legs, Packer& packer);
  [[nodiscard]] FlowClass class_for(const PeerSession& session, const Leg& leg, const Load& load);
  bool seal(PeerSession& session, Leg& leg, const Load& load);
  std::optional<CircuitId> seal_by_any(PeerSession& session, CircuitId first, const Load& load);
  bool repeat(PeerSession& session, CircuitId leg, Lane lane, ByteView body);
  void send(PeerSession& session, Leg& leg, Wants wants, MutableBytes onion);
  void reflect(PeerSession& session);

  Shared& shared_;
  Packer word_;
  ByteArray<wire::kLargeBody> body_{};  // the sealed body that was sent last, for a second leg
};

}  // namespace covfefe::core
