// SPDX-License-Identifier: Apache-2.0
// The part of the router's vocabulary (core/io.h) that is about promised bandwidth and announced
// intentions: what the router asks of its own shaper's ledger, what friends promise one another,
// what the operator asks and is told. Values only. Rates on a link are wire bytes a second (A24):
// cells, UDP and IP headers and the link's overhead. Thread: data.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/address.h"
#include "base/ids.h"
#include "base/instant.h"
#include "base/leases.h"
#include "base/promises.h"

namespace covfefe::core {

using covfefe::IdleLane;
using covfefe::kLeaseLatestStart;
using covfefe::kLeaseLongest;
using covfefe::kLeaseRateLeast;
using covfefe::kLeaseRateMost;
using covfefe::Lease;
using covfefe::LeaseClass;
using covfefe::LeaseDenied;
using covfefe::LeaseGrant;
using covfefe::LeaseRefusal;
using covfefe::LeaseTerms;
using covfefe::PromiseKind;

// ---- this node's shaper -------------------------------------------------------------------------
// The ledger of its own uplink.

struct LeaseTake {
  LeaseTerms terms;
};
struct LeaseExtend {
  FriendId principal;
  std::uint32_t lease = 0;
  Duration by;
};
struct LeaseRelease {  // answered with a LeaseGrant that has ended
  FriendId principal;
  std::uint32_t lease = 0;
};
struct ShaperRequest {
  RequestId request;
  std::variant<LeaseTake, LeaseExtend, LeaseRelease> what;
};
struct ShaperReply {
  RequestId request;
  std::variant<LeaseGrant, LeaseDenied> answer;
};

struct LeasesKnown {
  std::vector<Lease> all;
};
// What the shaper holds when the router finds it: after a restart of the router the leases of
// friends go on, those of circuits are nobody's any more and are released.
struct LeaseRevoked {
  std::uint32_t lease = 0;
  LeaseRefusal why = LeaseRefusal::Capacity;
};

// ---- what a friend's reports say ----------------------------------------------------------------
// Of the way to it.

struct PathSample {
  std::uint32_t delivered = 0;  // wire bytes that came since the last sample; 0: none before
  Duration interval;            // by the friend's clock, above 0
  Duration queue;               // one-way delay above the least of late
  Duration rtt;
  std::uint8_t lost = 0;  // of 255 sent in the interval
};

// ---- the operator -------------------------------------------------------------------------------
// Questions and their answers.

enum class Directions : std::uint8_t { Both, Out, In };

struct ReserveQuery {
  Address peer;  // a friend, or a third party: then a circuit is built with the request in it
  std::uint32_t payload_rate = 0;  // B/s of application payload
  std::uint16_t packet = 0;        // bytes of payload in each packet
  LeaseClass lease_class = LeaseClass::Realtime;
  Directions directions = Directions::Both;
  Duration starts_in;
  Duration lasts;
  Duration timeout;
};
struct ExtendQuery {
  std::uint32_t id = 0;  // PromiseReport::id
  Duration by;
  Duration timeout;
};
struct ReleaseQuery {
  std::uint32_t id = 0;
};
enum class IntentKind : std::uint8_t { OnlineUntil, Leaving, None };
struct IntendQuery {
  IntentKind kind = IntentKind::None;  // None: takes back what was announced
  Duration in;                         // from now
};
struct PleaseQuery {  // asks a friend to stay online longer
  FriendId friend_id;
  Duration by;
  Duration timeout;  // then it is answered that the friend was asked
};
struct AnswerQuery {  // to a friend's PLEASE
  FriendId friend_id;
  bool yes = false;
  Duration by;  // yes: how much longer, 0: what was asked
};
struct PromisesQuery {};

struct ReserveReport {
  bool ok = false;
  std::uint32_t id = 0;            // names it at this node's CLI; 0 when not ok
  std::uint32_t payload_rate = 0;  // granted
  std::uint32_t wire_rate = 0;     // what the uplinks keep for it, each
  Duration lasts;
  std::string how;  // "bob, both ways" or the hops
  std::string why;  // when not ok
  std::string next;
  std::uint32_t best_rate = 0;  // payload, that would be granted; 0: none known
  Duration best_lasts;
};
struct PromiseReport {
  std::uint32_t id = 0;
  PromiseKind kind = PromiseKind::LeaseGiven;
  FriendId friend_id;  // 0: this node itself, or a third party
  bool ours = false;   // announced or given by this node
  std::string with;    // petname or address
  std::uint32_t payload_rate = 0;
  std::uint32_t wire_rate = 0;
  LeaseClass lease_class = LeaseClass::Realtime;
  Duration starts_in;
  Duration left;      // until it ends or happens
  std::string state;  // "in force", "waits for an answer", "+10 min granted", …
};
struct PromisesReport {
  std::vector<PromiseReport> all;  // at most 512
  struct Kept {
    FriendId id;
    std::uint64_t kept = 0;
    std::uint64_t broken = 0;
  };
  std::vector<Kept> record;  // since the router started
};
struct PromiseDone {
  bool ok = false;
  std::string what;  // one sentence
  std::string next;
  Duration left;
};

// ---- told ---------------------------------------------------------------------------------------
// To the control thread.

struct PromiseOutcome {  // for the peer database; says nothing about trust
  FriendId id;           // whose promise
  PromiseKind kind = PromiseKind::LeaseTaken;
  bool kept = false;
};
struct PromiseNotice {  // one line for the operator's log
  FriendId id;
  std::string what;
};

// ---- policy -------------------------------------------------------------------------------------
// From covfefenet.yaml, applied live.

struct PromisePolicy {
  Duration please_grant;  // asked to stay longer, this node says yes up to so much in all; 0: the
                          // operator is asked
  bool lend = true;       // friends may reserve at all
  std::uint32_t overhead = 0;  // link.overhead: bytes that the line adds to an IP packet
};

}  // namespace covfefe::core
