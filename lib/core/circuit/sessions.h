// SPDX-License-Identifier: Apache-2.0
// What cells and builds say about the life of sessions, told to those who rule it: setup.h the
// direct ones, remote.h those over circuits. Thread: data.
#pragma once

#include "core/circuit/remote.h"
#include "core/circuit/setup.h"

namespace covfefe::core {

class SessionEvents final : public BuildEvents {
 public:
  struct Parts {
    Setup& setup;
    Remote& remote;
    Builds& builds;
  };
  SessionEvents(Shared& shared, const Parts& parts) : shared_(shared), parts_(parts) {}

  [[nodiscard]] Peer* heard(PeerSession& session);
  // An authentic cell came in it. Whose it is; null when it ended by that, and then it is void.
  void closed(PeerSession& session);
  // The far end says that it is over.
  void bad_tag(Circuit& circuit) { parts_.builds.onion_fault(circuit); }
  // A hop tag that did not verify on a circuit of ours.

  void on_built(BuildId build, const Built& built) override;
  void on_build_failed(BuildId build, const BuildFailure& failure) override;
  wire::BuildStatus on_terminal(const Terminal& terminal, MutableBytes answer) override;
  void on_circuit_lost(CircuitId circuit, wire::DestroyReason reason) override;
  void on_lease_ended(CircuitId circuit) override;

 private:
  Shared& shared_;
  Parts parts_;
};

}  // namespace covfefe::core
