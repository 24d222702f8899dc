// SPDX-License-Identifier: Apache-2.0
// A slow model of one node's uplink and its friends, in steps of 200 us, cell by cell: one queue
// with a rate that changes at given times, a policer, a path of its own to each friend, and reports
// made as Steps R9 to R12, covfefe-protocol(7), say. Everything random comes from one seed.
#pragma once

#include <cstdint>
#include <deque>
#include <random>
#include <vector>

#include "shape/capacity.h"

namespace covfefe::test {

struct RateChange {
  Instant at;
  std::uint64_t rate = 0;  // bytes a second; 0: nothing passes
};

enum class Lie : std::uint8_t {
  None,
  Fast,        // what came took no time
  FastQueued,  // and waited long, seven tenths of every second
  FastLossy,   // 20 times as much came, and half as much again was lost
};

struct FriendPath {
  Duration there = Duration::millis(25);
  Duration back = Duration::millis(25);
  Duration jitter;           // of the way there, uniform, never overtaking
  std::uint64_t rate = 0;    // of a bottleneck of its own, 0: none
  std::uint32_t loss = 0;    // of 1000 cells
  std::uint64_t demand = 0;  // bytes a second, 0: whatever it gets
  std::uint32_t weight = 1;  // of what is left; 0: idle
  Lie lie = Lie::None;
};

struct UplinkPlan {
  std::vector<RateChange> rates;  // in order, the first at 0
  std::uint64_t buffer = 1'000'000;
  std::uint64_t policer_rate = 0;  // 0: none
  std::uint64_t policer_depth = 0;
  std::vector<FriendPath> friends;
  shape::CapacitySettings settings;
  std::uint64_t seed = 1;
};

struct Seen {  // over a span of time
  Duration time;
  std::uint64_t served = 0;     // bytes through the uplink
  std::uint64_t possible = 0;   // what its rate would have carried
  Duration long_queue;          // that more than 30 ms waited
  std::vector<Duration> queue;  // at each step

  [[nodiscard]] double used() const;                // of what was possible
  [[nodiscard]] Duration percentile(int of) const;  // of the queue
};

class UplinkWorld {
 public:
  explicit UplinkWorld(const UplinkPlan& plan);

  Seen run(Duration time);
  [[nodiscard]] Duration until_used(double part, Duration at_most);
  // Runs until that part of the present rate was carried in 50 ms.
  [[nodiscard]] shape::Capacity& capacity() { return capacity_; }
  [[nodiscard]] Duration queue() const;  // at the uplink now
  [[nodiscard]] Instant now() const { return now_; }
  void set_demand(std::uint32_t link, std::uint64_t demand, std::uint32_t weight);
  void pause_friend(std::uint32_t link, Duration time);
  // Its process does not run: what arrives waits, then comes all at once.
  [[nodiscard]] std::uint64_t cap_of(std::uint32_t link) const { return links_[link].cap; }

 private:
  struct Cell {
    std::uint32_t link = 0;
    std::uint32_t wire = 0;
    std::int64_t stamp = -1;  // when it was sent, of a report
    Instant due;              // at the next place
  };
  struct Report {
    Instant due;
    std::int64_t echo = -1;
    Duration delay;
    std::uint64_t bytes = 0;
    std::uint64_t cells = 0;  // that had come when the echoed stamp did
    Instant newest;
  };
  struct Stamp {
    std::int64_t at = 0;
    std::uint64_t cells = 0;  // sent by then
  };
  struct Link {
    FriendPath path;
    std::uint64_t credit = 0;  // of the demand, in 1/1e6 bytes
    std::uint64_t wants = 0;   // bytes
    std::uint64_t cap = 0;
    std::uint64_t cap_credit = 0;
    std::uint64_t sent = 0, sent_cells = 0;  // in all
    std::uint64_t stamped = 0;               // bytes sent at the last stamp
    std::deque<Stamp> stamps;
    Instant stamped_at;
    Instant unechoed_since = Instant::never();
    std::deque<Cell> on_way, own_queue, arriving;
    std::uint64_t own_credit = 0;
    // the friend
    Instant paused_until;
    std::uint64_t got = 0, got_cells = 0;
    Instant newest;
    std::int64_t echo = -1;
    Duration echo_delay;
    std::uint64_t echo_cells = 0;
    std::uint64_t reported = 0;
    Instant reported_at;
    std::deque<Report> back;
    // what this node made of the reports
    Report last;
    std::uint64_t last_sent_cells = 0;
    Duration base = Duration::seconds(1'000);
  };

  void step();
  void send();
  [[nodiscard]] bool send_one(Link& link, std::uint32_t at);
  void put(std::uint32_t at, std::uint32_t wire, std::int64_t stamp);
  void send_stamps();
  void serve();
  void pass(Link& link);
  void arrive(Link& link, const Cell& cell);
  void answer(Link& link);
  void hear(std::uint32_t at);
  void measure(Link& link, std::uint32_t at, const Report& report);
  void lie(Lie what, shape::LinkReport& report) const;
  [[nodiscard]] std::uint64_t rate() const;
  [[nodiscard]] static std::uint8_t lost(Link& link, const Report& report);
  [[nodiscard]] bool chance(std::uint32_t of_1000);

  UplinkPlan plan_;
  std::mt19937_64 random_;
  shape::Capacity capacity_;
  Instant now_;
  std::vector<Link> links_;
  std::uint32_t turn_ = 0;
  std::uint64_t root_credit_ = 0;
  std::uint64_t sent_ = 0;
  bool backlogged_ = false;
  std::deque<Cell> uplink_;
  std::uint64_t queued_ = 0;
  std::uint64_t line_credit_ = 0;
  std::uint64_t served_ = 0;
  std::uint64_t tokens_ = 0;
};

}  // namespace covfefe::test
