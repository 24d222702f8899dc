// SPDX-License-Identifier: Apache-2.0
#include "shaper_edge.h"

#include <cerrno>

#include "os/listen.h"
#include "os/ring_handshake.h"

namespace covfefe::router {

SysResult<void> ShaperEdge::start() {
  auto watch = loop_.on_readable(listener_, [this] { on_connect(); });
  if (!watch) return watch.error();
  listener_watch_ = std::move(*watch);
  return {};
}

void ShaperEdge::on_connect() {
  auto accepted = os::accept_unix(listener_);
  if (!accepted) return;
  drop("another shaper connected");
  shaper_ = std::move(*accepted);
  auto watch = loop_.on_readable(shaper_, [this] { on_shaper(); });
  if (watch) {
    shaper_watch_ = std::move(*watch);
  } else {
    shaper_.reset();
  }
}

void ShaperEdge::on_shaper() {
  // Attached: the handshake is over and the socket only tells by hanging up that the shaper is
  // gone; bytes on it would be a violation and end the same way.
  if (ring_.attached()) return drop("the shaper hung up");
  attach();
}

void ShaperEdge::attach() {
  auto end = os::accept_rings(shaper_);
  if (!end && end.error().number == EAGAIN) return;
  if (!end) {
    if (end.error().number != EPIPE) ++refused_;
    return drop("the shaper's offer was refused");
  }
  wake_watch_ = loop::Watch();
  ring_.attach(std::move(*end));
  auto watch = loop_.on_readable(ring_.wake_fd(), [this] {
    ring_.drain_wake();
    events_.woken();
  });
  if (!watch) return drop("the loop refused to watch the rings");
  wake_watch_ = std::move(*watch);
  told_attached_ = true;
  events_.attached();
}

void ShaperEdge::check() {
  if (told_attached_ && !ring_.attached()) drop(ring_.why_detached());
}

void ShaperEdge::drop(std::string_view why) {
  ring_.detach(why);
  wake_watch_ = loop::Watch();
  shaper_watch_ = loop::Watch();
  shaper_.reset();
  if (!told_attached_) return;
  told_attached_ = false;
  events_.detached();
}

}  // namespace covfefe::router
