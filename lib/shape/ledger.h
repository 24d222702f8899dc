// SPDX-License-Identifier: Apache-2.0
// What of the uplink is promised, to whom, from when until when. A lease is granted only where it
// fits below `room` at every instant of its time, together with all others; each principal has a
// quota of its own below that. Nothing is ever taken away silently: what no longer fits is revoked,
// by trust and then youngest first. Pure: time is a parameter, absolute instants come back.
// Thread: one; the shaper's control thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <variant>
#include <vector>

#include "base/leases.h"
#include "base/records.h"

namespace covfefe::shape {

inline constexpr std::uint64_t kBoundless = std::uint64_t{1} << 50;  // B/s: more than any line
inline constexpr std::size_t kLeasesMost = 4'096;
inline constexpr std::size_t kLeasesOfPrincipal = 256;  // of a friend; circuits through it included
inline constexpr std::size_t kFutureLeases = 64;        // of friends, that begin later, in all
inline constexpr Duration kLeaseShortest = Duration::seconds(1);

struct Principal {
  TrustLevel trust = TrustLevel::None;
  std::uint64_t quota = 0;  // B/s of wire bytes, all its leases on all links together
  bool operator==(const Principal&) const = default;
};

struct LeaseSums {  // of one link, in force, B/s
  std::uint64_t realtime = 0;
  std::uint64_t bulk = 0;
  bool operator==(const LeaseSums&) const = default;
};

class Ledger {
 public:
  explicit Ledger(std::uint32_t first_id);
  // Random, so that ids of an earlier run mean nothing now.

  using Answer = std::variant<LeaseGrant, LeaseDenied>;
  using Revoked = std::vector<std::uint32_t>;  // ids, in the order in which they went

  [[nodiscard]] Revoked set_room(std::uint64_t bytes_per_second, Instant now);
  // Most that all leases may add up to at any time; kBoundless: an unlimited uplink.
  [[nodiscard]] Revoked set_principals(std::map<FriendId, Principal> all, Instant now);
  // Everybody who may ask and every link that may carry; takes the place of what was known. A lease
  // over a link that is gone, or of a principal that is, is revoked; a smaller quota revokes
  // nothing that was promised. FriendId 0 is this node itself: always known, bounded by the room
  // only, revoked last.

  [[nodiscard]] Answer take(const LeaseTerms& terms, Instant now);
  // A grant of less than asked (terms.least) is the largest power of two that fits.
  [[nodiscard]] Answer extend(FriendId principal, std::uint32_t id, Duration by, Instant now);
  [[nodiscard]] Answer release(FriendId principal, std::uint32_t id, Instant now);
  // The grant as it was.
  [[nodiscard]] bool restore(const Lease& lease, Instant now);
  // Of an earlier run of this ledger, with its id. False: it ended, does not fit, or its id is
  // taken by another. One that is here already stays.

  [[nodiscard]] Instant next_change() const;
  // When a lease begins or ends after the latest `now`; never() without any. Call expire() then.
  void expire(Instant now);

  [[nodiscard]] LeaseSums over(FriendId link, Instant now) const;
  [[nodiscard]] std::uint64_t in_force(Instant now) const;  // B/s, of all links
  [[nodiscard]] std::uint64_t room() const { return room_; }
  [[nodiscard]] std::size_t size() const { return leases_.size(); }
  void each(const std::function<void(const Lease&)>& visit) const;  // in order of id

 private:
  struct Held {
    Lease lease;
    std::uint64_t order = 0;  // of granting: the youngest has the largest
  };
  using Chosen = std::function<bool(const Lease&)>;
  struct Window {
    Instant from;
    Instant until;
  };
  struct Peak {
    std::uint64_t sum = 0;  // largest in the window
    Instant exceeds;        // when `limit` is passed first; never()
  };
  [[nodiscard]] static std::uint64_t weight(const Lease& lease);
  [[nodiscard]] Peak peak(const Chosen& chosen, Window window, std::uint64_t limit) const;
  [[nodiscard]] std::uint64_t quota_of(FriendId principal) const;
  [[nodiscard]] bool well_formed(const LeaseTerms& terms) const;
  [[nodiscard]] bool links_known(const LeaseTerms& terms) const;
  [[nodiscard]] bool places_left(const LeaseTerms& terms) const;
  struct Room {
    std::uint64_t free = 0;  // in the whole window
    Instant full_at;         // for `wanted`; never()
    LeaseRefusal why = LeaseRefusal::NoCapacity;
  };
  [[nodiscard]] Room room_for(FriendId principal, Window window, std::uint64_t wanted) const;
  [[nodiscard]] Answer grant(const LeaseTerms& terms, Window window, std::uint32_t rate);
  [[nodiscard]] std::uint32_t fresh_id();
  [[nodiscard]] Held* find(FriendId principal, std::uint32_t id, Instant now);
  [[nodiscard]] bool outranks(const Held& a, const Held& b) const;
  void revoke_at(Instant when, Revoked& out);
  [[nodiscard]] Revoked fit(Instant now);

  std::map<std::uint32_t, Held> leases_;
  std::map<FriendId, Principal> principals_;
  std::uint64_t room_ = 0;
  std::uint64_t granted_ = 0;
  std::uint32_t last_id_;
  Instant seen_;  // latest `now`
};

}  // namespace covfefe::shape
