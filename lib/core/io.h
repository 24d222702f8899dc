// SPDX-License-Identifier: Apache-2.0
// The vocabulary between the router as a value (lib/core) and the process around it: what comes in,
// what it wants done. Spans are borrowed for the call; everything else is a value. Thread: data.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/flow_class.h"
#include "base/ids.h"
#include "base/instant.h"
#include "base/result.h"
#include "base/secret.h"
#include "core/circuit_io.h"
#include "core/promise_io.h"

namespace covfefe::core {

enum class Lane : std::uint8_t { Link = 0, Realtime = 1, Bulk = 2, Spare = 3 };
// The top byte of a link counter (A2); each lane has its own sequence and replay window.
inline constexpr std::size_t kLanes = 4;

[[nodiscard]] constexpr Lane lane_of(FlowClass as) {
  return static_cast<Lane>(lane_index(as));
}
[[nodiscard]] constexpr FlowClass unleased(Lane lane) {
  constexpr FlowClass kClasses[kLanes] = {FlowClass::Control, FlowClass::Interactive,
                                          FlowClass::Bulk, FlowClass::Idle};
  return kClasses[static_cast<std::size_t>(lane)];
}
// Of this node's own cell that no lease pays for.

enum class Trust : std::uint8_t { None, Introduced, Known, Met };

using BootId = ByteArray<8>;
using StaticKey = ByteArray<32>;

// ---- what comes in -------------------------------------------------------------------------

struct LocalAddress {
  Address ip;                   // where the datagram arrived, all zero = let the kernel choose
  std::uint32_t interface = 0;  // ifindex, 0 = any
  auto operator<=>(const LocalAddress&) const = default;
};

struct DatagramIn {
  ByteView bytes;
  Endpoint from;
  LocalAddress to;
  std::uint8_t socket = 0;  // 0 control, 1 bulk data, 2 realtime data
};

struct Completion {
  std::uint64_t tag = 0;  // Posting::tag of the datagram that left the shaper
  bool sent = false;      // false: cancelled, dropped, or refused by the kernel
  Instant at{};           // when the shaper sent it, to 16 us
};

struct Datagrams {
  std::span<const DatagramIn> all;
};
struct Packets {
  std::span<const ByteView> all;
};  // IP packets read from the TUN
struct Completions {
  std::span<const Completion> all;
};
struct ShaperUp {};    // attached: frames can be had again
struct ShaperDown {};  // detached: everything posted and not completed is lost
struct Clock {
  WallTime now;
};  // about every 10 s and at start

struct Friend {
  FriendId id;
  std::string petname;
  Trust trust = Trust::None;
  StaticKey static_key{};
  Address address;                  // overlay address
  std::vector<Endpoint> endpoints;  // newest first
  Visibility visibility = Visibility::RelayOnly;
  IdleLane idle = IdleLane::AlwaysOn;  // what this node sends to it
  bool operator==(const Friend&) const = default;
};
struct FriendTable {
  std::vector<Friend> all;
};  // replaces the table; absent friends are dropped

struct LinkMasters {
  Secret<32> send;  // Noise split key of our sending direction
  Secret<32> receive;
};

struct Initiated {
  std::uint64_t handshake = 0;
  ByteArray<216> message{};
};
struct Established {  // answer to Finish and to Respond
  StaticKey peer{};
  ByteArray<212> message{};  // Respond only
  LinkMasters masters;
  BootId peer_boot{};
  std::uint16_t peer_version = 0;
  std::uint16_t peer_flags = 0;
};
struct Certified {
  ByteArray<136> certificate{};
};

struct KeystoreReply {
  RequestId request;
  std::variant<Reject, Initiated, Established, Certified, OpenedBuild, OnionKeys> answer;
};
struct KeystoreUp {};    // a keystore connected: it has the friend table and answers
struct KeystoreDown {};  // requests in flight will never be answered

enum class Hops : std::uint8_t { Untimed, Timed };

struct PingQuery {
  Address peer;
  Duration timeout;
  Hops hops = Hops::Untimed;  // Timed: every hop of the first circuit is measured too
};
struct StatusQuery {};
struct WhyQuery {
  Address peer;
};
struct Query {
  RequestId request;
  std::variant<StatusQuery, PingQuery, WhyQuery, CircuitsQuery, PathQuery, CircuitNew, CircuitClose,
               NameQuery, IdentityNew, IdentityDrop, ReserveQuery, ExtendQuery, ReleaseQuery,
               IntendQuery, PleaseQuery, AnswerQuery, PromisesQuery>
      what;
};

struct Timer {};  // next_deadline() passed

using Input = std::variant<Timer, Datagrams, Packets, Completions, ShaperUp, ShaperDown, Clock,
                           FriendTable, Remembered, KeystoreUp, KeystoreDown, KeystoreReply, Query,
                           ShaperReply, LeasesKnown, LeaseRevoked, PromisePolicy>;

// ---- what the core wants done ----------------------------------------------------------------

enum class Pace : std::uint8_t {
  Now,   // as soon as its class may
  Slot,  // on a silent link it waits for the idle lane's next slot (A23); class Control, S cells
};

struct Posting {
  Endpoint to;
  LocalAddress from;
  std::uint8_t socket = 0;
  std::uint16_t length = 0;  // bytes of the datagram in the frame
  Lane lane = Lane::Link;
  FlowId flow;  // flow_of(link slot, class): a class of this lane
  Pace pace = Pace::Now;
  std::uint32_t epoch =
      0;                  // key epoch of the (link, lane): CANCEL completes older ones unsent (A3)
  std::uint64_t tag = 0;  // returned in the Completion
};

struct Frame {
  std::uint32_t index = 0;
  MutableBytes bytes;  // 1,400 B of shared memory: only sealed bytes may ever be written here (A18)
};

struct Initiate {
  StaticKey peer{};
  BootId boot{};
};
struct Finish {
  std::uint64_t handshake = 0;
  ByteArray<212> message{};
};
struct Respond {
  ByteArray<216> message{};
  BootId boot{};
};
struct Certify {
  ByteArray<32> session_key{};
};
struct KeystoreRequest {
  RequestId request;
  std::variant<Initiate, Finish, Respond, Certify, OpenBuild, OnionKeysQuery> what;
};

enum class LinkState : std::uint8_t { Down, Handshaking, Up };

struct FriendReport {
  FriendId id;
  LinkState state = LinkState::Down;
  Endpoint remote;  // where data goes now; port 0 = nowhere
  std::uint8_t data_sockets = 0;
  bool small_mode = false;
  bool session_up = false;
  Duration rtt;                // smoothed, 0 = not measured
  std::uint64_t rx_bytes = 0;  // UDP payload + 48 per datagram, since the router started
  std::uint64_t tx_bytes = 0;
  std::uint64_t lost = 0;
  std::uint64_t link_faults = 0;   // bad link tags and malformed link frames: the neighbour's (A10)
  std::uint64_t onion_faults = 0;  // bad hop tags on circuits over this link: the circuits' (A10)
  std::uint64_t circuits_destroyed = 0;  // of those, for eight bad tags in ten seconds
  std::uint64_t relayed_cells = 0;       // both ways, of circuits that it had built through here
  Duration up_for;                       // total time up since the router started
  Instant last_heard = Instant::never();
  IdleLane idle = IdleLane::Off;       // what this node keeps flowing to it
  IdleLane peer_idle = IdleLane::Off;  // what it says that it keeps flowing here
  Duration queue;                 // one-way delay to it above the least of late, 0 = none measured
  std::uint16_t path_loss = 0;    // of 10,000 cells sent to it of late
  std::string handshake_failure;  // why the last attempt failed, empty if it did not
};
struct Counter {
  const char* name;
  std::uint64_t value;
};
struct StatusReport {
  std::vector<FriendReport> friends;
  std::vector<Counter> counters;
};
struct PingReport {
  bool ok = false;
  Duration rtt;
  std::string path;
  std::string why;
  std::vector<HopTime> hops{};  // when they were asked for
};
struct Finding {
  bool ok = false;
  std::string what;
  std::string next;
};
struct WhyReport {
  std::vector<Finding> findings;
};
struct Answer {
  RequestId request;
  std::variant<StatusReport, PingReport, WhyReport, CircuitsReport, PathReport, CircuitClosed,
               NameReport, IdentityReport, ReserveReport, PromisesReport, PromiseDone>
      what;
};
struct EndpointLearned {
  FriendId id;
  Endpoint endpoint;
};  // worth remembering over a restart
struct TimestampSeen {
  StaticKey peer{};
  ByteArray<12> timestamp{};
};
struct LinkChanged {
  FriendId id;
  LinkState state;
};
struct LinkPlace {
  FriendId id;
  std::uint32_t slot = 0;  // of its link: flow_of(slot, …)
};
struct LinkPlaces {
  std::vector<LinkPlace> all;
};  // told whenever one came or went

using Report = std::variant<Answer, EndpointLearned, LinkChanged, Catalogue, DestinationUsed,
                            LinkPlaces, PromiseOutcome, PromiseNotice>;

class Effects {
 public:
  virtual ~Effects() = default;

  virtual Frame acquire(Lane lane) = 0;
  // A free frame, or one with empty bytes: the lane's quota is used up or no shaper is attached.
  // Every acquired frame is posted or released before step() returns.
  virtual void post(const Frame& frame, const Posting& posting) = 0;
  virtual void release(const Frame& frame) = 0;
  virtual void cancel(FlowId flow, std::uint32_t epoch) = 0;
  // Complete unsent whatever of this flow was posted under an epoch older than this.
  virtual void deliver(std::span<const ByteView> packets) = 0;
  // Whole IPv6 packets for the TUN device, in order.
  virtual void ask(KeystoreRequest request) = 0;
  // May be dropped when the mailbox is full: the core's own timeout repeats it.
  virtual void tell(Report report) = 0;
  virtual void ask(ShaperRequest request) = 0;
  // Likewise may be dropped: the core's own timeout counts it as refused.
  virtual void measured(FlowId flow, const PathSample& sample) = 0;
  // What a friend reported of the way to it; flow: any of its link. For the shaper's estimate of
  // the uplink, on the ring: no wake, no thread between.
};

}  // namespace covfefe::core
