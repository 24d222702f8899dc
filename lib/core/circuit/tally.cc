// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/tally.h"

namespace covfefe::core {

const char* name_of(Count what) {
  static constexpr std::array<const char*, Tally::kCount> kNames = {
      "tun.in",           "tun.out",
      "tun.malformed",    "tun.foreign_source",
      "tun.not_overlay",  "tun.multicast",
      "tun.own",          "tun.too_big",
      "tun.no_friend",    "tun.no_session",
      "tun.held",         "tun.held_full",
      "tun.backlog",      "tun.no_cell",
      "tun.icmp_limited", "cell.sent",
      "cell.received",    "cell.unknown",
      "cell.replayed",    "cell.bad_tag",
      "circuit.bad_tag",  "body.unexpected",
      "body.forged",      "body.replayed",
      "body.malformed",   "body.fragments_expired",
      "body.bad_packet",  "session.opened",
      "session.closed",   "session.refused",
      "relay.cells",      "relay.no_cell",
      "relay.backlog",    "build.started",
      "build.made",       "build.failed",
      "build.received",   "build.limited",
      "build.unreadable", "build.refused",
      "build.passed",     "build.terminal",
      "build.stray",      "circuit.expired",
      "circuit.lost",     "cell.resent",
      "lease.kept",       "lease.refused",
      "lease.ended",      "relay.leased",
      "nat.refused"};
  return kNames[static_cast<std::size_t>(what)];
}

}  // namespace covfefe::core
