// SPDX-License-Identifier: Apache-2.0
// The operator's echoes inside end-to-end sessions (Step E11, covfefe-protocol(7)). A ping waits
// for a session as long as its time limit allows. At most 64 at once. Thread: data.
#pragma once

#include <vector>

#include "core/circuit/egress.h"
#include "core/circuit/peers.h"

namespace covfefe::core {

class Pings {
 public:
  static constexpr std::size_t kMost = 64;
  static constexpr Duration kLongest = Duration::seconds(60);

  Pings(Shared& shared, Egress& egress, const Peers& peers)
      : shared_(shared), egress_(egress), peers_(peers) {}

  [[nodiscard]] bool start(RequestId request, Peer& peer, const PingQuery& query);
  // False when too many are under way. The peer's session may come later.
  [[nodiscard]] static Duration patience(const PingQuery& query);
  // How long it waits: what was asked for, within bounds.
  void ready(Peer& peer);
  // A session can be used: sends what waited.
  struct From {
    const Peer& peer;
    const PeerSession& session;
    const Leg& leg;  // that the answer came on
  };
  void pong(const From& from, std::uint64_t token);
  // A token that is not, or no longer, waited for is nothing.

  struct Done {
    RequestId request;
    PingReport report;
    CircuitPath time;  // hops of it that are to be timed first; none
  };
  [[nodiscard]] std::vector<Done>& done() { return done_; }
  // Answered; the caller passes them on and clears.

  struct Late {
    RequestId request;
    Address peer;
    bool sent = false;
    bool gone = false;
  };
  [[nodiscard]] std::optional<Late> expire();
  // One ping whose time is over, or nothing.
  void gone(const Address& address);
  // Nobody has it any more: its pings end at once (expire gives them).
  [[nodiscard]] Instant next_deadline() const;

 private:
  struct Ping {
    RequestId request;
    Address peer;
    Hops hops = Hops::Untimed;
    std::uint64_t token = 0;
    Instant sent = Instant::never();
    Instant deadline{};
    bool gone = false;
  };
  void send(Ping& ping, Peer& peer);
  [[nodiscard]] Done answered(const Ping& ping, const From& from) const;

  Shared& shared_;
  Egress& egress_;
  const Peers& peers_;
  std::vector<Ping> pings_;
  std::vector<Done> done_;
};

}  // namespace covfefe::core
