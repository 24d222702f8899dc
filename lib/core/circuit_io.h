// SPDX-License-Identifier: Apache-2.0
// The part of the router's vocabulary (core/io.h) that is about circuits across friends' nodes:
// what is asked of the keystore for them, what is kept in peerdb, what the operator asks and is
// told. Values only. Thread: data.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/ids.h"
#include "base/inline_vec.h"
#include "base/instant.h"
#include "base/secret.h"

namespace covfefe::core {

enum class Visibility : std::uint8_t { Hidden, RelayOnly, Reachable };
// How a friendship may be shown to the other friends of either end. What counts for a friendship is
// the lower of what its two ends allow (Step D2, covfefe-protocol(7)).

enum class Strangers : std::uint8_t { Accept, Refuse };
// Whether who is no friend may open a session with this node.
enum class Relaying : std::uint8_t { Serve, Refuse };
// Whether friends may build circuits through this node.

struct CircuitPolicy {
  std::uint32_t min_trusted_entries = 2;  // friends of level Met before third parties are reached
  std::uint32_t per_destination = 2;      // 1..4 circuits of one session
  Strangers strangers = Strangers::Accept;
  Relaying relaying = Relaying::Serve;
};

// ---- keystore -----------------------------------------------------------------------------------

struct OpenBuild {
  ByteArray<1264> packet{};  // a BUILD frame's packet (B4)
};
struct OnionKeysQuery {};

struct OpenedBuild {
  ByteArray<80> record{};
  Secret<32> k1;
  ByteArray<1136> rest{};     // what was sealed behind the record
  ByteArray<32> onion_key{};  // the public half that it was sealed to
};
struct OnionKey {
  ByteArray<32> key{};
  std::int64_t not_after = 0;  // Unix seconds: then it is erased
};
struct OnionKeys {
  InlineVec<OnionKey, 2> keys;  // newest first
};

// ---- kept in peerdb over a restart --------------------------------------------------------------

struct Catalogue {
  FriendId introducer;
  std::uint32_t epoch = 0;
  std::vector<std::uint8_t> descriptors;  // wire/descriptor.h, one after the other
};
// What a friend served last. Told by the core when a list is complete, given back at start.

struct DestinationUsed {
  Address address;
  enum class What : std::uint8_t { Opened, Closed } what = What::Opened;
};
// A third party that packets are sent to: dialled again after a restart (A12).

struct Remembered {
  std::vector<Catalogue> catalogues;
  std::vector<Address> destinations;
};

// ---- the operator -------------------------------------------------------------------------------

struct CircuitsQuery {};
struct PathQuery {
  Address peer;
};
struct CircuitNew {
  Address peer;
  Duration timeout;
};
struct CircuitClose {
  std::uint32_t circuit = 0;  // CircuitReport::id
};
struct NameQuery {  // NAME.FRIEND
  FriendId introducer;
  std::string name;
  Duration timeout;
};
struct IdentityNew {};   // a fresh one-time identity for sessions opened from now on (A15)
struct IdentityDrop {};  // back to the own address

enum class CircuitState : std::uint8_t { Building, Open, Suspect, Closing };

struct CircuitReport {
  std::uint32_t id = 0;
  Address to;                     // the far end of its session
  std::vector<std::string> hops;  // petname of the entry friend, then handles (hex), origin only
  CircuitState state = CircuitState::Building;
  bool origin = true;  // false: the far end built it
  Duration age;
  Duration lifetime;
  Duration rtt;                // 0 = not measured
  std::uint64_t tx_bytes = 0;  // of cells, as UDP payload
  std::uint64_t rx_bytes = 0;
  std::uint64_t onion_faults = 0;  // cells whose hop tag did not verify (A10)
  std::uint64_t replays = 0;
  std::uint64_t resent = 0;  // cells that were sent again over this circuit (hedged)
};
struct RelayedReport {  // circuits of others through this node, all of one friend taken together
  FriendId from;
  std::uint64_t circuits = 0;
  std::uint64_t cells = 0;
  std::uint64_t onion_faults = 0;
  std::uint64_t builds = 0;
  std::uint64_t refused = 0;  // builds, each for a reason that is counted apart
};
struct CircuitsReport {
  std::vector<CircuitReport> circuits;
  std::vector<RelayedReport> relayed;
  std::string why;  // CircuitNew: why there is none
};
struct PathReport {
  struct Option {
    std::vector<std::string> hops;
    bool chosen = false;
    std::string why;  // why it is or is not used
  };
  std::vector<Option> options;  // at most 32
  std::string why;              // the rule that decided, or what is missing
};
struct CircuitClosed {
  bool ok = false;
  std::string why;
};
struct NameReport {
  bool ok = false;
  Address address;
  std::string why;
};
struct IdentityReport {
  bool once = false;
  Address address;  // what far ends see from now on
};
struct HopTime {
  std::string hop;  // as in CircuitReport::hops
  bool ok = false;
  Duration rtt;  // of a build that ends there, the hop's keystore included
};

}  // namespace covfefe::core
