// SPDX-License-Identifier: Apache-2.0
// From verified link cells to inner packets (Steps C8, E5 to E8, covfefe-protocol(7)). The
// addresses of an inner packet are not on the wire: it can only come from the address that the
// session's key proves, and only to this node. Thread: data.
#pragma once

#include "core/circuit/egress.h"
#include "core/circuit/peer.h"
#include "core/circuit/pings.h"
#include "core/circuit/sessions.h"

namespace covfefe::core {

class Ingress {
 public:
  struct Parts {
    Sessions& sessions;
    Egress& egress;
    Pings& pings;
  };
  Ingress(Shared& shared, const Parts& parts) : shared_(shared), parts_(parts) {}

  void cell(Circuit& circuit, const CellHeader& header, ByteView onion);
  // A cell of a circuit that ends here and is a session's: refused and counted, or taken apart. The
  // circuit may be gone afterwards.
  [[nodiscard]] std::vector<Answer>& answers() { return answers_; }
  // Pings that were answered; the caller passes them on and clears.

 private:
  struct From {  // what came came in this
    Peer& peer;
    PeerSession& session;
    Leg& leg;
  };
  void refused(Circuit& circuit, Reject why);
  void body(Circuit& circuit, MutableBytes body);
  bool frames(const From& from, ByteView plain);
  bool frame(const From& from, const wire::InnerFrame& frame);
  void deliver(const Peer& peer, ByteView packed);

  Shared& shared_;
  Parts parts_;
  ByteArray<wire::kLargeOnion> plain_{};
  std::vector<Answer> answers_;
};

}  // namespace covfefe::core
