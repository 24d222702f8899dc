// SPDX-License-Identifier: Apache-2.0
// What a friend's REPORT frames say of the way to it (Steps R8 to R13, covfefe-protocol(7)): what
// it delivers, the queue that stands in it, what it loses. One direction of one link, 1 KiB. The
// friend may say what it likes: samples stay within their ranges, and concern its own way only. No
// clock, no allocation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/link/base_delay.h"
#include "core/promise_io.h"
#include "wire/link_frames.h"

namespace covfefe::core {

class PathMeter {
 public:
  static constexpr Duration kQueueMost = Duration::seconds(2);
  static constexpr Duration kIntervalMost = Duration::seconds(1);
  // Of a sample: of a longer time it tells the second's share.

  explicit PathMeter(std::uint32_t origin) : origin_(origin) {}
  // origin: random, of the stamps, so that they do not tell when this machine started.

  [[nodiscard]] std::uint32_t stamp(Instant at) const {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(at.nanoseconds) / 1'000) + origin_;
  }

  struct Posted {
    Instant now;
    std::uint64_t ordinal = 0;  // in the control flow's ledger
    bool prompt = false;        // it does not wait for a slot
  };
  void posted(const Posted& report);
  // A report with stamp(report.now) was given to the shaper.
  void left(std::uint64_t ordinal, Instant at, std::uint32_t cells);
  // A cell of the control flow left at `at` as number `cells` of the link's, itself included.

  struct Link {
    Duration rtt;               // smoothed
    std::uint32_t header = 48;  // bytes of IP and UDP around a cell
    std::uint64_t sealed = 0;   // cells that were given to the shaper ever
  };
  struct Reading {
    std::optional<Duration> rtt;
    std::optional<PathSample> sample;
    bool began = false;  // by this report: nothing is measured by it yet
  };
  [[nodiscard]] Reading read(const wire::ReportFrame& report, Instant now, const Link& link);

  void restart();
  // The friend's router or its record of this node is another.

  [[nodiscard]] Duration unechoed(Instant now) const;
  // For how long the oldest stamp that may still be echoed has been waiting; 0: none waits.
  [[nodiscard]] Duration queue() const { return queue_; }  // as measured last
  [[nodiscard]] std::uint16_t loss() const;                // of 10,000 cells, of late

 private:
  struct Stamp {
    std::uint32_t stamp = 0;
    std::uint32_t cells = 0;  // that had left when it did; valid with `at`
    std::uint64_t ordinal = 0;
    Instant posted;
    Instant at = Instant::never();  // when it left
    bool prompt = false;
  };
  struct Mark {  // of the friend's counts, at the last sample
    std::uint32_t arrival = 0;
    std::uint32_t cells = 0;
    std::uint64_t bytes = 0;
  };
  static constexpr std::size_t kStamps = 32;

  [[nodiscard]] Stamp* find(std::uint32_t stamp);
  bool take_echo(const wire::ReportFrame& report, Instant now, Reading& out);
  void take_delay(std::uint32_t arrival, Instant left, Instant now);
  void take_loss(std::uint32_t left, std::uint32_t arrived);
  [[nodiscard]] bool plausible(const wire::ReportFrame& report, const Link& link) const;
  [[nodiscard]] std::uint8_t lost_share();

  std::uint32_t origin_;
  std::array<Stamp, kStamps> stamps_{};  // a ring of those that were not echoed yet
  std::size_t oldest_ = 0;
  std::size_t waiting_ = 0;

  bool begun_ = false;        // a report was read
  std::uint32_t newest_ = 0;  // the friend's stamp of it
  Mark mark_;
  std::uint32_t first_cells_ = 0;

  bool aimed_ = false;  // a delay was measured
  std::uint32_t raw_ = 0;
  std::int64_t delay_ = 0;  // us, in the origin of the first one
  BaseDelay base_;
  Duration queue_;

  bool counted_ = false;  // loss has a beginning
  std::uint32_t counted_left_ = 0;
  std::uint32_t sent_before_ = 0;
  std::uint32_t missing_origin_ = 0;
  std::int32_t missing_before_ = 0;  // at the echo before
  std::int32_t blamed_ = 0;          // of what is missing, what was told as lost
  std::uint32_t sample_lost_ = 0;    // since the last sample
  std::uint32_t sample_of_ = 0;
  std::uint32_t late_lost_ = 0;  // decaying
  std::uint32_t late_of_ = 0;
};

}  // namespace covfefe::core
