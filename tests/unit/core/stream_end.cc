// SPDX-License-Identifier: Apache-2.0
#include "stream_end.h"

#include <algorithm>
#include <cmath>

namespace covfefe::core::test {

namespace {

constexpr std::size_t kLarge = 1400;
constexpr std::size_t kSmall = 256;
constexpr std::uint64_t kToReceiver = 1'000;  // flow numbers of data; acknowledgements are below

ByteArray<8> bytes_of_body(std::uint64_t body) {
  ByteArray<8> out{};
  store_le(out.data(), body);
  return out;
}

}  // namespace

// ---- one end

bool End::send(TrafficClass traffic, std::size_t bytes, const Parcel& parcel) {
  bundle.used(world_.now());
  const auto picked = bundle.pick({traffic, bytes}, {});
  if (picked.empty()) return false;
  TestCell cell;
  cell.bytes = bytes;
  cell.wants = Wants::Acknowledgement;
  cell.parcel = parcel;
  cell.body = ++next_body_;
  if (traffic == TrafficClass::Bulk) cell.place = ++next_place_;
  for (const CircuitId leg : picked) {
    AckBook& book = bundle.find(leg)->book;
    if (book.pending()) cell.acks.push_back(book.take(world_.now()));
  }
  bodies_[cell.body] = cell;
  for (const CircuitId leg : picked) put(cell, leg);
  if (traffic == TrafficClass::Interactive) {
    bundle.keep(bytes_of_body(cell.body), picked[0], world_.now());
  }
  return true;
}

void End::put(TestCell cell, CircuitId leg) {
  cell.leg = leg;
  cell.counter = counters_.try_emplace(leg, leg.value * 0x9e3779b97f4a7c15ULL).first->second++;
  bundle.find(leg)->meter.sent({cell.counter, cell.bytes, cell.wants}, world_.now());
  ++cells;
  world_.transmit(side_, cell);
}

void End::receive(const TestCell& cell) {
  Strand* strand = bundle.find(cell.leg);
  if (strand == nullptr) return;
  const bool second = cell.body != 0 && !seen_.insert(cell.body).second;
  strand->book.came(cell.counter, cell.wants, world_.now());
  copies += second ? 1 : 0;
  if (second) return;
  for (const wire::InnerAck& ack : cell.acks) bundle.acknowledged(ack, cell.leg, world_.now());
  if (cell.asks) strand->book.urge(world_.now());
  if (cell.body == 0) return;
  bundle.used(world_.now());
  if (cell.place == 0) {
    hand_over(cell.body);
  } else {
    bundle.reorder().came({cell.leg, cell.place, bytes_of_body(cell.body)}, world_.now(), *this);
  }
  most_held = std::max(most_held, bundle.reorder().held());
}

void End::on_ordered(ByteView plain) {
  hand_over(load_le<std::uint64_t>(plain.data()));
}

void End::hand_over(std::uint64_t body) {
  arrived(world_.end(1 - side_).bodies_[body].parcel);
}

void End::tend() {
  const Instant now = world_.now();
  if (bundle.next_deadline() > now) return;
  bundle.tick(now);
  bundle.reorder().tick(now, *this);
  while (const auto again = bundle.resend(now)) {
    put(bodies_[load_le<std::uint64_t>(again->body.data())], again->leg);
  }
  for (CircuitId leg; (leg = bundle.unprobed(now)).value != 0;) {
    TestCell probe;
    probe.bytes = kSmall;
    probe.asks = true;
    probe.wants = Wants::Acknowledgement;
    put(probe, leg);
  }
  for (CircuitId leg; (leg = bundle.unacknowledged(now)).value != 0;) {
    TestCell word;
    word.bytes = kSmall;
    word.acks.push_back(bundle.find(leg)->book.take(now));
    put(word, leg);
  }
}

// ---- the lines between

CircuitId World::add_leg(const LineTerms& terms) {
  const CircuitId leg{static_cast<std::uint32_t>(lines_.size() + 1)};
  lines_[leg].terms = terms;
  legs_.push_back({leg, terms.delay * 2, true});
  for (End& end : ends_) end.set_legs(legs_);
  return leg;
}

void World::transmit(std::size_t from, const TestCell& cell) {
  Line& line = lines_[cell.leg];
  const LineTerms& terms = line.terms;
  std::uniform_real_distribution<double> chance(0, 1);
  Instant leaves = now_;
  if (terms.rate != 0) {
    if (line.free[from] > now_ + terms.queue) return;
    const auto size = static_cast<std::int64_t>(cell.bytes);
    leaves = std::max(now_, line.free[from]) + Duration{size * 1'000'000'000 / terms.rate};
    line.free[from] = leaves;
  }
  if (now_ >= terms.end || chance(random_) < terms.loss) return;
  const auto jitter = static_cast<double>(terms.jitter.nanoseconds) * chance(random_);
  Instant arrives = leaves + terms.delay + Duration{static_cast<std::int64_t>(jitter)};
  arrives = std::max(arrives, line.last[from]);
  line.last[from] = arrives;
  events_.emplace(arrives, [this, from, cell] {
    if (now_ < lines_[cell.leg].terms.end) ends_[1 - from].receive(cell);
  });
}

void World::every(Duration period, std::function<void()> what) {
  jobs_.push_back({period, std::move(what)});
  const std::size_t job = jobs_.size() - 1;
  events_.emplace(now_, [this, job] { repeat(job); });
}

void World::repeat(std::size_t job) {
  events_.emplace(now_ + jobs_[job].period, [this, job] { repeat(job); });
  jobs_[job].what();
}

void World::run(Duration time) {
  const Instant until = now_ + time;
  while (true) {
    Instant next = until;
    if (!events_.empty()) next = std::min(next, events_.begin()->first);
    for (End& end : ends_) next = std::min(next, end.bundle.next_deadline());
    now_ = std::max(now_, next);
    if (now_ >= until) return;
    while (!events_.empty() && events_.begin()->first <= now_) {
      const Event event = events_.begin()->second;
      events_.erase(events_.begin());
      event();
    }
    for (End& end : ends_) end.tend();
  }
}

// ---- a download

Download::Download(World& world, std::uint64_t flow)
    : world_(world), flow_(flow), last_ack_(world.now()) {
  world_.end(1).arrived = [this](const Parcel& parcel) {
    if (parcel.flow == flow_ + kToReceiver) got(parcel.number);
  };
  world_.end(0).arrived = [this](const Parcel& parcel) {
    if (parcel.flow == flow_) acknowledged(parcel.number);
  };
  world_.every(Duration::millis(10), [this] { watch(); });
}

void Download::send(std::uint64_t number) {
  under_way_[number] = {world_.now(), false, number + 1 != next_};
  world_.end(0).send(TrafficClass::Bulk, kLarge, {flow_ + kToReceiver, number});
}

// Never more than two for one that came, so that a burst of losses makes no burst of repeats.
void Download::pump() {
  auto again = under_way_.begin();
  for (int n = 0; n < 2 && static_cast<double>(under_way_.size() - lost_) < window_; ++n) {
    while (again != under_way_.end() && !again->second.lost) ++again;
    if (again == under_way_.end()) {
      send(next_++);
      continue;
    }
    --lost_;
    send(again->first);
  }
}

void Download::got(std::uint64_t number) {
  const Instant now = world_.now();
  received_.insert(number);
  const std::uint64_t before = in_order_;
  while (received_.erase(in_order_) != 0) ++in_order_;
  if (in_order_ != before) {
    if (!progress_.is_never()) gap_ = std::max(gap_, now - progress_);
    progress_ = now;
  }
  world_.end(1).send(TrafficClass::Bulk, kSmall, {flow_, number});
}

void Download::acknowledged(std::uint64_t number) {
  const auto found = under_way_.find(number);
  if (found == under_way_.end()) return;
  last_ack_ = world_.now();
  if (!found->second.again) {
    const Duration trip = last_ack_ - found->second.sent;
    shortest_ = std::min(shortest_, trip);
    trip_ = trip_.nanoseconds == 0 ? trip : (trip_ * 7 + trip) / 8;
  }
  newest_ = std::max(newest_, found->second.sent);
  lost_ -= found->second.lost ? 1 : 0;
  under_way_.erase(found);
  grow();
  detect();
  pump();
}

// RFC 9438, with the estimate of Reno below.
void Download::grow() {
  if (window_ < threshold_) {
    window_ += 1;
    return;
  }
  const double since = (world_.now() - cut_).as_millis() / 1'000;
  const double away = since - std::cbrt(before_cut_ * 0.3 / 0.4);
  const double target = std::clamp(0.4 * away * away * away + before_cut_, window_, window_ * 1.5);
  window_ += std::max((target - window_) / window_, 0.5 / window_);
}

void Download::detect() {
  for (auto& [number, segment] : under_way_) {
    if (segment.lost || segment.sent + shortest_ / 4 >= newest_) continue;
    segment.lost = true;
    ++lost_;
    if (segment.sent < cut_) continue;
    cut_ = world_.now();
    before_cut_ = window_;
    window_ = threshold_ = std::max(window_ * 0.7, 4.0);
  }
}

void Download::watch() {
  const Duration patience = std::max(Duration::millis(200), trip_ * 2);
  if (under_way_.empty() || world_.now() < last_ack_ + patience) return;
  last_ack_ = world_.now();
  before_cut_ = window_;
  threshold_ = std::max(window_ / 2, 4.0);
  window_ = 4;
  cut_ = world_.now();
  lost_ = under_way_.size();
  for (auto& [number, segment] : under_way_) segment.lost = true;
  pump();
}

}  // namespace covfefe::core::test
