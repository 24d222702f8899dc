// SPDX-License-Identifier: Apache-2.0
// What the cells of a session say about its life, told to those who rule it: setup.h the direct
// ones, remote.h those over circuits. Thread: data.
#pragma once

#include "core/circuit/setup.h"

namespace covfefe::core {

class Sessions {
 public:
  Sessions(Shared& shared, Setup& setup) : shared_(shared), setup_(setup) {}

  [[nodiscard]] Peer* heard(PeerSession& session, Leg& leg);
  // An authentic cell came in it. Whose it is; null when it ended by that, and then both are void.
  void closed(PeerSession& session);
  // The far end says that it is over.
  void bad_tag(Circuit& circuit);
  // A hop tag that did not verify on a circuit of ours.

 private:
  Shared& shared_;
  Setup& setup_;
};

}  // namespace covfefe::core
