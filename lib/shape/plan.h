// SPDX-License-Identifier: Apache-2.0
// From what the operator wrote and what the uplink carries to the settings of the scheduler and of
// the ledger. A plan is a value: made anew when the configuration, the friends, the leases or the
// capacity change, compared with the one before, and only what differs is touched. Pure.
// Thread: any.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/leases.h"
#include "base/records.h"
#include "shape/ledger.h"
#include "shape/scheduler.h"

namespace covfefe::shape {

struct Amount {  // a rate, or a share of the capacity; both zero: nothing
  std::uint64_t bytes_per_second = 0;
  std::uint32_t per_mille = 0;  // counts where bytes_per_second is 0
  bool operator==(const Amount&) const = default;
};

struct LevelPolicy {
  Amount reserve;
  Amount cap;
  std::uint32_t weight = 1;
  Amount quota;  // of each of its friends; a share is one of the ledger's room
  bool operator==(const LevelPolicy&) const = default;
};
struct FriendPolicy {
  Amount reserve;
  Amount cap;
  std::uint32_t weight = 1;
  std::optional<Amount> quota;
  std::optional<IdleLane> idle;
  bool operator==(const FriendPolicy&) const = default;
};
struct Policy {
  Amount control;
  Amount donate;                      // cap of Level::Relayed
  std::array<LevelPolicy, 4> levels;  // by TrustLevel
  std::map<std::string, FriendPolicy> friends;
  IdleLane idle = IdleLane::AlwaysOn;
  bool lend = true;            // false: friends' quotas are 0
  std::uint32_t overhead = 0;  // link.overhead, bytes per datagram
  bool operator==(const Policy&) const = default;
};

struct Uplink {
  std::uint64_t rate = 0;       // wire bytes a second now, 0 = unlimited
  std::uint64_t low_water = 0;  // what admission may count on, 0 = unlimited
  std::uint64_t leased = 0;     // by leases in force
};

struct Plan {
  std::uint64_t control = 0;  // B/s; 0: the scheduler's own rule
  std::array<Share, kLevels> levels{};
  std::array<std::uint32_t, kLevels> scales{};  // per mille
  struct Link {
    std::uint32_t slot = 0;
    LinkPlan plan;  // its bulk leases are added to the reserve by with_lease()
    IdleLane idle = IdleLane::AlwaysOn;
  };
  std::map<FriendId, Link> links;
  std::uint64_t floors = 0;  // B/s of all idle lanes
  Duration idle_period;      // common to all that are always on; longer than 250 ms: slowed down
  bool idle_slowed = false;
  std::uint64_t promised_most = 0;  // 0.8 of the low-water capacity; kBoundless
  std::uint64_t room = 0;           // of it, for leases
  std::map<FriendId, Principal> principals;
};

inline constexpr std::uint32_t kSmallCell = 256;  // UDP payload of an S cell
inline constexpr std::uint32_t kUdpIpv6 = 48;     // floors are counted as over IPv6
inline constexpr Duration kIdlePeriod = Duration::millis(250);
inline constexpr Duration kMeteredPeriod = Duration::seconds(1);
inline constexpr std::uint32_t kIdleShare = 100;      // per mille of the rate, all idle lanes (A23)
inline constexpr std::uint32_t kPromisedShare = 800;  // per mille of the low-water capacity
inline constexpr std::uint64_t kControlLeast = 8'192;
inline constexpr std::uint32_t kControlShare = 50;  // per mille, where nothing is configured

[[nodiscard]] std::uint64_t of_capacity(Amount amount, std::uint64_t capacity);
// A share of an unlimited capacity (0) is 0: nothing needs to be kept there, and nothing capped.

[[nodiscard]] Plan make_plan(const Policy& policy, const std::vector<PlacedLink>& links,
                             const Uplink& uplink);

[[nodiscard]] LinkPlan with_lease(LinkPlan plan, std::uint64_t bulk_leased);
// The reserve of a link with bulk leases in force.

class Entitlements {
 public:
  Entitlements(const Plan& plan, const Uplink& uplink);
  // The plan is borrowed.

  [[nodiscard]] std::uint64_t of(FriendId link, const LeaseSums& leased) const;
  // What a link gets at least while it wants it and everybody else wants everything: its leases,
  // its reserve as scaled and its share by weight of what is left. 0 where the uplink is unlimited.

 private:
  [[nodiscard]] std::uint64_t scaled(const LinkPlan& link) const;

  const Plan& plan_;
  bool unlimited_;
  std::uint64_t rest_ = 0;                         // beyond all that is kept for somebody
  std::uint64_t weights_ = 0;                      // of the levels that share it
  std::array<std::uint64_t, kLevels> siblings_{};  // weights of the links of each level
};

}  // namespace covfefe::shape
