// SPDX-License-Identifier: Apache-2.0
// From verified link cells to inner packets (Steps C8, E5 to E8, S8 and S10, covfefe-protocol(7)).
// The addresses of an inner packet are not on the wire: it can only come from the address that the
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
    SessionEvents& sessions;
    Egress& egress;
    Pings& pings;
  };
  Ingress(Shared& shared, const Parts& parts) : shared_(shared), parts_(parts) {}

  void cell(Circuit& circuit, const CellHeader& header, ByteView onion);
  // A cell of a circuit that ends here and is a session's: refused and counted, or taken apart. The
  // circuit may be gone afterwards.
  void tend(Peer& peer);
  // Delivers what was held for the order of its sessions and has waited long enough.

 private:
  struct From {  // what came came in this
    Peer& peer;
    PeerSession& session;
    Leg& leg;
    const Circuit& circuit;
    const CellHeader& header;
  };
  class InOrder;
  void refused(Circuit& circuit, Reject why);
  struct Opened {
    MutableBytes body;
    ByteView plain;
  };
  void body(Circuit& circuit, const CellHeader& header, MutableBytes body);
  void bundled(const From& from, const Opened& opened);
  bool acknowledgements(const From& from, ByteView plain);
  void frames(const From& from, ByteView plain);
  bool frame(const From& from, const wire::InnerFrame& frame);
  void ping(const From& from, std::uint64_t token);
  void deliver(const From& from, ByteView packed);
  void end(PeerSession& session);

  Shared& shared_;
  Parts parts_;
  ByteArray<wire::kLargeOnion> plain_{};
  bool closed_ = false;  // the far end has said so in what is being read
};

}  // namespace covfefe::core
