// SPDX-License-Identifier: Apache-2.0
// What circuits count: every packet or cell that is not passed on has one of these reasons. Thread:
// data.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace covfefe::core {

enum class Count : std::uint8_t {
  TunIn,             // packets read from the TUN
  TunOut,            // packets delivered to it
  TunMalformed,      // not one whole IPv6 packet
  TunForeignSource,  // source is not the own address
  TunNotOverlay,     // destination outside fd00::/8
  TunMulticast,      // multicast, link-local, loopback or unspecified destination
  TunOwn,            // addressed to this node itself
  TunTooBig,         // over the MTU, answered with packet-too-big
  TunNoFriend,       // no friend has the address, answered with no-route
  TunNoSession,      // waited for a session in vain, answered with address-unreachable
  TunHeld,           // waiting for a session
  TunHeldFull,       // the friend's waiting room was full
  TunBacklog,        // the link's bulk lane was full, dropped before sealing
  TunNoCell,         // the link had no cell to give
  IcmpLimited,       // an ICMPv6 answer that the rate limit ate
  CellsSent,
  CellsReceived,
  CellUnknownCircuit,
  CellReplayed,     // outside or inside the hop window, but seen
  CellBadTag,       // the hop layer did not verify
  CircuitBadTag,    // circuits destroyed for eight bad tags in ten seconds
  BodyUnexpected,   // verified by the hop, but no session waits for it
  BodyForged,       // the end-to-end tag did not verify
  BodyReplayed,     // end-to-end counter seen before
  BodyMalformed,    // frames that do not parse
  FragmentExpired,  // packets whose fragments did not all come
  InnerBad,         // an inner packet that cannot be one
  SessionOpened,
  SessionClosed,
  SessionRefused,  // handshakes that failed or were refused
  RelayedCells,    // passed on to the next link
  RelayNoCell,     // that link had no cell to give
  RelayBacklog,    // its bulk lane was full
  BuildStarted,    // own builds: sent
  BuildMade,       // answered, and good
  BuildFailed,
  BuildReceived,    // others' builds that came
  BuildLimited,     // not opened: over a rate, or the keystore is away or busy
  BuildUnreadable,  // the keystore or the key agreement refused it
  BuildRefused,     // opened and refused in the reply
  BuildPassed,      // sent on to the next hop
  BuildTerminal,    // granted and ended here
  BuiltStray,       // an answer that nobody waits for
  CircuitExpired,   // never used, or its lifetime over
  CircuitLost,      // by DESTROY, a restart or a dead link
  CellsResent,      // interactive ones that went once more by another leg
  LeaseKept,        // builds of others for which a rate is kept here
  LeaseRefused,     // for which none is
  LeaseEnded,       // of circuits that go on: revoked here or on the way
  RelayedLeased,    // of RelayedCells: within a lease
  NatRefused,       // packets that cannot go under a one-time identity
  kEnd
};

class Tally {
 public:
  void add(Count what, std::uint64_t n = 1) { values_[static_cast<std::size_t>(what)] += n; }
  [[nodiscard]] std::uint64_t of(Count what) const {
    return values_[static_cast<std::size_t>(what)];
  }
  static constexpr std::size_t kCount = static_cast<std::size_t>(Count::kEnd);

 private:
  std::array<std::uint64_t, kCount> values_{};
};

[[nodiscard]] const char* name_of(Count what);
// "tun.in", "cell.bad_tag" …: the names in status and inspection.

}  // namespace covfefe::core
