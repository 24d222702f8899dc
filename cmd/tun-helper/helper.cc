// SPDX-License-Identifier: Apache-2.0
#include "helper.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "inspection.h"
#include "os/clock.h"
#include "os/files.h"
#include "os/listen.h"
#include "os/log_sink.h"
#include "os/poll.h"
#include "os/tun_handover.h"

namespace covfefe::tun_helper {
namespace {

constexpr Duration kFirstBackOff = Duration::millis(20);
constexpr Duration kMostBackOff = Duration::millis(500);
constexpr Duration kBusyRetry = Duration::millis(50);  // A9: a dying router lets go soon
constexpr Duration kDyingTakesAtMost = Duration::seconds(2);
constexpr Duration kHeldRetry = Duration::seconds(1);  // later, the living router itself holds it
// The kernel wakes nobody when the device is deleted, only tells it who looks.
constexpr Duration kDeviceCheck = Duration::seconds(1);

}  // namespace

Helper::Helper(Resources& held, const sandbox::JailReport& confined, Log& log)
    : held_(held),
      confined_(confined),
      log_(log),
      started_(os::monotonic_now()),
      next_try_(started_),
      back_off_(kFirstBackOff) {
  if (held_.notifier.watchdog_interval() > Duration{}) next_watchdog_ = started_;
}

SysError Helper::run() {
  for (;;) {
    if (auto acted = wait_and_act(); !acted) return acted.error();
  }
}

Instant Helper::next_wake() const {
  const Instant wake = std::min(next_try_, next_watchdog_);
  if (!held_.device.tun().valid()) return wake;
  return std::min(wake, os::monotonic_now() + kDeviceCheck);
}

SysResult<void> Helper::wait_and_act() {
  std::array<os::Waited, 3> events{{{&held_.operator_listener, os::WaitFor::Readable},
                                    {&router_, os::WaitFor::HangUp},
                                    {&held_.device.tun(), os::WaitFor::HangUp}}};
  if (auto waited = os::wait(events, next_wake()); !waited) return waited;
  const Instant now = os::monotonic_now();
  if (events[0].happened) answer_operator(now);
  if (events[1].happened) drop_router();
  if (events[2].happened) {
    // Somebody deleted the device. A new connection is a new hand-over, of the device made anew.
    ++devices_lost_;
    log_.record(Level::Warning, "device-lost", {{"name", held_.device.plan().name}});
    held_.device.lost();
    drop_router();
  }
  prove_alive(now);
  if (now >= next_try_ || !router_.valid()) return advance(now);
  return {};
}

void Helper::drop_router() {
  if (router_.valid()) log_.record(Level::Info, "router-gone");
  router_.reset();
  handed_over_ = false;
  next_try_ = os::monotonic_now();
}

SysResult<void> Helper::advance(Instant now) {
  if (now < next_try_) return {};
  if (!router_.valid()) connect(now);
  if (!router_.valid()) return {};
  return hand_over(now);
}

void Helper::connect(Instant now) {
  auto connected = os::connect_unix(held_.router_socket, os::UnixKind::SeqPacket);
  if (!connected) {
    next_try_ = now + back_off_;
    back_off_ = std::min(back_off_ * 2, kMostBackOff);
    return;
  }
  router_ = std::move(*connected);
  ++connections_;
  connected_at_ = now;
  back_off_ = kFirstBackOff;
}

SysResult<void> Helper::hand_over(Instant now) {
  auto attached = held_.device.attach();
  if (!attached && attached.error().number != EBUSY) return attached;
  if (!attached) {
    ++busy_;
    next_try_ = now + (now - connected_at_ < kDyingTakesAtMost ? kBusyRetry : kHeldRetry);
    return {};
  }
  const DevicePlan& plan = held_.device.plan();
  auto sent = os::hand_over_tun(router_, held_.device.tun(), plan.name, plan.mtu);
  if (!sent) {
    log_.record(Level::Warning, "hand-over-failed", {{"error", sent.error().text()}});
    drop_router();
    next_try_ = now + kBusyRetry;
    return {};
  }
  handed_over_ = true;
  ++handovers_;
  next_try_ = Instant::never();
  log_.record(Level::Info, "handed-over", {{"device", plan.name}});
  return {};
}

void Helper::answer_operator(Instant now) {
  auto peer = os::accept_unix(held_.operator_listener);
  if (!peer) return;
  ++inspections_;
  const auto jail = held_.jail.read();
  const std::array<Count, 6> counters{{{"connections", connections_},
                                       {"handovers", handovers_},
                                       {"attachments", held_.device.attachments()},
                                       {"busy", busy_},
                                       {"devices-lost", devices_lost_},
                                       {"inspections", inspections_}}};
  const std::string text = inspection_text(
      {now - started_, state(), counters, jail ? *jail : os::JailState{}, confined_});
  // Fits into any socket buffer; an operator who does not read it has no second chance.
  (void)os::write_all(*peer, bytes_of(text), "tun-helper.operator");
}

const char* Helper::state() const {
  // A router that took the device from an earlier helper keeps it: there is nothing to hand over.
  return handed_over_ || router_.valid() ? "ok" : "no router listens";
}

void Helper::prove_alive(Instant now) {
  if (now < next_watchdog_) return;
  held_.notifier.alive();
  next_watchdog_ = now + held_.notifier.watchdog_interval() / 6;
}

int serve(sandbox::Confined<Resources> jailed) {
  os::StderrLog log("covfefe-tun-helper");
  Resources& held = jailed.resources();
  log.record(std::min(Level::Notice, sandbox::level_of(jailed.report())), "ready",
             {{"device", held.device.plan().name}, {"jail", sandbox::summary(jailed.report())}});
  held.notifier.ready();
  Helper helper(held, jailed.report(), log);
  const SysError failed = helper.run();
  log.record(Level::Error, "failed", {{"error", failed.text()}});
  return 1;
}

}  // namespace covfefe::tun_helper
