// SPDX-License-Identifier: Apache-2.0
// What was sent on one leg and how it fares, from the other end's acknowledgements (Step S5,
// covfefe-protocol(7)): round trip, loss, rate, and whether the leg is still to be trusted. The
// times of sending are kept as at most 128 marks, so the size is constant whatever the rate. An
// acknowledgement may lie; it then harms the liar's own session and nothing else. Thread: data.
#pragma once

#include <array>

#include "core/link/rtt.h"
#include "core/stream/ack_book.h"

namespace covfefe::core {

class LegMeter {
 public:
  static constexpr Duration kPatience = Duration::millis(60);
  static constexpr Duration kUnmeasured = Duration::millis(250);  // patience before a first sample
  static constexpr Duration kProbeSuspect = Duration::millis(100);
  static constexpr std::uint64_t kUnderWay = std::uint64_t{1} << 20;  // cells an ACK may lag behind

  struct Cell {
    std::uint64_t counter = 0;  // hop counter at the circuit's destination, one more each time
    std::size_t bytes = 0;
    Wants wants = Wants::Nothing;
  };
  void sent(const Cell& cell, Instant now);
  void seed(Duration rtt);
  // A round trip that the circuit's build took, until there is a better one.

  enum class Came : std::uint8_t { SameLeg, OtherLeg };
  [[nodiscard]] bool owns(std::uint64_t counter) const;
  // The counter is one of the last that were sent here.
  void acknowledged(const wire::InnerAck& ack, Came came, Instant now);
  // Only when owns(ack.newest).

  [[nodiscard]] bool tick(Instant now);
  // True when the leg becomes suspect by this.
  void distrust(Instant now);
  // Suspect for another reason.
  [[nodiscard]] bool suspect() const { return !suspect_since_.is_never(); }
  [[nodiscard]] Instant suspect_at() const;
  // When tick() will say so if nothing comes.
  [[nodiscard]] Instant probe_at(Duration idle) const;
  // When the next cell that wants acknowledgement is due, if one is sent every `idle` at least;
  // only when probed().

  [[nodiscard]] bool measured() const { return samples_ > 0; }
  [[nodiscard]] Duration rtt() const { return smoothed_; }  // 0: nothing known
  [[nodiscard]] Duration deviation() const { return deviation_; }
  [[nodiscard]] Duration shortest() const;
  // Round trip of the last second or two, or the last one known; 0: none.
  [[nodiscard]] Duration hedge_after() const;
  // When a cell sent now is overdue (Step S7).
  [[nodiscard]] std::int64_t rate() const;
  // Bytes a second that arrive, the largest lately.
  [[nodiscard]] double loss() const { return loss_; }  // 0..1, smoothed
  [[nodiscard]] double steady_loss() const;
  // The least of the last three looks at 200 cells or more: not what a full queue drops at times.
  [[nodiscard]] Duration arrival(std::size_t bytes) const;
  // How long a bulk cell of this size would be on its way (Step S6).
  [[nodiscard]] bool probed() const { return !last_wanted_.is_never(); }
  // Something that wants acknowledgement has gone out.
  [[nodiscard]] std::uint64_t last_counter() const { return first_ + sent_ - 1; }
  // Of the cell sent last.

 private:
  struct Mark {
    std::uint64_t cell = 0;   // the how manieth, from 0
    std::uint64_t bytes = 0;  // sent before it, of cells that want acknowledgement
    Instant at{};
    bool wants = false;
  };
  struct Point {
    Instant at{};
    std::uint64_t bytes = 0;
  };
  static constexpr std::size_t kMarks = 128;

  [[nodiscard]] const Mark& mark(std::size_t age) const {
    return marks_[(marked_ - 1 - age) % kMarks];
  }
  [[nodiscard]] std::size_t marks() const { return marked_ < kMarks ? marked_ : kMarks; }
  [[nodiscard]] Point point(std::uint64_t cell) const;
  [[nodiscard]] Duration patience() const;
  void wait_after(std::uint64_t cell);
  void sample(Duration rtt);
  void gauge(std::uint64_t cell, const wire::InnerAck& ack, Instant now);
  void turn(Instant now);

  std::array<Mark, kMarks> marks_{};
  std::size_t marked_ = 0;
  std::uint64_t first_ = 0;  // counter of cell 0
  std::uint64_t sent_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t acked_ = 0;        // cells up to the newest acknowledged one
  std::uint64_t acked_bytes_ = 0;  // sent before it
  std::uint64_t last_wanting_ = 0;
  Instant last_wanted_ = Instant::never();
  Instant waiting_since_ = Instant::never();
  Instant suspect_since_ = Instant::never();

  Duration smoothed_{};
  Duration deviation_{};
  std::uint64_t samples_ = 0;

  struct Gauge {
    Instant at = Instant::never();
    Instant sent_at{};
    std::uint64_t cell = 0;
    std::uint64_t bytes = 0;
    std::uint32_t received = 0;
  };
  Gauge gauge_;
  double loss_ = 0;
  std::array<double, 3> losses_{};
  std::uint64_t looked_at_ = 0;  // cells since the last of these
  std::uint64_t found_ = 0;      // that came of them
  Instant turned_{};
  std::array<std::int64_t, 2> rates_{};  // largest of this second and of the one before
  std::array<Duration, 2> shortest_{};   // shortest round trips likewise, 0 = none
};

}  // namespace covfefe::core
