// SPDX-License-Identifier: Apache-2.0
// From verified link cells to inner packets (Steps C8, E5 to E8, covfefe-protocol(7)). The
// addresses of an inner packet are not on the wire: it can only come from the address that the
// session's key proves, and only to this node. Thread: data.
#pragma once

#include "core/circuit/egress.h"
#include "core/circuit/peer.h"
#include "core/circuit/pings.h"
#include "core/circuit/setup.h"

namespace covfefe::core {

class Ingress {
 public:
  struct Parts {
    Setup& setup;
    Egress& egress;
    Pings& pings;
  };
  Ingress(Shared& shared, const Parts& parts) : shared_(shared), parts_(parts) {}

  void cell(Peer& peer, const CellHeader& header, ByteView onion);
  // Whatever a friend sealed: refused and counted, or taken apart.
  [[nodiscard]] std::vector<Answer>& answers() { return answers_; }
  // Pings that were answered; the caller passes them on and clears.

 private:
  void refused(Peer& peer, Circuit& circuit, Reject why);
  void body(Peer& peer, PeerSession& session, MutableBytes body);
  bool frames(Peer& peer, PeerSession& session, ByteView plain);
  bool frame(Peer& peer, PeerSession& session, const wire::InnerFrame& frame);
  void deliver(const Peer& peer, ByteView packed);

  Shared& shared_;
  Parts parts_;
  ByteArray<wire::kLargeOnion> plain_{};
  std::vector<Answer> answers_;
};

}  // namespace covfefe::core
