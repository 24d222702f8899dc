// SPDX-License-Identifier: Apache-2.0
#include "data_plane.h"

#include <algorithm>

#include "os/clock.h"

namespace covfefe::shaper {
namespace {

constexpr int kRoundsPerWake = 64;
// Then the loop looks whether the router is still there.
constexpr Duration kNear = Duration::millis(5);
// A sleep until the uplink is free again that is shorter than this is not announced: nothing could
// leave earlier, so being woken for a new descriptor would cost both sides and change nothing.
constexpr Duration kGather = Duration::micros(250);
// Half of what the root clock forgives: on a fast uplink several datagrams leave at each wake.
constexpr Duration kLull = Duration::micros(1'250);
constexpr std::uint64_t kBusy = 25;
// So many datagrams in a lull's time are 20,000 a second: then the rings are looked at once in a
// lull instead of at every datagram.
constexpr std::size_t kLinksPerRound = 128;

}  // namespace

DataPlane::DataPlane(const Parts& parts, const Line::Start& start,
                     std::function<void(std::string_view)> lost)
    : loop_(parts.loop),
      sender_(parts.sender),
      live_(parts.live),
      inbox_(parts.inbox),
      outbox_(parts.outbox),
      lost_(std::move(lost)),
      line_(start) {}

SysResult<void> DataPlane::start() {
  auto timer = loop_.timer([this] { pump(); });
  if (!timer) return timer.error();
  timer_ = std::move(*timer);
  auto mail = loop_.on_readable(inbox_.wake_fd(), [this] { on_mail(); });
  if (!mail) return mail.error();
  mail_ = std::move(*mail);
  for (std::size_t i = 0; i < sender_.sockets(); ++i) {
    auto watch = loop_.on_writable(sender_.socket(i), [this, i] {
      writable_[i].pause();
      blocked_ = false;
      pump();
    });
    if (!watch) return watch.error();
    writable_.push_back(std::move(*watch));
  }
  show();
  return {};
}

SysResult<void> DataPlane::attach(os::ShaperEnd end) {
  wake_ = loop::Watch();
  blocked_ = false;
  line_.attach(std::move(end), os::monotonic_now());
  auto wake = loop_.on_readable(line_.rings().wake_fd(), [this] {
    line_.rings().drain_wake();
    pump();
  });
  if (!wake) return wake.error();
  wake_ = std::move(*wake);
  timer_.at(os::monotonic_now());
  return {};
}

// A socket that would block stays watched at most once more than needed.
void DataPlane::detach(std::string_view why) {
  wake_ = loop::Watch();
  line_.detach(why);
  blocked_ = false;
  timer_.at(Instant::never());
  show();
}

void DataPlane::on_mail() {
  inbox_.drain([this](ToData mail) {
    if (const auto* changes = std::get_if<std::unique_ptr<const Changes>>(&mail)) {
      line_.apply(**changes, os::monotonic_now());
    } else {
      question_ = std::move(std::get<FiguresQuery>(mail));
      answered_ = 0;
    }
  });
  pump();
}

void DataPlane::pump() {
  ++wakes_;
  os::FrameConsumer& rings = line_.rings();
  const bool attached = rings.attached();
  if (attached) rings.wake();
  bool resting = !attached;
  for (int round = 0; round < kRoundsPerWake && !resting && rings.attached(); ++round) {
    const Instant now = os::monotonic_now();
    const std::size_t came = line_.intake(now);
    line_.learn(now);
    const std::size_t went = send_due();
    handled_ += went;
    // Before publish(): who sees a completion also sees it counted.
    show();
    rings.publish();
    if (came + went == 0) resting = rest();
  }
  tell();
  if (attached && !rings.attached()) {
    const std::string_view why = rings.why_detached();
    detach(why);
    lost_(why);
  } else if (!resting) {
    timer_.at(os::monotonic_now());
  }
  answer();
}

std::size_t DataPlane::send_due() {
  if (blocked_) return 0;
  const auto due = line_.due(os::monotonic_now());
  if (due.empty()) return 0;
  const auto progress = sender_.send(due, std::span(sent_));
  if (progress.blocked) {
    blocked_ = true;
    writable_[due[progress.done].socket].resume();
  }
  line_.sent(std::span(sent_).first(progress.done), os::monotonic_now());
  return progress.done;
}

bool DataPlane::busy(Instant now) {
  const Duration spent = now - window_;
  if (spent >= kLull) {
    const auto lulls = static_cast<std::uint64_t>(spent.nanoseconds / kLull.nanoseconds);
    busy_ = handled_ >= kBusy * lulls;
    handled_ = 0;
    window_ = now;
  }
  return busy_;
}

// Arranges the next wake-up. False: something arrived meanwhile.
bool DataPlane::rest() {
  const Instant now = os::monotonic_now();
  const Instant next = blocked_ ? Instant::never() : line_.next_deadline();
  const shape::RootClock& clock = line_.scheduler().clock();
  const bool waits = !next.is_never() && !clock.free(now);
  Instant wake = next;
  if (waits && clock.burst_bytes() > 4 * shape::kLargeCellWire) wake = next + kGather;
  wake = std::min(wake, line_.learn_deadline());
  const bool lulled = busy(now);
  if (lulled) wake = std::min(wake, now + kLull);
  timer_.at(wake);
  if (lulled || (waits && clock.next() - now <= kNear)) return true;
  return line_.rings().sleep();
}

// ---- the control thread -------------------------------------------------------------------------

void DataPlane::tell() {
  const auto room = [this] { return outbox_.depth() < outbox_.capacity(); };
  if (CapacityNews news; room() && line_.take_news(news)) outbox_.push(news);
  for (shape::MinuteSample sample; room() && line_.take_minute(sample);) outbox_.push(sample);
}

void DataPlane::answer() {
  if (!question_) return;
  const Instant now = os::monotonic_now();
  if (answered_ == 0) question_->at = now;
  line_.fill(*question_, answered_, kLinksPerRound);
  answered_ += kLinksPerRound;
  if (answered_ < question_->links.size()) return timer_.at(now);
  // Of a full mailbox the control thread hears nothing and asks again.
  outbox_.push(std::move(question_));
}

void DataPlane::show() {
  const auto set = [](LiveNumber& number, std::uint64_t value) {
    number.store(value, std::memory_order_relaxed);
  };
  const os::UdpSendCounters& udp = sender_.counters();
  const os::FrameConsumerCounters& rings = line_.rings().counters();
  const shape::Scheduler& scheduler = line_.scheduler();
  const LineCounters& line = line_.counters();
  set(live_.rate, scheduler.clock().rate());
  set(live_.sent_datagrams, udp.datagrams);
  set(live_.sent_bytes, line.wire_bytes);
  set(live_.queued_datagrams, scheduler.queued() + line_.in_hand());
  set(live_.queued_bytes, scheduler.queued_bytes());
  set(live_.busy_flows, scheduler.busy_flows());
  set(live_.send_errors, udp.refused);
  set(live_.dropped, line.dropped);
  set(live_.cancelled, line.cancelled);
  set(live_.reports, line.reports);
  set(live_.attached, line_.rings().attached() ? 1 : 0);
  set(live_.attachments, rings.attachments);
  set(live_.violations, rings.violations);
  set(live_.received, rings.received);
  set(live_.router_wakes, rings.wakes);
  set(live_.own_wakes, wakes_);
  set(live_.send_calls, udp.calls);
  set(live_.trains, udp.trains);
  set(live_.blocked, udp.blocked);
}

}  // namespace covfefe::shaper
