// SPDX-License-Identifier: Apache-2.0
// The operator's echoes inside end-to-end sessions (Step E11, covfefe-protocol(7)). A ping waits
// for a session as long as its time limit allows. At most 64 at once. Thread: data.
#pragma once

#include <vector>

#include "core/circuit/egress.h"
#include "core/circuit/peer.h"

namespace covfefe::core {

class Pings {
 public:
  static constexpr std::size_t kMost = 64;
  static constexpr Duration kLongest = Duration::seconds(60);

  Pings(Shared& shared, Egress& egress) : shared_(shared), egress_(egress) {}

  [[nodiscard]] bool start(RequestId request, Peer& peer, Duration timeout);
  // False when too many are under way. The peer's session may come later.
  void ready(Peer& peer);
  // A session can be used: sends what waited.
  [[nodiscard]] std::optional<Answer> pong(const Peer& peer, std::uint64_t token);
  // The answer to the operator; nothing for a token that is not, or no longer, waited for.

  struct Late {
    RequestId request;
    Address peer;
    bool sent = false;
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
    std::uint64_t token = 0;
    Instant sent = Instant::never();
    Instant deadline{};
  };
  void send(Ping& ping, Peer& peer);

  Shared& shared_;
  Egress& egress_;
  std::vector<Ping> pings_;
};

}  // namespace covfefe::core
