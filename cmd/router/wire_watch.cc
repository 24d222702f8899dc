// SPDX-License-Identifier: Apache-2.0
#include "wire_watch.h"

#include <utility>

namespace covfefe::router {

SysResult<void> WireWatch::start(loop::Loop& loop, const std::array<os::Fd, kWireSockets>& wire,
                                 Read read) {
  read_ = std::move(read);
  for (std::size_t i = 0; i < kWireSockets; ++i) {
    auto watch = loop.on_readable(wire[i], [this, i] { read_(i); });
    if (!watch) return watch.error();
    sockets_[i].watch = std::move(*watch);
  }
  auto timer = loop.timer([this] { on_turn(); });
  if (!timer) return timer.error();
  timer_ = std::move(*timer);
  return {};
}

void WireWatch::saw(std::size_t number, Crop crop, Instant now) {
  Socket& socket = sockets_[number];
  // A single stray datagram is no flood.
  const bool flood = crop == Crop::Refused && now - socket.refused_at < kFloodTurn * 2;
  if (crop == Crop::Refused) socket.refused_at = now;
  if (flood) timer_.at(now + kFloodTurn);
  if (flood == socket.resting) return;
  socket.resting = flood;
  if (flood) {
    socket.watch.pause();
  } else {
    socket.watch.resume();
  }
}

void WireWatch::on_turn() {
  for (std::size_t i = 0; i < kWireSockets; ++i) {
    if (sockets_[i].resting) read_(i);
  }
}

}  // namespace covfefe::router
