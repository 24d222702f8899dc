// SPDX-License-Identifier: Apache-2.0
// Two ends of a session in virtual time, on legs with their own delay, loss, rate and end. Cells
// carry numbers instead of sealed bodies; everything else is the product's.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <vector>

#include "core/stream/bundle.h"

namespace covfefe::core::test {

struct LineTerms {
  Duration delay;         // one way
  Duration jitter;        // more, at random; cells do not overtake each other
  double loss = 0;        // of each cell
  std::int64_t rate = 0;  // bytes a second, 0: no limit
  Duration queue;         // what a limited line holds; more is dropped
  Instant end = Instant::never();
};

struct Parcel {
  std::uint64_t flow = 0;
  std::uint64_t number = 0;
};

struct TestCell {
  CircuitId leg;
  std::uint64_t counter = 0;
  std::size_t bytes = 0;
  Wants wants = Wants::Nothing;
  std::vector<wire::InnerAck> acks;
  bool asks = false;
  std::uint64_t body = 0;   // the same in both copies; 0: nothing in it
  std::uint64_t place = 0;  // in the order; 0: loose
  Parcel parcel;
};

class World;

class End final : public OrderedCells {
 public:
  End(World& world, std::size_t side) : world_(world), side_(side) {}

  bool send(TrafficClass traffic, std::size_t bytes, const Parcel& parcel);
  void receive(const TestCell& cell);
  void tend();
  void set_legs(std::span<const Bundle::Leg> legs) { bundle.set_legs(legs); }
  void on_ordered(ByteView plain) override;

  ReorderPool pool;
  Bundle bundle{pool};
  std::function<void(const Parcel&)> arrived = [](const Parcel&) {};
  std::size_t cells = 0;  // sent
  std::size_t most_held = 0;
  std::size_t copies = 0;  // that came second

 private:
  void put(TestCell cell, CircuitId leg);
  void hand_over(std::uint64_t body);

  World& world_;
  std::size_t side_;
  std::uint64_t next_body_ = 0;
  std::uint64_t next_place_ = 0;
  std::map<std::uint64_t, TestCell> bodies_;
  std::set<std::uint64_t> seen_;
  std::map<CircuitId, std::uint64_t> counters_;
};

class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed) {}

  CircuitId add_leg(const LineTerms& terms);
  void run(Duration time);
  void every(Duration period, std::function<void()> what);
  void transmit(std::size_t from, const TestCell& cell);

  [[nodiscard]] Instant now() const { return now_; }
  End& end(std::size_t side) { return ends_[side]; }
  LineTerms& line(CircuitId leg) { return lines_[leg].terms; }

 private:
  struct Line {
    LineTerms terms;
    std::array<Instant, 2> free{};  // when the last cell is through, each way
    std::array<Instant, 2> last{};  // when it arrives
  };
  struct Job {
    Duration period;
    std::function<void()> what;
  };
  using Event = std::function<void()>;
  void repeat(std::size_t job);

  Instant now_{1'000'000'000'000};
  std::mt19937_64 random_;
  std::map<CircuitId, Line> lines_;
  std::vector<Bundle::Leg> legs_;
  std::multimap<Instant, Event> events_;
  std::vector<Job> jobs_;
  std::array<End, 2> ends_{End(*this, 0), End(*this, 1)};
};

// A greedy sender and its receiver, from side 0 to side 1: a TCP with selective acknowledgements
// and loss detection by time (RFC 8985), which is what Linux runs.
class Download {
 public:
  Download(World& world, std::uint64_t flow);
  void start() {
    for (int i = 0; i < 5; ++i) pump();
  }
  [[nodiscard]] std::uint64_t delivered() const { return in_order_; }
  [[nodiscard]] Duration longest_gap() const { return gap_; }

 private:
  struct Segment {
    Instant sent{};
    bool lost = false;
    bool again = false;  // which of the two was acknowledged cannot be told
  };
  void pump();
  void send(std::uint64_t number);
  void got(std::uint64_t number);
  void acknowledged(std::uint64_t number);
  void grow();
  void detect();
  void watch();

  World& world_;
  std::uint64_t flow_;
  double window_ = 10;
  double threshold_ = 1e9;
  double before_cut_ = 0;
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, Segment> under_way_;
  std::size_t lost_ = 0;
  Instant cut_{};     // when the window was last made smaller
  Instant newest_{};  // sending of what was acknowledged
  Duration shortest_ = Duration::hours(1);
  Duration trip_;
  Instant last_ack_{};
  std::set<std::uint64_t> received_;
  std::uint64_t in_order_ = 0;
  Instant progress_ = Instant::never();
  Duration gap_;
};

}  // namespace covfefe::core::test
