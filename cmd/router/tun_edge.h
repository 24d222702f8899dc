// SPDX-License-Identifier: Apache-2.0
// The TUN device and the edge router.tun, over which the tun-helper hands its descriptor: one
// message out of the helper, then nothing. The device is kept when the helper dies, and replaced
// when a newer one is handed over. Packets come from local applications. Thread: data.
#pragma once

#include <functional>
#include <optional>
#include <span>

#include "loop/loop.h"
#include "os/tun.h"

namespace covfefe::router {

class TunEdge {
 public:
  using Packets = std::function<void(std::span<const ByteView>)>;

  TunEdge(loop::Loop& loop, const os::Fd& listener, Packets packets, std::function<void()> changed)
      : loop_(loop),
        listener_(listener),
        packets_(std::move(packets)),
        changed_(std::move(changed)) {}
  // loop and listener must outlive this. `changed` is called when the device came or went.

  SysResult<void> start();
  void write(std::span<const ByteView> packets);
  // Dropped while there is no device.
  void pause();
  void resume();
  // Whether packets are read at all. Starts paused; both are cheap to repeat.
  [[nodiscard]] bool paused() const { return paused_; }
  [[nodiscard]] bool attached() const { return device_.has_value(); }
  [[nodiscard]] os::TunCounters counters() const;
  // Of all devices so far.
  [[nodiscard]] std::uint64_t violations() const { return violations_; }

 private:
  void on_connect();
  void on_helper();
  void on_packets();
  void take(os::Fd tun);
  void lose_device();

  loop::Loop& loop_;
  const os::Fd& listener_;
  Packets packets_;
  std::function<void()> changed_;
  os::Fd helper_;  // the helper's end, watched for hang-up
  bool handed_ = false;
  bool paused_ = true;
  std::optional<os::TunDevice> device_;
  os::TunCounters earlier_;  // of devices that are gone
  std::uint64_t violations_ = 0;
  // Watches end before the descriptors above close.
  loop::Watch listener_watch_;
  loop::Watch helper_watch_;
  loop::Watch device_watch_;
};

}  // namespace covfefe::router
