// SPDX-License-Identifier: Apache-2.0
#include "router_link.h"

#include <algorithm>
#include <cerrno>

#include "os/clock.h"
#include "os/listen.h"

namespace covfefe::shaper {
namespace {

constexpr Duration kFirstPause = Duration::millis(20);
constexpr Duration kLongestPause = Duration::millis(500);

}  // namespace

RouterLink::RouterLink(const Parts& parts, std::string path)
    : loop_(parts.loop),
      plane_(parts.plane),
      log_(parts.log),
      path_(std::move(path)),
      pause_(kFirstPause) {}

SysResult<void> RouterLink::start() {
  auto retry = loop_.timer([this] { connect(); });
  if (!retry) return retry.error();
  retry_ = std::move(*retry);
  retry_.at(os::monotonic_now());
  return {};
}

void RouterLink::connect() {
  if (auto offered = offer(); !offered) drop({});
  // A router that is not there yet is no news; every other end of a connection is logged.
}

SysResult<void> RouterLink::offer() {
  auto socket = os::connect_unix(path_, os::UnixKind::SeqPacket);
  if (!socket) return socket.error();
  socket_ = std::move(*socket);
  const auto generation = static_cast<std::uint64_t>(os::monotonic_now().nanoseconds);
  auto offered = os::offer_rings(socket_, generation);
  if (!offered) return offered.error();
  offer_ = std::move(*offered);
  auto watch = loop_.on_readable(socket_, [this] { on_readable(); });
  if (!watch) return watch.error();
  watch_ = std::move(*watch);
  return {};
}

void RouterLink::on_readable() {
  // After the answer the router has nothing more to say: readable means hung up.
  if (attached_) return drop("the router hung up");
  finish();
}

void RouterLink::finish() {
  auto end = os::finish_rings(socket_, std::move(*offer_));
  offer_.reset();
  if (!end) return drop(end.error().text());
  if (auto attached = plane_.attach(std::move(*end)); !attached) {
    return drop(attached.error().text());
  }
  attached_ = true;
  pause_ = kFirstPause;
  log_.record(Level::Info, "rings-attached");
}

void RouterLink::lost(std::string_view why) {
  drop(why);
}

void RouterLink::drop(std::string_view why) {
  if (!why.empty()) {
    log_.record(attached_ ? Level::Notice : Level::Warning, "rings-detached",
                {{"why", std::string(why)}});
  }
  plane_.detach(why);
  attached_ = false;
  offer_.reset();
  watch_ = loop::Watch();
  socket_.reset();
  retry_.at(os::monotonic_now() + pause_);
  pause_ = std::min(pause_ * 2, kLongestPause);
}

}  // namespace covfefe::shaper
