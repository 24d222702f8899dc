// SPDX-License-Identifier: Apache-2.0
// Plain records that cross several processes: what a friend is to this node, and what was measured
// of it. Values only; lengths are exact by type. Validation happens where they enter (lib/rpc).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/ids.h"

namespace covfefe {

enum class TrustLevel : std::uint8_t { None, Introduced, Known, Met };
// Highest last: met in person, known for long, introduced by a friend, none.

enum class Visibility : std::uint8_t { Hidden, RelayOnly, Reachable };
// How a friendship may be shown to other friends: not at all, as a relay, as one that can be
// reached. One setting for both directions: how this node shows the friend and what it allows the
// friend to say of it.

struct PlacedLink {  // a friend's place in the packet rings
  FriendId id;
  std::uint32_t slot = 0;  // 1..4,096: of flow_of()
  std::string petname;
  TrustLevel trust = TrustLevel::None;
  bool operator==(const PlacedLink&) const = default;
};

inline constexpr std::size_t kMaxPetname = 63;  // one DNS label
inline constexpr std::size_t kMaxFriendEndpoints = 8;
inline constexpr std::size_t kMaxMetricSamples = 4'096;  // in one recordMetrics

struct FriendRecord {
  FriendId id;          // 0 until stored
  std::string petname;  // 1..63 of [a-z0-9-]
  TrustLevel trust = TrustLevel::None;
  Visibility visibility = Visibility::RelayOnly;
  ByteArray<32> identity_key{};  // Ed25519
  ByteArray<32> static_key{};    // X25519
  ByteArray<32> service_key{};   // Ed25519; its hash is the address
  Address address;
  std::uint64_t serial = 0;         // of the endorsement
  ByteArray<32> endorsement{};      // the keystore's MAC over all of the above but id
  std::vector<Endpoint> endpoints;  // newest first, at most kMaxFriendEndpoints
  std::int64_t added_at = 0;        // Unix seconds
  bool operator==(const FriendRecord&) const = default;
};

struct MetricSample {
  FriendId id;
  std::int64_t at = 0;         // Unix seconds, end of the interval
  std::uint32_t seconds = 0;   // its length
  std::uint64_t rx_bytes = 0;  // wire bytes in the interval
  std::uint64_t tx_bytes = 0;
  std::uint32_t up_seconds = 0;
  std::uint32_t rtt_micros = 0;  // smoothed, at the end; 0 = not measured
  std::uint32_t lost = 0;
  std::uint32_t link_faults = 0;   // datagrams and frames that only the friend can have spoilt
  std::uint32_t onion_faults = 0;  // bad hop tags on circuits over the link
  std::uint32_t circuits_destroyed = 0;  // for too many of those
  std::uint64_t relayed_cells = 0;       // both ways, of circuits that it had built through here
  bool operator==(const MetricSample&) const = default;
};

inline constexpr std::size_t kMaxCapacityMinutes = 1'024;   // in one recordCapacity
inline constexpr std::size_t kMaxCapacityHistory = 10'080;  // in one answer: a week of minutes
inline constexpr std::uint32_t kCapacityMinute = 60;        // seconds
inline constexpr std::uint32_t kCapacityHour = 3'600;

struct CapacityRecord {  // the uplink over a minute or an hour; rates are wire bytes a second
  std::int64_t at = 0;   // Unix seconds, end of the interval
  std::uint32_t seconds = kCapacityMinute;
  std::uint64_t rate = 0;    // that it was held to carry, mean; 0 = unlimited
  std::uint64_t lowest = 0;  // least of that, 0 = unlimited
  std::uint64_t sent = 0;    // mean
  std::uint32_t cuts = 0;    // how often the estimate fell
  bool operator==(const CapacityRecord&) const = default;
};

inline constexpr std::size_t kMaxCatalogue = 512 * 96;  // bytes: descriptors of 96 each
inline constexpr std::size_t kDescriptorBytes = 96;
inline constexpr std::size_t kCataloguesInPage = 8;  // in one answer
inline constexpr std::size_t kMaxDestinations = 1'024;

struct CatalogueRecord {  // what a friend served last of its own friends
  FriendId id;
  std::uint32_t epoch = 0;
  std::vector<std::uint8_t> descriptors;  // whole ones, at most kMaxCatalogue bytes
  bool operator==(const CatalogueRecord&) const = default;
};

enum class DestinationUse : std::uint8_t { Used, Unused };

struct DestinationChange {  // a far end that is no friend came into use or went out of it
  Address address;
  DestinationUse use = DestinationUse::Used;
  bool operator==(const DestinationChange&) const = default;
};

}  // namespace covfefe
