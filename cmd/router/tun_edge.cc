// SPDX-License-Identifier: Apache-2.0
#include "tun_edge.h"

#include <cerrno>

#include "os/listen.h"
#include "os/tun_handover.h"

namespace covfefe::router {
namespace {

constexpr int kBatchesPerWake = 2;  // of kTunBatch packets, before others have their turn

}  // namespace

SysResult<void> TunEdge::start() {
  auto watch = loop_.on_readable(listener_, [this] { on_connect(); });
  if (!watch) return watch.error();
  listener_watch_ = std::move(*watch);
  return {};
}

void TunEdge::on_connect() {
  auto accepted = os::accept_unix(listener_);
  if (!accepted) return;
  helper_watch_ = loop::Watch();
  helper_ = std::move(*accepted);
  handed_ = false;
  auto watch = loop_.on_readable(helper_, [this] { on_helper(); });
  if (watch) {
    helper_watch_ = std::move(*watch);
  } else {
    helper_.reset();
  }
}

void TunEdge::on_helper() {
  if (!handed_) {
    auto passed = os::receive_tun(helper_);
    if (!passed && passed.error().number == EAGAIN) return;
    if (passed) {
      handed_ = true;
      return take(std::move(passed->tun));
    }
    if (passed.error().number != EPIPE) ++violations_;
  }
  // Hung up, or said more than it may: either way this helper has nothing for us.
  helper_watch_ = loop::Watch();
  helper_.reset();
}

void TunEdge::take(os::Fd tun) {
  device_watch_ = loop::Watch();
  earlier_ = counters();
  device_.emplace(std::move(tun));
  auto watch = loop_.on_readable(device_->fd(), [this] { on_packets(); });
  if (watch) {
    device_watch_ = std::move(*watch);
    if (paused_) device_watch_.pause();
  } else {
    device_.reset();
  }
  changed_();
}

void TunEdge::on_packets() {
  for (int batch = 0; batch < kBatchesPerWake && !paused_; ++batch) {
    const auto read = device_->read();
    if (!read) return lose_device();
    if (read->empty()) return;
    packets_(*read);
    if (read->size() < os::kTunBatch) return;
  }
}

void TunEdge::lose_device() {
  device_watch_ = loop::Watch();
  earlier_ = counters();
  device_.reset();
  // The helper connects again and hands over whatever device there is by then.
  helper_watch_ = loop::Watch();
  helper_.reset();
  changed_();
}

void TunEdge::write(std::span<const ByteView> packets) {
  if (device_) device_->write(packets);
}

void TunEdge::pause() {
  if (!paused_ && device_) device_watch_.pause();
  paused_ = true;
}

void TunEdge::resume() {
  if (paused_ && device_) device_watch_.resume();
  paused_ = false;
}

os::TunCounters TunEdge::counters() const {
  os::TunCounters out = earlier_;
  if (!device_) return out;
  const os::TunCounters& now = device_->counters();
  out.packets_read += now.packets_read;
  out.packets_written += now.packets_written;
  out.oversize += now.oversize;
  out.write_drops += now.write_drops;
  return out;
}

}  // namespace covfefe::router
