// SPDX-License-Identifier: Apache-2.0
// Leases: bandwidth of this node's uplink that is kept for somebody for a time. The values that
// router and shaper share; the rules are in shape/ledger.h. Rates are wire bytes a second (A24):
// cells, UDP and IP headers and the link's overhead.
#pragma once

#include <cstdint>

#include "base/ids.h"
#include "base/inline_vec.h"
#include "base/instant.h"

namespace covfefe {

enum class IdleLane : std::uint8_t {
  AlwaysOn,  // 4 S cells a second, day and night
  Metered,   // 1
  Off,
};

enum class LeaseClass : std::uint8_t {
  Realtime = 1,  // delivered by deadline
  Bulk = 2,      // a guaranteed rate
};

inline constexpr std::uint32_t kLeaseRateLeast = 256;         // B/s
inline constexpr std::uint32_t kLeaseRateMost = 0x4000'0000;  // 2^30 B/s
inline constexpr Duration kLeaseLongest = Duration::hours(24);
inline constexpr Duration kLeaseLatestStart = Duration::hours(24);

struct LeaseTerms {
  FriendId principal;           // whose quota pays: who asked; 0: this node itself
  InlineVec<FriendId, 2> over;  // the links that carry it, each at `rate`
  LeaseClass lease_class = LeaseClass::Realtime;
  std::uint32_t rate = 0;   // B/s of wire bytes on each link
  std::uint32_t least = 0;  // take no less; 0: exactly `rate` or nothing
  Duration starts_in;       // 0: now
  Duration lasts;           // from its start
  std::uint32_t tag = 0;    // the router's own, kept with the lease and not interpreted:
                            // 0: of a circuit, else the promise between friends that it is for
};
struct LeaseGrant {
  std::uint32_t lease = 0;  // names it at this node, never 0
  std::uint32_t rate = 0;
  Instant from;
  Instant until;
};
enum class LeaseRefusal : std::uint8_t {
  NoCapacity = 1,   // the uplink's guarantees are given out
  Quota = 2,        // the principal's share of them is
  BadRequest = 3,   // a rate, time or class out of range
  NoLink = 4,       // no such friend
  NotYours = 5,     // no such lease, or somebody else's
  Policy = 6,       // the operator's configuration gives nothing to it
  Unavailable = 7,  // no shaper, or no answer
  Capacity = 8,     // revoked: the uplink carries less than it did
};
struct LeaseDenied {
  LeaseRefusal why = LeaseRefusal::Unavailable;
  std::uint32_t best_rate = 0;  // that would have been granted for so long, 0: none
  Duration best_lasts;          // for which the asked rate would have been, 0: none
};

struct Lease {  // as the ledger keeps it
  LeaseTerms terms;
  LeaseGrant grant;
};

}  // namespace covfefe
