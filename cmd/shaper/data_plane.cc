// SPDX-License-Identifier: Apache-2.0
#include "data_plane.h"

#include <algorithm>

#include "os/clock.h"

namespace covfefe::shaper {
namespace {

constexpr std::uint32_t kUdpIpv4 = 28;
constexpr std::uint32_t kUdpIpv6 = 48;
constexpr int kRoundsPerWake = 64;
// Then the loop looks whether the router is still there.
constexpr Duration kNear = Duration::millis(5);
// A sleep shorter than this is not announced: nothing could leave earlier, so being woken for a new
// descriptor would cost both sides and change nothing.

shape::Limits limits_for(const Uplink& uplink) {
  shape::Limits out;
  out.flows = os::kFlows;
  out.items = os::kFrames;
  // The router stops at the backlog limit with a batch under way and a ring that is not empty.
  out.flow_bytes = 2 * backlog_limit(uplink.bytes_per_second) + (256 << 10);
  return out;
}

std::uint32_t headers_to(const Endpoint& to) {
  return to.ip.is_mapped_v4() ? kUdpIpv4 : kUdpIpv6;
}

}  // namespace

std::uint32_t backlog_limit(std::uint64_t bytes_per_second) {
  constexpr std::uint64_t kMost = 1 << 20;
  if (bytes_per_second == 0) return kMost;
  return static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(bytes_per_second / 20, 16 << 10, kMost));
}

DataPlane::DataPlane(const Parts& parts, std::function<void(std::string_view)> lost)
    : loop_(parts.loop),
      sender_(parts.sender),
      live_(parts.live),
      uplink_(parts.uplink),
      lost_(std::move(lost)),
      scheduler_(limits_for(parts.uplink)),
      heads_(os::kFrames) {
  scheduler_.set_rate(uplink_.bytes_per_second);
}

SysResult<void> DataPlane::start() {
  auto timer = loop_.timer([this] { pump(); });
  if (!timer) return timer.error();
  timer_ = std::move(*timer);
  for (std::size_t i = 0; i < sender_.sockets(); ++i) {
    auto watch = loop_.on_writable(sender_.socket(i), [this, i] {
      writable_[i].pause();
      blocked_ = false;
      pump();
    });
    if (!watch) return watch.error();
    writable_.push_back(std::move(*watch));
  }
  return {};
}

SysResult<void> DataPlane::attach(os::ShaperEnd end) {
  wake_ = loop::Watch();
  forget();
  consumer_.attach(std::move(end));
  consumer_.set_backlog_limit(backlog_limit(uplink_.bytes_per_second));
  auto wake = loop_.on_readable(consumer_.wake_fd(), [this] {
    consumer_.drain_wake();
    pump();
  });
  if (!wake) return wake.error();
  wake_ = std::move(*wake);
  timer_.at(os::monotonic_now());
  return {};
}

void DataPlane::detach(std::string_view why) {
  wake_ = loop::Watch();
  consumer_.detach(why);
  forget();
  timer_.at(Instant::never());
  show();
}

// A socket that would block stays watched at most once more than needed.
void DataPlane::forget() {
  scheduler_.clear();
  due_ = done_ = 0;
  blocked_ = false;
}

void DataPlane::pump() {
  if (!consumer_.attached()) return;
  ++wakes_;
  consumer_.wake();
  bool resting = false;
  for (int round = 0; round < kRoundsPerWake && !resting && consumer_.attached(); ++round) {
    const std::size_t came = intake();
    const std::size_t went = send_due();
    // Before publish(): who sees a completion also sees it counted.
    show();
    consumer_.publish();
    if (came + went == 0) resting = rest();
  }
  if (!consumer_.attached()) {
    const std::string_view why = consumer_.why_detached();
    detach(why);
    lost_(why);
    return;
  }
  if (!resting) timer_.at(os::monotonic_now());
}

std::size_t DataPlane::intake() {
  const std::size_t count = consumer_.take(taken_);
  const Instant now = os::monotonic_now();
  for (std::size_t i = 0; i < count; ++i) {
    if (taken_[i].op == os::RingOp::Cancel) {
      cancel(taken_[i]);
    } else if (!accept(taken_[i], now)) {
      return 0;
    }
  }
  return count;
}

bool DataPlane::accept(const os::Descriptor& sent, Instant now) {
  os::FrameHead& head = heads_[sent.frame];
  if (!consumer_.open_head(sent, head)) return false;
  const std::uint32_t wire = sent.length + headers_to(head.to) + uplink_.overhead;
  const shape::Item item{sent.frame, sent.flow, sent.epoch, sent.length,
                         static_cast<std::uint16_t>(wire)};
  if (scheduler_.enqueue(item, now) != shape::Admission::Queued) {
    ++dropped_;
    consumer_.complete(sent.frame, os::SendStatus::Dropped);
    return true;
  }
  consumer_.set_backlog(sent.flow, scheduler_.payload_of(sent.flow));
  return true;
}

void DataPlane::cancel(const os::Descriptor& order) {
  std::array<shape::Item, 64> older;
  std::size_t count = older.size();
  while (count == older.size()) {
    count = scheduler_.cancel(order.flow, order.epoch, older);
    for (std::size_t i = 0; i < count; ++i) complete(older[i], os::SendStatus::Cancelled);
    cancelled_ += count;
  }
}

void DataPlane::complete(const shape::Item& item, os::SendStatus status) {
  consumer_.complete(item.frame, status);
  consumer_.set_backlog(item.flow, scheduler_.payload_of(item.flow));
}

void DataPlane::fetch_due(Instant now) {
  due_ = scheduler_.dequeue(now, items_);
  done_ = 0;
  for (std::size_t i = 0; i < due_; ++i) {
    const shape::Item& item = items_[i];
    const os::FrameHead& head = heads_[item.frame];
    os::Descriptor sent;
    sent.frame = item.frame;
    sent.length = item.length;
    out_[i] = {consumer_.datagram(sent), head.to, head.from, head.from_interface, head.socket};
  }
}

std::size_t DataPlane::send_due() {
  if (blocked_ || !consumer_.attached()) return 0;
  if (done_ == due_) fetch_due(os::monotonic_now());
  if (done_ == due_) return 0;
  const auto progress = sender_.send(std::span(out_).first(due_).subspan(done_), std::span(sent_));
  for (std::size_t i = 0; i < progress.done; ++i) {
    const shape::Item& item = items_[done_ + i];
    if (sent_[i]) wire_bytes_ += item.wire;
    complete(item, sent_[i] ? os::SendStatus::Sent : os::SendStatus::Refused);
  }
  done_ += progress.done;
  if (progress.blocked) {
    blocked_ = true;
    writable_[out_[done_].socket].resume();
  }
  return progress.done;
}

// Arranges the next wake-up. False: something arrived meanwhile.
bool DataPlane::rest() {
  const Instant next = blocked_ ? Instant::never() : scheduler_.next_deadline();
  timer_.at(next);
  if (!next.is_never() && next - os::monotonic_now() <= kNear) return true;
  return consumer_.sleep();
}

void DataPlane::show() {
  const auto set = [](LiveNumber& number, std::uint64_t value) {
    number.store(value, std::memory_order_relaxed);
  };
  const os::UdpSendCounters& udp = sender_.counters();
  const os::FrameConsumerCounters& rings = consumer_.counters();
  set(live_.sent_datagrams, udp.datagrams);
  set(live_.sent_bytes, wire_bytes_);
  set(live_.queued_datagrams, scheduler_.queued() + (due_ - done_));
  set(live_.queued_bytes, scheduler_.queued_bytes());
  set(live_.busy_flows, scheduler_.busy_flows());
  set(live_.send_errors, udp.refused);
  set(live_.dropped, dropped_);
  set(live_.cancelled, cancelled_);
  set(live_.attached, consumer_.attached() ? 1 : 0);
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
