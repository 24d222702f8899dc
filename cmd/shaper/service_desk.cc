// SPDX-License-Identifier: Apache-2.0
#include "service_desk.h"

#include <algorithm>
#include <utility>

#include "os/clock.h"
#include "rpc/errors.h"
#include "rpc/leases.h"

namespace covfefe::shaper {
namespace {

constexpr Duration kGather = Duration::millis(2);
// Changes of so long reach the data thread as one.
constexpr Duration kApart = Duration::millis(250);  // two figures that rates are of
constexpr Duration kRate = Duration::seconds(1);
constexpr Duration kStale = Duration::seconds(5);
constexpr Duration kPatience = Duration::seconds(2);
constexpr std::size_t kAsking = 64;  // questions that wait for figures

}  // namespace

Desk::Desk(const Parts& parts)
    : service_(parts.service),
      books_(parts.books),
      to_data_(parts.to_data),
      from_data_(parts.from_data),
      live_(parts.live),
      log_(parts.log) {}

void Desk::start() {
  service_.on_readable(from_data_.wake_fd().number(), [this] {
    from_data_.drain([this](ToControl mail) { on_mail(std::move(mail)); });
  });
  settle();
  service_.run_beside(run());
}

// ---- the books' time ----------------------------------------------------------------------------

Instant Desk::next_work() const {
  return std::min(flush_at_, books_.next_change());
}

void Desk::settle() {
  tell_revoked();
  if (flush_at_.is_never()) flush_at_ = os::monotonic_now() + kGather;
  if (next_work() < armed_ && poke_.get() != nullptr) poke_->fulfill();
}

void Desk::work() {
  const Instant now = os::monotonic_now();
  if (books_.next_change() <= now) {
    books_.expire(now);
    flush_at_ = now;
  }
  if (flush_at_ <= now) flush_at_ = books_.flush(now) ? Instant::never() : now + kGather;
  tell_revoked();
}

kj::Promise<void> Desk::run() {
  work();
  armed_ = next_work();
  auto poked = kj::newPromiseAndFulfiller<void>();
  poke_ = kj::mv(poked.fulfiller);
  kj::Promise<void> wait = kj::mv(poked.promise);
  if (!armed_.is_never()) {
    const Duration left = std::max(armed_ - os::monotonic_now(), Duration{});
    wait =
        service_.timer().afterDelay(left.nanoseconds * kj::NANOSECONDS).exclusiveJoin(kj::mv(wait));
  }
  return wait.then([this] { return run(); });
}

// ---- the router's observers ---------------------------------------------------------------------

std::uint64_t Desk::watch(schema::LeaseObserver::Client observer) {
  const std::uint64_t id = next_watcher_++;
  watchers_.emplace(id, Watcher{kj::mv(observer), 0});
  return id;
}

void Desk::unwatch(std::uint64_t id) {
  watchers_.erase(id);
}

void Desk::tell_revoked() {
  for (const Revocation& revoked : books_.take_revoked()) {
    log_.record(Level::Notice, "lease-revoked", {{"lease", std::to_string(revoked.lease)}});
    std::vector<std::uint64_t> all;
    for (const auto& [id, watcher] : watchers_) all.push_back(id);
    for (const std::uint64_t id : all) tell(id, revoked);
  }
}

// Who does not take what it is told is told no more: it can ask what there is.
void Desk::tell(std::uint64_t id, const Revocation& revoked) {
  const auto found = watchers_.find(id);
  if (found->second.in_flight >= rpc::kMaxLeases) return unwatch(id);
  ++found->second.in_flight;
  auto request = found->second.observer.revokedRequest();
  request.setId(revoked.lease);
  request.setWhy(rpc::to_schema(revoked.why));
  service_.run_beside(request.send().then(
      [this, id](auto&&) {
        if (const auto still = watchers_.find(id); still != watchers_.end()) {
          --still->second.in_flight;
        }
      },
      [this, id](kj::Exception&&) { unwatch(id); }));
}

// ---- what the data thread says ------------------------------------------------------------------

void Desk::on_mail(ToControl mail) {
  if (auto* figures = std::get_if<FiguresQuery>(&mail)) return keep(std::move(*figures));
  const Instant now = os::monotonic_now();
  if (const auto* news = std::get_if<CapacityNews>(&mail)) {
    books_.heard(*news, now);
    return settle();
  }
  const auto& sample = std::get<shape::MinuteSample>(mail);
  const std::int64_t ago = (now - sample.at).nanoseconds / 1'000'000'000;
  minutes_.push_back({os::wall_now().unix_seconds() - ago, sample});
  if (minutes_.size() > rpc::kMaxCapacitySamples) minutes_.pop_front();
}

std::deque<MinuteRecord> Desk::take_minutes() {
  return std::exchange(minutes_, {});
}

void Desk::keep(FiguresQuery figures) {
  if (!newest_ || figures->at - newest_->at > kStale) {
    earlier_ = std::make_unique<Figures>(*figures);
  } else if (figures->at - newest_->at >= kApart || newest_->at - earlier_->at >= kRate) {
    earlier_ = std::move(newest_);
  }
  newest_ = std::move(figures);
  for (auto& one : std::exchange(asking_, {})) one->fulfill();
}

kj::Promise<void> Desk::ask() {
  const Instant now = os::monotonic_now();
  if (now - asked_ > kPatience) asking_.clear();
  if (asking_.size() >= kAsking) {
    return rpc::to_exception(rpc::CallFailure::Overloaded, "too many questions at once");
  }
  if (asking_.empty()) {
    auto question = std::make_unique<Figures>();
    for (const PlacedLink& link : books_.links()) {
      LinkFigures figures;
      figures.slot = link.slot;
      question->links.push_back(figures);
    }
    asked_ = now;
    to_data_.push(std::move(question));
  }
  auto answered = kj::newPromiseAndFulfiller<void>();
  asking_.push_back(kj::mv(answered.fulfiller));
  return service_.timer().timeoutAfter(kPatience.nanoseconds * kj::NANOSECONDS,
                                       kj::mv(answered.promise));
}

// Rates need two figures that lie apart; who asks every second gets them of the second between.
kj::Promise<void> Desk::measure() {
  if (newest_ && os::monotonic_now() - newest_->at <= kStale) return ask();
  return ask().then([this] {
    return service_.timer().afterDelay(kApart.nanoseconds * kj::NANOSECONDS).then([this] {
      return ask();
    });
  });
}

}  // namespace covfefe::shaper
