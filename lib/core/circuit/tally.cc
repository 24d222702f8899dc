// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/tally.h"

namespace covfefe::core {

const char* name_of(Count what) {
  static constexpr std::array<const char*, Tally::kCount> kNames = {
      "tun_in",          "tun_out",          "tun_malformed", "tun_foreign_source",
      "tun_not_overlay", "tun_multicast",    "tun_own",       "tun_too_big",
      "tun_no_friend",   "tun_no_session",   "tun_held",      "tun_held_full",
      "tun_backlog",     "tun_no_cell",      "icmp_limited",  "cells_sent",
      "cells_received",  "cell_unknown",     "cell_replayed", "cell_bad_tag",
      "circuit_bad_tag", "body_unexpected",  "body_forged",   "body_replayed",
      "body_malformed",  "fragment_expired", "inner_bad",     "session_opened",
      "session_closed",  "session_refused"};
  return kNames[static_cast<std::size_t>(what)];
}

}  // namespace covfefe::core
