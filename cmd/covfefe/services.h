// SPDX-License-Identifier: Apache-2.0
// The operator's connections to the running services, in plain values: no Cap'n Proto name passes
// this header. Every call waits at most a few seconds and says in one sentence what went wrong.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/instant.h"
#include "base/promises.h"
#include "base/records.h"
#include "layout.h"
#include "outcome.h"
#include "promise_views.h"

namespace covfefe::rpc {
class Client;
}

namespace covfefe::cli {

inline constexpr Duration kCallTimeout = Duration::seconds(5);
inline constexpr Duration kGlance = Duration::millis(1'000);  // to connect

class Connection {
 public:
  static Outcome<Connection> open(const Layout& layout, std::string_view service,
                                  Duration patience = kGlance);
  // To SERVICE.operator. A thread has one connection at a time.
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();
  [[nodiscard]] rpc::Client& client() { return *client_; }

 private:
  explicit Connection(std::unique_ptr<rpc::Client> client);
  std::unique_ptr<rpc::Client> client_;
};

// ---- keystore --------------------------------------------------------------------------------
struct Endorsement {
  std::uint64_t serial = 0;
  ByteArray<32> mac{};
};
[[nodiscard]] Outcome<Endorsement> endorse(Connection& keystore, const FriendRecord& record,
                                           ByteView psk);
// For a record whose keys the operator has from a card. psk: empty or 32 bytes.
[[nodiscard]] Outcome<Endorsement> amend(Connection& keystore, const FriendRecord& previous,
                                         const FriendRecord& record, ByteView psk);
// For a change to a friend; previous: as peerdb gave it. Refused when the keystore has not endorsed
// that.
[[nodiscard]] Outcome<void> revoke(Connection& keystore, const ByteArray<32>& identity_key);
[[nodiscard]] Outcome<void> unlock(Connection& keystore, ByteView passphrase);

// ---- peerdb ----------------------------------------------------------------------------------
[[nodiscard]] Outcome<FriendId> put_friend(Connection& peerdb, const FriendRecord& record);
[[nodiscard]] Outcome<void> remove_friend(Connection& peerdb, FriendId id);
[[nodiscard]] Outcome<std::vector<FriendRecord>> friends(Connection& peerdb,
                                                         Duration patience = kCallTimeout);
[[nodiscard]] Outcome<std::vector<MetricSample>> metrics(Connection& peerdb, FriendId id,
                                                         std::int64_t since);

[[nodiscard]] Outcome<std::vector<PromiseTally>> tallies(Connection& peerdb);
// Of all friends, in order of friend and kind.
[[nodiscard]] Outcome<std::vector<CapacityRecord>> uplink_hours(Connection& peerdb,
                                                                std::uint32_t most);
// Newest first.

// ---- router ----------------------------------------------------------------------------------
struct RelayedView {  // circuits that a friend sends through this node
  std::string petname;
  std::uint64_t circuits = 0;
  std::uint64_t cells = 0;
  std::uint64_t onion_faults = 0;
  std::uint64_t builds = 0;
  std::uint64_t refused = 0;
};
struct FriendView {
  FriendId id;
  std::string name;
  Address address;
  TrustLevel trust = TrustLevel::None;
  std::string state;  // "up", "handshaking" or "down"
  std::string path;
  double rtt_ms = 0;  // 0: not measured
  std::uint64_t rx_bytes = 0;
  std::uint64_t tx_bytes = 0;
  bool session_up = false;
  bool small_mode = false;
  std::uint32_t data_sockets = 0;
  std::uint64_t last_heard_ms = 0;
  std::string handshake_failure;
  std::uint64_t link_faults = 0;
  std::uint64_t onion_faults = 0;
  std::uint64_t circuits_destroyed = 0;
  RelayedView relayed;
  std::string idle;       // what this node keeps flowing to it: "always-on", "metered" or "off"
  std::string peer_idle;  // what it says that it keeps flowing here
  double queue_ms = 0;    // on the way to it, 0: not measured
  double path_loss = 0;   // in percent, of late
  std::vector<PromiseView> promises;
  std::uint64_t kept = 0;  // of its promises, since the router started
  std::uint64_t broken = 0;
};
struct CircuitCountsView {
  std::uint32_t open = 0;
  std::uint32_t building = 0;
  std::uint32_t failing = 0;
  std::uint64_t relayed = 0;  // of others, through this node
};
struct RouterView {
  std::string name;
  Address address;
  bool tun = false;
  bool keystore = false;
  bool peerdb = false;
  bool shaper = false;
  bool keystore_locked = false;
  std::vector<FriendView> friends;
  CircuitCountsView circuits;
  std::vector<PromiseView> announced;  // by this node
};
struct HopView {
  std::string hop;  // a petname or a handle
  bool ok = false;
  double rtt_ms = 0;
};
struct PingView {
  bool ok = false;
  double rtt_ms = 0;
  std::string path;
  std::string why;
  std::string next;
  std::vector<HopView> hops;
};
struct FindingView {
  bool ok = false;
  std::string what;
  std::string next;
};
[[nodiscard]] Outcome<RouterView> router_status(Connection& router,
                                                Duration patience = kCallTimeout);

struct PingAsked {
  std::string peer;
  Duration timeout;
  bool hops = false;
};
[[nodiscard]] Outcome<PingView> ping(Connection& router, const PingAsked& asked);
[[nodiscard]] Outcome<std::vector<FindingView>> why(Connection& router, const std::string& peer);

// ---- router: circuits ------------------------------------------------------------------------
// A peer is a petname, an overlay address or NAME.FRIEND. One that names nobody is a Problem.
struct PeerView {
  Address address;
  std::string name;  // petname of a friend, else how the operator called it, unless by address
};
struct CircuitView {
  std::uint32_t id = 0;
  PeerView to;
  std::vector<std::string> hops;  // the entry friend's petname, then handles
  std::string state;              // "building", "open", "suspect" or "closing"
  bool origin = true;             // this node built it
  double age_s = 0;
  double lifetime_s = 0;
  double rtt_ms = 0;  // 0: not measured
  std::uint64_t tx_bytes = 0;
  std::uint64_t rx_bytes = 0;
  std::uint64_t onion_faults = 0;
  std::uint64_t replays = 0;
  std::uint64_t resent = 0;
};
struct CircuitsView {
  std::optional<PeerView> peer;  // whose they are, everybody's if nobody's
  std::vector<CircuitView> circuits;
  std::uint32_t left = 0;  // more than these
  std::vector<RelayedView> relayed;
};
struct PathOptionView {
  std::vector<std::string> hops;
  bool chosen = false;
  std::string why;
};
struct PathView {
  PeerView peer;
  std::vector<PathOptionView> options;
  bool ok = false;
  std::string why;
  std::string next;
};
struct FarIdentityView {
  bool once = false;
  Address address;
};
[[nodiscard]] Outcome<PeerView> resolve(Connection& router, const std::string& peer);
[[nodiscard]] Outcome<CircuitsView> circuits(Connection& router, const std::string& peer);
// An empty peer is everybody.
[[nodiscard]] Outcome<PathView> path(Connection& router, const std::string& peer);
[[nodiscard]] Outcome<CircuitView> new_circuit(Connection& router, const std::string& peer);
[[nodiscard]] Outcome<void> close_circuit(Connection& router, std::uint32_t id);
[[nodiscard]] Outcome<FarIdentityView> new_identity(Connection& router);
[[nodiscard]] Outcome<FarIdentityView> drop_identity(Connection& router);

// ---- any service -----------------------------------------------------------------------------
struct InterfaceView {
  std::string name;
  std::string edge;
  std::vector<std::string> methods;
  std::uint32_t connections = 0;
  std::uint64_t calls = 0;
};
struct CounterView {
  std::string name;
  std::uint64_t value = 0;
};
struct QueueView {
  std::string name;
  std::uint64_t depth = 0;
  std::uint64_t capacity = 0;
  std::uint64_t dropped = 0;
};
struct JailView {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t capabilities = 0;
  bool no_new_privs = false;
  bool dumpable = true;
  std::uint32_t seccomp = 0;
  std::uint32_t syscalls = 0;
  std::int32_t landlock = 0;
  std::string unknown;
};
struct InspectionView {
  std::string service;
  std::string version;
  std::int32_t pid = 0;
  std::uint64_t uptime_ms = 0;
  std::string state;
  std::vector<InterfaceView> interfaces;
  std::vector<CounterView> counters;
  std::vector<QueueView> queues;
  JailView jail;
};
[[nodiscard]] Outcome<InspectionView> inspect(const Layout& layout, std::string_view service,
                                              Duration patience = kCallTimeout);
// Any of services(); tun-helper speaks no Cap'n Proto and writes one text instead. Any thread.
[[nodiscard]] Outcome<InspectionView> inspection_from_text(std::string_view text);
// The text that tun-helper writes: one JSON object.

}  // namespace covfefe::cli
