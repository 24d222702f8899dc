// SPDX-License-Identifier: Apache-2.0
#include "core/stream/leg_meter.h"

#include <algorithm>

#include "base/check.h"

namespace covfefe::core {

namespace {

constexpr Duration kFinest = Duration::micros(200);  // between two marks
constexpr Duration kLeastDeviations = Duration::millis(2);
constexpr Duration kGauge = Duration::millis(10);  // at least so long for one look at the rate
constexpr Duration kTurn = Duration::seconds(1);
constexpr std::uint64_t kGaugeCells = 32;         // at least so many for one look at the loss
constexpr std::int64_t kFirstWindow = 32 * 1400;  // bytes a round trip before it is measured
constexpr double kForgetting = 0.9;               // of the loss, each second without traffic
constexpr std::uint64_t kLossCells = 200;         // at least so many for a look at the loss

Duration shorter(Duration a, Duration b) {
  if (a.nanoseconds == 0 || b.nanoseconds == 0) return std::max(a, b);
  return std::min(a, b);
}

double lost(std::uint64_t sent, std::uint64_t came) {
  return 1.0 - static_cast<double>(came) / static_cast<double>(sent);
}

// bytes * 1 s / over, without overflow: bytes stay below 2^20 cells.
std::int64_t per_second(std::uint64_t bytes, Duration over) {
  const std::int64_t micros = std::max<std::int64_t>(over.nanoseconds / 1'000, 1);
  return static_cast<std::int64_t>(bytes) * 1'000'000 / micros;
}

}  // namespace

void LegMeter::sent(const Cell& cell, Instant now) {
  const bool wants = cell.wants == Wants::Acknowledgement;
  if (sent_ == 0) first_ = cell.counter;
  CHECK(cell.counter == first_ + sent_);
  const Duration spacing = std::max(kFinest, smoothed_ / 32);
  const bool first_wanting = wants && marked_ != 0 && !mark(0).wants;
  if (marked_ == 0 || first_wanting || now - mark(0).at >= spacing) {
    marks_[marked_ % kMarks] = {sent_, bytes_, now, wants};
    ++marked_;
  }
  if (wants) {
    last_wanting_ = sent_;
    last_wanted_ = now;
    if (waiting_since_.is_never()) waiting_since_ = now;
  }
  ++sent_;
  if (wants) bytes_ += cell.bytes;
}

void LegMeter::seed(Duration rtt) {
  if (samples_ > 0 || rtt.nanoseconds <= 0) return;
  smoothed_ = rtt;
  deviation_ = rtt / 2;
  shortest_[0] = rtt;
}

bool LegMeter::owns(std::uint64_t counter) const {
  const std::uint64_t cell = counter - first_;
  return cell < sent_ && sent_ - cell <= kUnderWay;
}

// Between two marks cells are taken as evenly spread; before the oldest one, as its neighbour.
LegMeter::Point LegMeter::point(std::uint64_t cell) const {
  Mark above{sent_, bytes_, mark(0).at, false};
  for (std::size_t age = 0; age < marks(); ++age) {
    const Mark& below = mark(age);
    if (below.cell > cell) {
      above = below;
      continue;
    }
    const std::uint64_t cells = above.cell - below.cell;
    const std::uint64_t into = cell - below.cell;
    const std::uint64_t bytes = below.bytes + (above.bytes - below.bytes) * into / cells;
    const auto in_time = static_cast<std::int64_t>(into);
    const Duration apart = std::min(above.at - below.at, std::max(kFinest, smoothed_ / 32));
    return {below.at + apart * in_time / static_cast<std::int64_t>(cells), bytes};
  }
  return {above.at, above.bytes};
}

void LegMeter::acknowledged(const wire::InnerAck& ack, Came came, Instant now) {
  const std::uint64_t cell = ack.newest - first_;
  if (!owns(ack.newest) || cell + 1 <= acked_) return;
  const Point when = point(cell);
  acked_ = cell + 1;
  acked_bytes_ = when.bytes;
  suspect_since_ = Instant::never();
  turn(now);
  const Duration delay = Duration::micros(std::int64_t{ack.delay} * 100);
  const Duration trip = now - when.at;
  // An old cell's time is only known to be no later than the oldest mark.
  if (came == Came::SameLeg) sample(std::max(trip - delay, Duration{1}));
  gauge(cell, ack, now);
  wait_after(cell);
}

void LegMeter::wait_after(std::uint64_t cell) {
  waiting_since_ = Instant::never();
  if (sent_ == 0 || last_wanting_ <= cell || last_wanted_.is_never()) return;
  waiting_since_ = last_wanted_;
  for (std::size_t age = 0; age < marks() && mark(age).cell > cell; ++age) {
    if (mark(age).wants) waiting_since_ = mark(age).at;
  }
}

void LegMeter::sample(Duration rtt) {
  ++samples_;
  shortest_[0] = shorter(shortest_[0], rtt);
  if (samples_ == 1) {
    smoothed_ = rtt;
    deviation_ = rtt / 2;
    return;
  }
  const Duration off = rtt > smoothed_ ? rtt - smoothed_ : smoothed_ - rtt;
  deviation_ = (deviation_ * 3 + off) / 4;
  smoothed_ = (smoothed_ * 7 + rtt) / 8;
}

void LegMeter::gauge(std::uint64_t cell, const wire::InnerAck& ack, Instant now) {
  const Point here = point(cell);
  const Gauge next{now, here.at, cell, here.bytes, ack.received};
  if (gauge_.at.is_never()) {
    gauge_ = next;
    return;
  }
  const std::uint64_t cells = cell - gauge_.cell;
  const Duration apart = std::max(now - gauge_.at, here.at - gauge_.sent_at);
  if (cells < kGaugeCells || apart < std::max(kGauge, smoothed_ / 2)) {
    // What trickles says nothing about what would pass.
    if (apart > kTurn) gauge_ = next;
    return;
  }
  const std::uint64_t came = std::min<std::uint64_t>(ack.received - gauge_.received, cells);
  // Both are estimates: the later one may be the smaller by what came to be known in between.
  const std::uint64_t sent = std::max(here.bytes, gauge_.bytes) - gauge_.bytes;
  const std::uint64_t bytes = sent * came / cells;
  rates_[0] = std::max(rates_[0], per_second(bytes, apart));
  loss_ = loss_ * 0.75 + lost(cells, came) * 0.25;
  looked_at_ += cells;
  found_ += came;
  gauge_ = next;
}

void LegMeter::turn(Instant now) {
  if (now - turned_ < kTurn) return;
  const bool recent = now - turned_ < kTurn * 2;
  rates_ = {0, recent ? rates_[0] : 0};
  if (looked_at_ >= kLossCells) {
    losses_ = {lost(looked_at_, found_), losses_[0], losses_[1]};
    looked_at_ = found_ = 0;
  } else {
    // A leg that loses too much for bulk is tried again after some seconds.
    for (double& loss : losses_) loss *= kForgetting;
  }
  // A round trip is worth remembering until there is a newer one.
  if (shortest_[0].nanoseconds != 0) shortest_ = {Duration{}, shortest_[0]};
  turned_ = now;
}

Duration LegMeter::patience() const {
  if (smoothed_.nanoseconds == 0) return kUnmeasured;
  return std::max({kPatience, smoothed_ * 3, smoothed_ + deviation_ * 4 + kAckDelay});
}

Duration LegMeter::hedge_after() const {
  if (smoothed_.nanoseconds == 0) return kUnmeasured;
  return smoothed_ + kAckDelay + std::max(deviation_ * 4, kLeastDeviations);
}

Instant LegMeter::suspect_at() const {
  if (suspect() || waiting_since_.is_never()) return Instant::never();
  return waiting_since_ + patience();
}

bool LegMeter::tick(Instant now) {
  if (now < suspect_at()) return false;
  distrust(now);
  return true;
}

void LegMeter::distrust(Instant now) {
  if (!suspect()) suspect_since_ = now;
}

Instant LegMeter::probe_at(Duration idle) const {
  if (suspect()) return std::max(suspect_since_, last_wanted_ + kProbeSuspect);
  return last_wanted_ + idle;
}

double LegMeter::steady_loss() const {
  return *std::min_element(losses_.begin(), losses_.end());
}

std::int64_t LegMeter::rate() const {
  return std::max(rates_[0], rates_[1]);
}

Duration LegMeter::shortest() const {
  return shorter(shortest_[0], shortest_[1]);
}

Duration LegMeter::arrival(std::size_t bytes) const {
  const Duration least = shortest();
  if (least.nanoseconds == 0) return kUnmeasured / 2;
  const std::int64_t start = per_second(kFirstWindow, std::max(least, Duration::millis(1)));
  const std::int64_t speed = rate() == 0 ? start : rate();
  const std::uint64_t ahead = std::min(bytes_ - acked_bytes_, kUnderWay * 1400) + bytes;
  const std::int64_t micros = static_cast<std::int64_t>(ahead) * 1'000'000 / speed;
  // What is not acknowledged for longer than that takes waits in a queue.
  return least / 2 + std::max(Duration::micros(micros) - least - kAckDelay, Duration{});
}

}  // namespace covfefe::core
