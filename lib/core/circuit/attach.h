// SPDX-License-Identifier: Apache-2.0
// The tokens by which a session's further circuits are known to be its own (Step E14,
// covfefe-protocol(7)): only the two ends can make them, each counts once, and one is void in
// another build than its own. Thread: data.
#pragma once

#include "base/result.h"
#include "core/link/replay.h"
#include "crypto/session.h"
#include "wire/build.h"

namespace covfefe::core {

class Attach {
 public:
  Attach() = default;
  Attach(crypto::KeyView exported, crypto::Role role) : keys_(attach_keys(exported, role)) {}

  [[nodiscard]] const ByteArray<8>& session() const { return keys_.session; }
  // Names the session at both ends.

  [[nodiscard]] wire::AttachCircuit ask(const crypto::PublicKey& ephemeral);
  // ephemeral: of the build's last hop, as in all of these.
  [[nodiscard]] bool agreed(const wire::AttachCircuit& asked, const crypto::PublicKey& ephemeral,
                            const wire::CircuitAttached& answer) const;
  // The answer is the far end's, to this very question.

  [[nodiscard]] Result<wire::CircuitAttached> answer(const wire::AttachCircuit& asked,
                                                     const crypto::PublicKey& ephemeral);
  // Replayed, Forged. A forged one does not move the window.

 private:
  crypto::AttachKeys keys_;
  std::uint64_t sent_ = 0;
  ReplayWindow<64> window_;
};

}  // namespace covfefe::core
