// SPDX-License-Identifier: Apache-2.0
// Opening sessions over circuits (Step E12, covfefe-protocol(7)): one build after the other until
// one is answered, as long as somebody waits. Thread: data.
#pragma once

#include "core/circuit/reach.h"

namespace covfefe::core {

class Dials {
 public:
  static constexpr Duration kHedge = Duration::millis(700);  // then another build is started
  static constexpr std::size_t kAtOnce = 3;
  static constexpr Duration kPatience = Duration::seconds(3);  // for who has packets

  explicit Dials(Reach& reach) : reach_(reach) {}

  [[nodiscard]] bool possible(const Peer& peer) const;
  // Somebody serves it, or builds are under way.
  void want(Peer& peer, Duration patience);
  // Somebody waits for a session as long as that.
  void renew(Peer& peer);
  // The session in use grows old.

  [[nodiscard]] std::unique_ptr<E2e> built(Attempt& attempt, const Built& built,
                                           const wire::BuildAnswer& answer);
  // The keyed session, or null: the circuit is closed and the next path is tried. The other
  // attempts are abandoned when it is a session.
  void failed(const Attempt& attempt, const BuildFailure& failure);

  void tend(Peer& peer);
  [[nodiscard]] Instant next_deadline(const Peer& peer) const;

 private:
  struct Me {
    const SessionIdentity* identity = nullptr;
    Address address;
  };
  [[nodiscard]] bool missing(const Peer& peer) const;
  [[nodiscard]] Me me(const Peer& peer);
  [[nodiscard]] std::optional<CircuitPath> next_path(const Peer& peer) const;
  [[nodiscard]] std::string why_no_path(const Address& to) const;
  void open(Peer& peer);
  bool start(Peer& peer, const Me& me, const CircuitPath& path);
  void give_up(Peer& peer, std::string why);

  Reach& reach_;
};

}  // namespace covfefe::core
