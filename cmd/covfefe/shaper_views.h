// SPDX-License-Identifier: Apache-2.0
// The shaper as the operator sees it, in plain values. Rates are bytes a second on the wire; 0 is
// unlimited where a capacity is meant, none where a reserve or a cap is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "outcome.h"
#include "promise_views.h"

namespace covfefe::cli {

struct QueueState {
  bool attached = false;  // the router's rings
  std::uint64_t root_rate = 0;
  std::uint64_t sent_bytes = 0;
  std::uint64_t sent_datagrams = 0;
  std::uint64_t queued_bytes = 0;
  std::uint64_t queued_datagrams = 0;
  std::uint64_t flows = 0;  // with something queued
  std::uint64_t send_errors = 0;
  std::uint64_t dropped = 0;
};
struct CapacityState {
  std::uint64_t configured = 0;
  bool learned = false;
  std::uint64_t rate = 0;
  std::uint64_t low_water = 0;
  std::string state;
  std::string why;
  double since_s = 0;
  double queue_ms = 0;  // on the uplink beyond this node
  std::uint64_t cuts = 0;
  std::uint64_t probes = 0;
};
struct LeaseState {
  std::uint32_t id = 0;
  std::string principal;          // petname, or "this node"
  std::vector<std::string> over;  // petnames of the links that carry it
  std::string lease_class;
  std::uint64_t rate = 0;
  double starts_in_s = 0;
  double left_s = 0;
};
struct LedgerState {
  std::uint64_t most = 0;  // 0: unlimited
  std::uint64_t control = 0;
  std::uint64_t floors = 0;
  std::uint64_t reserves = 0;
  std::uint64_t leased = 0;
  std::uint64_t refused = 0;
  std::uint64_t revoked = 0;
  std::vector<LeaseState> leases;
  std::uint32_t left = 0;
};
struct ClassState {
  std::string name;
  std::uint32_t weight = 0;
  std::uint64_t reserve = 0;
  std::uint64_t cap = 0;
  std::uint32_t scale = 1000;  // of its reserves, in 1/1000
  std::uint64_t sent_bytes = 0;
  std::uint64_t sent_datagrams = 0;
  std::uint64_t queued_bytes = 0;
  std::uint64_t dropped = 0;
};
struct FriendState {
  std::uint32_t id = 0;
  std::string name;
  std::string level;
  std::uint32_t weight = 0;
  std::uint64_t reserve = 0;
  std::uint64_t cap = 0;
  std::string idle;  // "always-on", "metered", "off"
  std::uint32_t idle_period_ms = 0;
  std::uint64_t leased = 0;
  std::uint64_t sent_bytes = 0;
  std::uint64_t sent_datagrams = 0;
  std::uint64_t queued_bytes = 0;
  std::uint64_t queued_datagrams = 0;
  std::uint64_t dropped = 0;
  std::uint64_t rate = 0;      // over the last second
  std::uint64_t entitled = 0;  // gets at least so much while it wants it
  std::uint64_t spares = 0;
  std::vector<std::uint64_t> sent_by_class;
};
struct ShaperState {
  QueueState queue;
  CapacityState capacity;
  LedgerState ledger;
  std::vector<ClassState> classes;
  std::vector<FriendState> friends;
  std::int64_t at_ns = 0;  // CLOCK_MONOTONIC
};

[[nodiscard]] Outcome<ShaperState> shaper_state(Connection& shaper);
[[nodiscard]] Outcome<AppliedView> apply_to_shaper(Connection& shaper, const std::string& text);
// The text of covfefenet.yaml.

}  // namespace covfefe::cli
