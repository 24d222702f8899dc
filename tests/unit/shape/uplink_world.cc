// SPDX-License-Identifier: Apache-2.0
#include "uplink_world.h"

#include <algorithm>

namespace covfefe::test {
namespace {

constexpr Duration kStep = Duration::micros(200);
constexpr std::uint64_t kStepsPerSecond = 5'000;
constexpr std::uint32_t kCell = 1'448;      // wire bytes of an L cell
constexpr std::uint32_t kSmall = 232;       // of an S cell
constexpr std::uint64_t kMost = 4 * kCell;  // of credit that is kept

// Adds one step of `rate` to credit in units of 1/5000 byte; at most `most` bytes are kept.
void earn(std::uint64_t& credit, std::uint64_t rate, std::uint64_t most) {
  credit = std::min(credit + rate, std::max(most, rate / 1'000) * kStepsPerSecond);
}
bool pay(std::uint64_t& credit, std::uint64_t bytes) {
  if (credit < bytes * kStepsPerSecond) return false;
  credit -= bytes * kStepsPerSecond;
  return true;
}

}  // namespace

double Seen::used() const {
  return possible == 0 ? 0 : static_cast<double>(served) / static_cast<double>(possible);
}

Duration Seen::percentile(int of) const {
  std::vector<Duration> sorted = queue;
  std::sort(sorted.begin(), sorted.end());
  return sorted.empty() ? Duration{}
                        : sorted[(sorted.size() - 1) * static_cast<std::size_t>(of) / 100];
}

UplinkWorld::UplinkWorld(const UplinkPlan& plan)
    : plan_(plan),
      random_(plan.seed),
      capacity_(static_cast<std::uint32_t>(plan.friends.size()), plan.settings, Instant{}),
      now_(Instant{} + Duration::seconds(10)) {
  for (const FriendPath& path : plan.friends) {
    Link link;
    link.path = path;
    link.reported_at = link.stamped_at = link.newest = now_;
    link.last.newest = now_;
    links_.push_back(link);
  }
  for (RateChange& change : plan_.rates) change.at = change.at + Duration::seconds(10);
  tokens_ = plan.policer_depth * kStepsPerSecond;
}

std::uint64_t UplinkWorld::rate() const {
  std::uint64_t rate = 0;
  for (const RateChange& change : plan_.rates) {
    if (change.at <= now_) rate = change.rate;
  }
  return rate;
}

bool UplinkWorld::chance(std::uint32_t of_1000) {
  return of_1000 != 0 && random_() % 1'000 < of_1000;
}

void UplinkWorld::set_demand(std::uint32_t link, std::uint64_t demand, std::uint32_t weight) {
  links_[link].path.demand = demand;
  links_[link].path.weight = weight;
}

void UplinkWorld::pause_friend(std::uint32_t link, Duration time) {
  links_[link].paused_until = now_ + time;
}

Seen UplinkWorld::run(Duration time) {
  Seen seen;
  const std::uint64_t before = served_;
  for (const Instant end = now_ + time; now_ < end;) {
    step();
    const Duration queue = this->queue();
    seen.queue.push_back(queue);
    seen.possible += rate();
    if (queue > Duration::millis(30)) seen.long_queue = seen.long_queue + kStep;
  }
  seen.time = time;
  seen.possible /= kStepsPerSecond;
  seen.served = served_ - before;
  return seen;
}

Duration UplinkWorld::queue() const {
  const std::uint64_t micros = queued_ * 1'000'000 / std::max<std::uint64_t>(rate(), 1);
  return Duration::micros(static_cast<std::int64_t>(std::min<std::uint64_t>(micros, 1 << 30)));
}

Duration UplinkWorld::until_used(double part, Duration at_most) {
  const Instant begin = now_;
  while (now_ - begin < at_most) {
    if (run(Duration::millis(50)).used() >= part) break;
  }
  return now_ - begin;
}

void UplinkWorld::step() {
  now_ = now_ + kStep;
  send();
  serve();
  for (std::uint32_t at = 0; at < links_.size(); ++at) {
    pass(links_[at]);
    answer(links_[at]);
    hear(at);
  }
  shape::LinkCap cap;
  capacity_.step({sent_, 0, backlogged_}, now_);
  while (capacity_.take_cap(cap)) links_[cap.link].cap = cap.rate;
}

void UplinkWorld::send() {
  const std::uint64_t limit = capacity_.estimate().rate;
  if (limit != 0) earn(root_credit_, limit, 2 * kCell);
  for (Link& link : links_) {
    if (link.path.demand != 0) earn(link.credit, link.path.demand, 200'000);
    if (link.cap != 0) earn(link.cap_credit, link.cap, 2 * kCell);
  }
  send_stamps();
  backlogged_ = false;
  for (std::uint32_t idle = 0; idle < links_.size();) {
    Link& link = links_[turn_ % links_.size()];
    const auto at = static_cast<std::uint32_t>(turn_ % links_.size());
    const bool wants =
        link.path.weight != 0 &&
        ((link.path.demand == 0 && limit != 0) || link.credit >= kCell * kStepsPerSecond) &&
        (link.cap == 0 || link.cap_credit >= kCell * kStepsPerSecond);
    if (!wants) {
      ++turn_;
      ++idle;
      continue;
    }
    if (limit != 0 && root_credit_ < kCell * kStepsPerSecond) {
      backlogged_ = true;
      return;
    }
    for (std::uint32_t i = 0; i < link.path.weight; ++i) {
      if (!send_one(link, at)) break;
    }
    ++turn_;
    idle = 0;
  }
}

bool UplinkWorld::send_one(Link& link, std::uint32_t at) {
  const bool limited = capacity_.estimate().rate != 0;
  if (limited && !pay(root_credit_, kCell)) return false;
  if (link.path.demand != 0 && !pay(link.credit, kCell)) return false;
  if (link.cap != 0 && !pay(link.cap_credit, kCell)) return false;
  put(at, kCell, -1);
  return true;
}

void UplinkWorld::put(std::uint32_t at, std::uint32_t wire, std::int64_t stamp) {
  Link& link = links_[at];
  sent_ += wire;
  link.sent += wire;
  ++link.sent_cells;
  if (plan_.policer_rate != 0) {
    if (!pay(tokens_, wire)) return;
  }
  if (queued_ + wire > plan_.buffer) return;
  queued_ += wire;
  uplink_.push_back({at, wire, stamp, {}});
}

void UplinkWorld::send_stamps() {
  for (std::uint32_t at = 0; at < links_.size(); ++at) {
    Link& link = links_[at];
    const Duration rtt = link.path.there + link.path.back;
    Duration pause = std::max(Duration::millis(10), rtt / 4);
    if (!link.unechoed_since.is_never()) {
      pause = std::max(pause, (now_ - link.unechoed_since) / 4);
    }
    const std::uint64_t moved = link.sent - link.stamped;
    const Duration since = now_ - link.stamped_at;
    const bool due = (moved >= 8'192 && since >= pause) ||
                     (moved >= 2'048 && since >= std::max(pause, Duration::millis(100))) ||
                     since >= Duration::seconds(1);
    if (!due) continue;
    if (capacity_.estimate().rate != 0 && !pay(root_credit_, kSmall)) continue;
    put(at, kSmall, now_.nanoseconds);
    link.stamps.push_back({now_.nanoseconds, link.sent_cells});
    link.stamped = link.sent;
    link.stamped_at = now_;
    if (link.unechoed_since.is_never()) link.unechoed_since = now_;
  }
}

void UplinkWorld::serve() {
  if (plan_.policer_rate != 0) earn(tokens_, plan_.policer_rate, plan_.policer_depth);
  earn(line_credit_, rate(), kMost);
  while (!uplink_.empty() && pay(line_credit_, uplink_.front().wire)) {
    Cell cell = uplink_.front();
    uplink_.pop_front();
    queued_ -= cell.wire;
    served_ += cell.wire;
    Link& link = links_[cell.link];
    if (chance(link.path.loss)) continue;
    const auto jitter = static_cast<std::uint64_t>(link.path.jitter.nanoseconds);
    cell.due = now_ + link.path.there;
    if (jitter != 0) cell.due = cell.due + Duration{static_cast<std::int64_t>(random_() % jitter)};
    if (!link.on_way.empty()) cell.due = std::max(cell.due, link.on_way.back().due);
    link.on_way.push_back(cell);
  }
  if (uplink_.empty()) line_credit_ = 0;
}

void UplinkWorld::pass(Link& link) {
  if (link.path.rate != 0) earn(link.own_credit, link.path.rate, kMost);
  while (!link.on_way.empty() && link.on_way.front().due <= now_) {
    link.own_queue.push_back(link.on_way.front());
    link.on_way.pop_front();
  }
  while (!link.own_queue.empty()) {
    if (link.path.rate != 0 && !pay(link.own_credit, link.own_queue.front().wire)) break;
    link.arriving.push_back(link.own_queue.front());
    link.own_queue.pop_front();
  }
  if (link.own_queue.empty()) link.own_credit = 0;
  if (now_ < link.paused_until) return;
  for (; !link.arriving.empty(); link.arriving.pop_front()) arrive(link, link.arriving.front());
}

void UplinkWorld::arrive(Link& link, const Cell& cell) {
  link.got += cell.wire;
  ++link.got_cells;
  link.newest = now_;
  if (cell.stamp < 0) return;
  link.echo = cell.stamp;
  link.echo_delay = Duration{now_.nanoseconds - cell.stamp};
  link.echo_cells = link.got_cells;
}

void UplinkWorld::answer(Link& link) {
  const Duration rtt = link.path.there + link.path.back;
  const std::uint64_t moved = link.got - link.reported;
  const Duration since = now_ - link.reported_at;
  if (now_ < link.paused_until || link.echo < 0) return;
  const bool due = (moved >= 8'192 && since >= std::max(Duration::millis(10), rtt / 4)) ||
                   (moved >= 2'048 && since >= Duration::millis(100)) ||
                   (moved > 0 && since >= Duration::seconds(1));
  if (!due) return;
  link.reported = link.got;
  link.reported_at = now_;
  link.back.push_back(
      {now_ + link.path.back, link.echo, link.echo_delay, link.got, link.echo_cells, link.newest});
}

void UplinkWorld::hear(std::uint32_t at) {
  Link& link = links_[at];
  while (!link.back.empty() && link.back.front().due <= now_) {
    measure(link, at, link.back.front());
    link.back.pop_front();
  }
}

std::uint8_t UplinkWorld::lost(Link& link, const Report& report) {
  const std::uint64_t before = link.last_sent_cells;
  while (!link.stamps.empty() && link.stamps.front().at <= report.echo) {
    link.last_sent_cells = link.stamps.front().cells;
    link.stamps.pop_front();
  }
  const std::uint64_t sent = link.last_sent_cells - before;
  const std::uint64_t came = report.cells - link.last.cells;
  if (sent <= came) return 0;
  return static_cast<std::uint8_t>((sent - came) * 255 / sent);
}

void UplinkWorld::measure(Link& link, std::uint32_t at, const Report& report) {
  link.base = std::min(link.base, report.delay);
  if (link.last.echo != report.echo) link.unechoed_since = Instant::never();
  shape::LinkReport out;
  out.delivered = static_cast<std::uint32_t>(report.bytes - link.last.bytes);
  out.interval = report.newest - link.last.newest;
  out.queue = report.delay - link.base;
  out.rtt = link.path.there + link.path.back + out.queue;
  out.lost = lost(link, report);
  out.sent = link.sent;
  link.last = report;
  lie(link.path.lie, out);
  capacity_.report(at, out, now_);
}

void UplinkWorld::lie(Lie what, shape::LinkReport& report) const {
  if (what == Lie::None) return;
  report.interval = Duration::micros(100);
  if (what == Lie::FastQueued) {
    const bool now = now_.nanoseconds / 1'000'000 % 1'000 < 700;
    report.queue = now ? Duration::millis(120) : Duration{};
  }
  if (what != Lie::FastLossy) return;
  report.lost = 120;
  report.delivered *= 20;
}

}  // namespace covfefe::test
