// SPDX-License-Identifier: Apache-2.0
#include "shape/capacity_links.h"

#include <algorithm>
#include <array>
#include <utility>

namespace covfefe::shape {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr Duration kForget = Duration::seconds(2);
constexpr Duration kShortest = Duration::micros(100);  // a report's interval
constexpr Duration kRttWindow = Duration::seconds(10);
constexpr Duration kEnough = Duration::millis(20);
constexpr std::uint64_t kEnoughBytes = 6'000;
constexpr Duration kPaceWindow = Duration::millis(250);
constexpr Duration kPaceShortest = Duration::millis(50);

std::uint64_t rate_of(std::uint64_t bytes, Duration over) {
  const auto time = static_cast<std::uint64_t>(std::max(over, kShortest).nanoseconds);
  return bytes * kSecond / time;
}

std::uint64_t bytes_of(std::uint64_t rate, Duration in) {
  return rate * static_cast<std::uint64_t>(in.nanoseconds / 1'000) / 1'000'000;
}

std::uint64_t lost_beside(std::uint64_t delivered, std::uint8_t of_255) {
  return of_255 == 255 ? 0 : delivered * of_255 / (255u - of_255);
}

// What was sent bounds what a friend may say that it got: bytes in all, and twice the mean rate, as
// what arrives may be bunched. Else one that lies outvotes all others.
std::uint64_t most_rate(LinkRecord& link, std::uint64_t sent, Instant now) {
  if (sent == 0) return ~std::uint64_t{0};
  if (link.paced_bytes == 0) {
    link.paced = now;
    link.paced_bytes = sent;
  }
  const Duration span = now - link.paced;
  const std::uint64_t pace = rate_of(sent - link.paced_bytes, std::max(span, kPaceShortest));
  const std::uint64_t most = std::max({pace, link.pace, link.pace_before});
  link.pace_known = link.pace_known || span >= kPaceShortest;
  if (span >= kPaceWindow) {
    link.pace_before = std::exchange(link.pace, pace);
    link.paced = now;
    link.paced_bytes = sent;
  }
  return link.pace_known ? most + most : ~std::uint64_t{0};
}

std::uint32_t claim(LinkRecord& link, const LinkReport& report) {
  if (report.sent == 0) return report.delivered;
  const std::uint64_t left = report.sent - std::min(link.claimed, report.sent);
  const std::uint64_t claimed = std::min<std::uint64_t>(report.delivered, left);
  link.claimed += claimed;
  return static_cast<std::uint32_t>(claimed);
}

void note_rtt(LinkRecord& link, Duration rtt, Instant now) {
  if (rtt <= Duration{}) return;
  if (link.rtt_now == Duration{} || rtt < link.rtt_now) link.rtt_now = rtt;
  if (link.rtt == Duration{} || rtt < link.rtt) link.rtt = rtt;
  if (now - link.rtt_since < kRttWindow) return;
  link.rtt = link.rtt_now;
  link.rtt_now = rtt;
  link.rtt_since = now;
}

}  // namespace

CapacityLinks::CapacityLinks(std::uint32_t links) : links_(links) {
  listed_.reserve(links);
}

bool CapacityLinks::fresh(const LinkRecord& link, Instant now) {
  return now - link.heard <= Duration::millis(100) + link.interval + link.interval;
}

void CapacityLinks::report(std::uint32_t at, const LinkReport& report, Instant now) {
  LinkRecord& link = links_[at];
  if (!link.listed) {
    link.listed = true;
    listed_.push_back(at);
  }
  const Duration interval = std::max(report.interval, kShortest);
  const std::uint32_t delivered = claim(link, report);
  const std::uint64_t most = most_rate(link, report.sent, now);
  const bool follows = fresh(link, now);
  link.queue = follows ? std::min(link.newest_queue, report.queue) : Duration{};
  link.newest_queue = report.queue;
  link.peak = std::max(link.peak, report.queue);
  link.newest_rate = std::min(rate_of(delivered, interval), most);
  link.rate = follows ? rate_of(std::uint64_t{delivered} + link.earlier_bytes,
                                interval + link.earlier_interval)
                      : link.newest_rate;
  link.rate = std::min(link.rate, most);
  if (!follows) link.usual_rate = link.newest_rate;
  link.usual_rate = (link.usual_rate * 7 + link.newest_rate) / 8;
  link.earlier_bytes = delivered;
  link.earlier_interval = interval;
  link.interval = interval;
  link.lost = report.lost;
  note_rtt(link, report.rtt, now);
  if (now - interval >= measure_from_ && report.queue >= busy_) {
    if (link.measured_from != measure_from_) {
      link.measured_from = measure_from_;
      link.measured_bytes = 0;
      link.measured_time = {};
    }
    link.measured_bytes += delivered;
    link.measured_time = link.measured_time + interval;
  }
  link.heard = heard_ = now;
  carried_ += delivered;
  arrived_ += delivered;
  std::uint64_t lost = lost_beside(delivered, report.lost);
  if (report.sent != 0) lost = std::min(lost, report.sent - std::min(link.claimed, report.sent));
  lost_ += lost;
  arrived_ += lost;
  if (report.lost > loss_limit_) lossy_ += delivered;
}

bool CapacityLinks::is_short(const LinkRecord& link, Instant now) {
  const Duration due = link.interval * 5 / 4 + Duration::millis(5);
  return now - link.heard > due || link.newest_rate / 3 < link.usual_rate / 4;
}

void CapacityLinks::forget(std::uint32_t at) {
  LinkRecord& link = links_[at];
  const bool listed = link.listed;
  link = {};
  link.listed = listed;
}

void CapacityLinks::drop_stale(Instant now) {
  for (std::size_t i = 0; i < listed_.size();) {
    LinkRecord& link = links_[listed_[i]];
    if (now - link.heard <= kForget) {
      ++i;
      continue;
    }
    link.listed = false;
    listed_[i] = listed_.back();
    listed_.pop_back();
  }
}

LinksView CapacityLinks::view(Instant now) {
  drop_stale(now);
  LinksView out;
  std::uint64_t most = 0;
  std::uint64_t usual = 0;
  std::uint64_t less = 0;
  for (const std::uint32_t at : listed_) {
    const LinkRecord& link = links_[at];
    if (!fresh(link, now)) continue;
    ++out.links;
    usual += link.usual_rate;
    if (is_short(link, now)) less += link.usual_rate;
    out.rate += link.rate;
    out.newest += link.newest_rate;
    out.newest_lost += lost_beside(link.newest_rate, link.lost);
    out.arrived += bytes_of(link.newest_rate, std::min(now - link.heard, link.interval));
    if (link.rate < most) continue;
    most = link.rate;
    out.interval = link.interval;
    out.heard = link.heard;
    if (link.rtt > Duration{}) out.rtt = link.rtt;
  }
  out.short_most = less * 4 >= usual * 3;
  out.arrived += arrived_;
  out.queue = vote(&LinkRecord::queue, out.rate, now);
  out.newest_queue = vote(&LinkRecord::newest_queue, out.rate, now);
  out.peak = median(&LinkRecord::peak, out.rate, now);
  out.carried = std::exchange(carried_, 0);
  out.lost = std::exchange(lost_, 0);
  out.lossy = std::exchange(lossy_, 0);
  return out;
}

Duration CapacityLinks::vote(Field by, std::uint64_t bytes, Instant now) const {
  // Every path leads through the uplink: a queue there is seen by all. While few links carry most
  // bytes, one of them that sees none is a witness.
  std::uint32_t weighty = 0;
  bool found = false;
  Duration least;
  for (const std::uint32_t at : listed_) {
    const LinkRecord& link = links_[at];
    if (!fresh(link, now)) continue;
    if (link.rate * 16 >= bytes) ++weighty;
    if (link.rate * 8 < bytes) continue;
    least = found ? std::min(least, link.*by) : link.*by;
    found = true;
  }
  return found && weighty < 5 ? least : median(by, bytes, now);
}

Duration CapacityLinks::median(Field by, std::uint64_t bytes, Instant now) const {
  constexpr std::size_t kFine = 128;
  constexpr std::int64_t kFineStep = 250'000;      // below 32 ms
  constexpr std::int64_t kCoarseStep = 8'000'000;  // above
  constexpr std::int64_t kCoarseFrom = kFineStep * std::int64_t{kFine};
  std::array<std::uint64_t, 2 * kFine> weights{};
  for (const std::uint32_t at : listed_) {
    const LinkRecord& link = links_[at];
    if (!fresh(link, now)) continue;
    const std::int64_t queue = std::max<std::int64_t>((link.*by).nanoseconds, 0);
    const std::int64_t bin = queue < kCoarseFrom
                                 ? queue / kFineStep
                                 : std::int64_t{kFine} + (queue - kCoarseFrom) / kCoarseStep;
    weights[std::min<std::size_t>(static_cast<std::size_t>(bin), weights.size() - 1)] += link.rate;
  }
  std::uint64_t below = 0;
  for (std::size_t bin = 0; bin < weights.size(); ++bin) {
    below += weights[bin];
    if (below * 2 <= bytes) continue;  // half the bytes see it: the greater half decides
    const auto step = static_cast<std::int64_t>(bin);
    return {bin < kFine ? step * kFineStep
                        : kCoarseFrom + (step - static_cast<std::int64_t>(kFine)) * kCoarseStep};
  }
  return {};
}

void CapacityLinks::restart_peaks() {
  for (const std::uint32_t at : listed_) links_[at].peak = {};
}

void CapacityLinks::measure_from(Instant when) {
  measure_from_ = when;
}

std::uint64_t CapacityLinks::measured(Instant now) const {
  std::uint64_t rate = 0;
  std::uint64_t missing = 0;
  std::uint64_t bytes = 0;
  Duration time;
  for (const std::uint32_t at : listed_) {
    const LinkRecord& link = links_[at];
    if (!fresh(link, now)) continue;
    if (link.measured_from != measure_from_) {
      missing += link.rate;
      continue;
    }
    rate += rate_of(link.measured_bytes, link.measured_time);
    time = std::max(time, link.measured_time);
    bytes += link.measured_bytes;
  }
  const bool enough = time >= kEnough && bytes >= kEnoughBytes && missing * 8 <= rate;
  return enough ? rate : 0;
}

}  // namespace covfefe::shape
