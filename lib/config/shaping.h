// SPDX-License-Identifier: Apache-2.0
// The part of covfefenet.yaml that says who gets how much of the uplink. Values of the operator's,
// checked one by one; lib/shape/plan makes the scheduler's and the ledger's settings of them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.h"
#include "base/leases.h"
#include "config/units.h"

namespace covfefe::config {

inline constexpr std::uint32_t kMaxWeight = 1'000;
inline constexpr std::size_t kMaxShapedFriends = 2'048;  // shaping.friends entries
inline constexpr std::uint64_t kMinControl = 8'192;      // B/s: below it handshakes starve
inline constexpr std::uint32_t kMaxControlShare = 250;   // per mille
inline constexpr Duration kMaxPlease = Duration::hours(24);

using covfefe::IdleLane;

struct LevelShaping {        // shaping.levels.<level>: friends of one trust together
  Amount reserve;            // kept for them, of the capacity
  Amount cap;                // never more, of the capacity; nothing: no cap
  std::uint32_t weight = 1;  // 1..kMaxWeight, of the rest, among the levels
  Amount quota;              // each of them may have reserved, of what may be promised at all

  auto operator<=>(const LevelShaping&) const = default;
};

struct FriendShaping {  // shaping.friends.<petname>
  std::string petname;
  Amount reserve;
  Amount cap;                    // nothing: no cap
  std::uint32_t weight = 1;      // of its level's share, among its friends
  std::optional<Amount> quota;   // absent: the level's
  std::optional<IdleLane> idle;  // absent: idle_lane

  auto operator<=>(const FriendShaping&) const = default;
};

struct Shaping {
  Amount control{{}, 50};  // handshakes and the control channel: strict priority up to this
  Amount donate{{}, 500};  // strangers' circuits through this node get at most this
  std::array<LevelShaping, 4> levels{{
      {{}, {}, 1, {}},
      {{}, {}, 2, {{}, 20}},
      {{}, {}, 4, {{}, 100}},
      {{}, {}, 8, {{}, 250}},
  }};                                  // none, introduced, known, met: in the order of trust
  std::vector<FriendShaping> friends;  // by petname, each once; of nobody: waits for such a friend

  bool operator==(const Shaping&) const = default;
};

struct Promises {
  bool lend = true;  // friends may reserve of this node's uplink
  Duration please;   // asked to stay longer: yes up to so much in all, 0: the operator is asked

  auto operator<=>(const Promises&) const = default;
};

inline constexpr std::array<std::string_view, 4> kLevelNames = {"none", "introduced", "known",
                                                                "met"};  // of Shaping::levels

[[nodiscard]] const FriendShaping* find_friend(const Shaping& shaping, std::string_view petname);
// Null: there is no entry. Borrowed.
[[nodiscard]] IdleLane idle_of(const FriendShaping* entry, IdleLane otherwise);
[[nodiscard]] std::string_view idle_name(IdleLane lane);
// "always-on", "metered", "off".

}  // namespace covfefe::config
