// SPDX-License-Identifier: Apache-2.0
#include "core/link/path_meter.h"

#include <algorithm>

#include "wire/limits.h"

namespace covfefe::core {
namespace {

// Without an echo the delay of the last one stands for so long.
constexpr std::int64_t kSampleAnyway = 250'000;  // us
constexpr std::uint32_t kHeldMost = 60'000'000;  // us: older echoes say nothing about now
constexpr std::uint32_t kRttHeldMost = 1'000'000;
constexpr std::uint32_t kLateCells = 16'384;

std::int32_t apart(std::uint32_t later, std::uint32_t earlier) {
  return static_cast<std::int32_t>(later - earlier);
}

}  // namespace

void PathMeter::restart() {
  *this = PathMeter(origin_);
}

// ---- our stamps ---------------------------------------------------------------------------------

void PathMeter::posted(const Posted& report) {
  if (waiting_ == kStamps) {
    oldest_ = (oldest_ + 1) % kStamps;
    --waiting_;
  }
  stamps_[(oldest_ + waiting_++) % kStamps] = {
      stamp(report.now), 0, report.ordinal, report.now, Instant::never(), report.prompt};
}

void PathMeter::left(std::uint64_t ordinal, Instant at, std::uint32_t cells) {
  for (std::size_t i = waiting_; i > 0; --i) {
    Stamp& one = stamps_[(oldest_ + i - 1) % kStamps];
    if (one.ordinal != ordinal || !one.at.is_never()) continue;
    one.at = std::max(at, one.posted);
    one.cells = cells;
    return;
  }
}

Duration PathMeter::unechoed(Instant now) const {
  return waiting_ == 0 ? Duration{} : now - stamps_[oldest_].posted;
}

PathMeter::Stamp* PathMeter::find(std::uint32_t stamp) {
  for (std::size_t i = 0; i < waiting_; ++i) {
    Stamp& one = stamps_[(oldest_ + i) % kStamps];
    if (one.stamp == stamp) return &one;
  }
  return nullptr;
}

// ---- the friend's reports -----------------------------------------------------------------------

bool PathMeter::take_echo(const wire::ReportFrame& report, Instant now, Reading& out) {
  if (report.held > kHeldMost) return false;
  const Stamp* found = find(report.echo);
  if (found == nullptr) return false;
  const Stamp echoed = *found;
  const bool known = !echoed.at.is_never();
  // One that waited for a slot, nobody knows how long, until the shaper tells.
  if (!known && !echoed.prompt) return false;
  while (stamps_[oldest_].stamp != report.echo) {
    oldest_ = (oldest_ + 1) % kStamps;
    --waiting_;
  }
  oldest_ = (oldest_ + 1) % kStamps;
  --waiting_;
  const Instant left = known ? std::min(echoed.at, now) : echoed.posted;
  take_delay(report.stamp - report.held, left, now);
  if (known) take_loss(echoed.cells, report.cells_at_echo);
  const Duration turn = now - left - Duration::micros(report.held);
  const bool prompt = report.pace == wire::AnswerPace::AtOnce && report.held <= kRttHeldMost;
  if (prompt && turn > Duration{}) out.rtt = turn;
  return true;
}

void PathMeter::take_delay(std::uint32_t arrival, Instant left, Instant now) {
  const std::uint32_t raw = arrival - stamp(left);
  const std::int32_t step = aimed_ ? apart(raw, raw_) : 0;
  raw_ = raw;
  const bool jumped =
      Duration::micros(step) > kQueueMost || Duration::micros(step) < kQueueMost * -1;
  if (!aimed_ || jumped) {
    base_.restart();
    delay_ = 0;
    aimed_ = true;
  } else {
    delay_ += step;
  }
  base_.add(now, delay_);
  queue_ = std::clamp(Duration::micros(delay_ - base_.least(now)), Duration{}, kQueueMost);
}

void PathMeter::take_loss(std::uint32_t left, std::uint32_t arrived) {
  if (!counted_) {
    counted_ = true;
    counted_left_ = left;
    missing_origin_ = left - arrived;
    return;
  }
  // Cells on other sockets may be overtaken: what is missing twice in a row is lost.
  const std::int32_t missing = apart(left - arrived, missing_origin_);
  const std::uint32_t sent = left - counted_left_;
  const std::int32_t surely = std::min(missing, missing_before_);
  const std::int64_t more = std::int64_t{surely} - blamed_;
  const std::int64_t most = std::int64_t{sent} + sent_before_;
  const auto lost = static_cast<std::uint32_t>(std::clamp<std::int64_t>(more, 0, most));
  blamed_ = std::min(std::max(blamed_, surely), std::max(missing, missing_before_));
  missing_before_ = missing;
  counted_left_ = left;
  sent_before_ = sent;
  sample_lost_ += lost;
  sample_of_ += sent;
  late_lost_ += lost;
  late_of_ += sent;
  while (late_of_ > kLateCells) {
    late_lost_ /= 2;
    late_of_ /= 2;
  }
}

bool PathMeter::plausible(const wire::ReportFrame& report, const Link& link) const {
  const std::uint64_t cells = report.cells - mark_.cells;
  const std::uint64_t bytes = report.bytes - mark_.bytes;
  if (report.cells - first_cells_ > link.sealed) return false;
  return bytes >= cells * wire::kSmallDatagram && bytes <= cells * wire::kLargeDatagram;
}

std::uint8_t PathMeter::lost_share() {
  const std::uint64_t of = std::max<std::uint32_t>(sample_of_, 1);
  const std::uint64_t lost = std::min<std::uint64_t>(sample_lost_, of);
  sample_lost_ = sample_of_ = 0;
  return static_cast<std::uint8_t>((lost * 255 + of / 2) / of);
}

PathMeter::Reading PathMeter::read(const wire::ReportFrame& report, Instant now, const Link& link) {
  Reading out;
  if (begun_ && apart(report.stamp, newest_) <= 0) return out;
  newest_ = report.stamp;
  const Mark here{report.stamp - report.heard, report.cells, report.bytes};
  if (begun_ && !plausible(report, link)) restart();
  if (!begun_) {
    begun_ = true;
    newest_ = report.stamp;
    first_cells_ = report.cells;
    mark_ = here;
    take_echo(report, now, out);
    out.began = true;
    return out;
  }
  const bool echoed = take_echo(report, now, out);
  const std::int64_t span = apart(here.arrival, mark_.arrival);
  if (span <= 0 || here.cells == mark_.cells) return out;
  if (!echoed && span < kSampleAnyway) return out;
  const std::uint64_t cells = here.cells - mark_.cells;
  std::uint64_t bytes = here.bytes - mark_.bytes + cells * link.header;
  const std::int64_t most = kIntervalMost.nanoseconds / 1'000;
  if (span > most)
    bytes = bytes * static_cast<std::uint64_t>(most) / static_cast<std::uint64_t>(span);
  mark_ = here;
  PathSample sample;
  sample.delivered = static_cast<std::uint32_t>(std::min<std::uint64_t>(bytes, UINT32_MAX));
  sample.interval = Duration::micros(std::min(span, most));
  sample.queue = queue_;
  sample.rtt = out.rtt.value_or(link.rtt);
  sample.lost = lost_share();
  out.sample = sample;
  return out;
}

std::uint16_t PathMeter::loss() const {
  const std::uint64_t of = std::max<std::uint32_t>(late_of_, 1);
  return static_cast<std::uint16_t>(std::min<std::uint64_t>(late_lost_, of) * 10'000 / of);
}

}  // namespace covfefe::core
