// SPDX-License-Identifier: Apache-2.0
// What becomes of promises between friends, as router, rpc and peer database record it. Values
// only. Measurements: none of them changes anybody's trust.
#pragma once

#include <cstdint>

#include "base/ids.h"

namespace covfefe {

enum class PromiseKind : std::uint8_t {
  LeaseGiven = 1,   // by this node to a friend
  LeaseTaken = 2,   // by a friend to this node
  OnlineUntil = 3,  // announced by the friend, or by this node
  Leaving = 4,
  Please = 5,  // a friend asks this node to stay, or the other way round
};

inline constexpr std::size_t kMaxPromiseOutcomes = 1'024;  // in one recordPromises

struct PromiseEnd {  // of one promise of a friend
  FriendId id;
  PromiseKind kind = PromiseKind::LeaseTaken;
  bool kept = false;
  std::int64_t at = 0;  // Unix seconds
  bool operator==(const PromiseEnd&) const = default;
};

struct PromiseTally {  // all that ended of one friend and kind
  FriendId id;
  PromiseKind kind = PromiseKind::LeaseTaken;
  std::uint64_t kept = 0;
  std::uint64_t broken = 0;
  std::int64_t last_at = 0;  // Unix seconds, of the last one
  bool operator==(const PromiseTally&) const = default;
};

}  // namespace covfefe
