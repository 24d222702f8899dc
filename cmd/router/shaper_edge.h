// SPDX-License-Identifier: Apache-2.0
// The packet rings and the edge router.shaper-fd, over which they are set up. The newest shaper
// counts. Nothing posted to an earlier one is posted again. Thread: data.
#pragma once

#include <functional>

#include "loop/loop.h"
#include "os/ring_frames.h"

namespace covfefe::router {

class ShaperEdge {
 public:
  struct Events {
    std::function<void()> attached;
    std::function<void()> detached;
    std::function<void()> woken;  // completions may be there
  };

  ShaperEdge(loop::Loop& loop, const os::Fd& listener, Events events)
      : loop_(loop), listener_(listener), events_(std::move(events)) {}
  // loop and listener must outlive this.

  SysResult<void> start();
  [[nodiscard]] os::FrameRing& ring() { return ring_; }
  [[nodiscard]] const os::FrameRing& ring() const { return ring_; }
  void check();
  // After the ring was used: a violation that it found ends the attachment here.
  [[nodiscard]] std::uint64_t refused() const { return refused_; }
  // Connections whose offer was no ring of ours.

 private:
  void on_connect();
  void on_shaper();
  void attach();
  void drop(std::string_view why);

  loop::Loop& loop_;
  const os::Fd& listener_;
  Events events_;
  os::FrameRing ring_;
  os::Fd shaper_;
  bool told_attached_ = false;
  std::uint64_t refused_ = 0;
  // Watches end before the descriptors above close.
  loop::Watch listener_watch_;
  loop::Watch shaper_watch_;
  loop::Watch wake_watch_;
};

}  // namespace covfefe::router
