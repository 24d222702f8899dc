// SPDX-License-Identifier: Apache-2.0
// Packets from the TUN (Step E8, covfefe-protocol(7)): into a session, into the waiting room of who
// can be reached, or answered. Thread: data.
#pragma once

#include <span>

#include "core/circuit/remote.h"
#include "core/circuit/routes.h"
#include "core/circuit/setup.h"

namespace covfefe::core {

class PacketIntake {
 public:
  struct Parts {
    Peers& peers;
    Egress& egress;
    Setup& setup;
    Remote& remote;
  };
  PacketIntake(Shared& shared, const Parts& parts) : shared_(shared), parts_(parts) {}

  void packets(std::span<const ByteView> all);
  void settle(Peer& peer);
  // Sends what waited, if it can go now; gives up what waited too long.

 private:
  enum class Answerable : std::uint8_t { NoRoute, Unreachable, TooBig };

  void packet(ByteView ip);
  void route(const Outgoing& out, ByteView ip);
  void wait(Peer& peer, ByteView ip);
  [[nodiscard]] bool link_coming(Peer& peer);
  void send(Peer& peer, Lane lane, ByteView ip);
  void answer(ByteView ip, Answerable what);

  Shared& shared_;
  Parts parts_;
  Bucket icmp_{{100, 100}};  // RFC 4443 2.4(f)
};

}  // namespace covfefe::core
