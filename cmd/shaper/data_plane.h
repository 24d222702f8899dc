// SPDX-License-Identifier: Apache-2.0
// From the rings to the wire: takes descriptors, lets the scheduler decide, sends straight from the
// router's frames, completes. Sleeps when there is nothing that could leave. Thread: data.
#pragma once

#include <array>
#include <functional>
#include <string_view>
#include <vector>

#include "live.h"
#include "loop/loop.h"
#include "os/ring_consumer.h"
#include "os/udp_send.h"
#include "resources.h"
#include "shape/scheduler.h"

namespace covfefe::shaper {

[[nodiscard]] std::uint32_t backlog_limit(std::uint64_t bytes_per_second);
// Datagram bytes that one flow should have queued at most: 50 ms of the uplink, within
// 16 KiB..1 MiB.

class DataPlane {
 public:
  struct Parts {
    loop::Loop& loop;
    os::UdpSender& sender;
    Live& live;
    Uplink uplink;
  };
  DataPlane(const Parts& parts, std::function<void(std::string_view why)> lost);
  // `lost` is called, outside of any other call of this class, when the router broke the rules of
  // the rings; the plane is detached then.

  [[nodiscard]] SysResult<void> start();
  // Opens its timer; before anything else.

  [[nodiscard]] SysResult<void> attach(os::ShaperEnd end);
  // Everything queued before is forgotten.
  void detach(std::string_view why);

 private:
  void pump();
  [[nodiscard]] std::size_t intake();
  [[nodiscard]] bool accept(const os::Descriptor& sent, Instant now);
  void cancel(const os::Descriptor& order);
  [[nodiscard]] std::size_t send_due();
  void fetch_due(Instant now);
  void complete(const shape::Item& item, os::SendStatus status);
  [[nodiscard]] bool rest();
  void forget();
  void show();

  loop::Loop& loop_;
  os::UdpSender& sender_;
  Live& live_;
  Uplink uplink_;
  std::function<void(std::string_view)> lost_;

  os::FrameConsumer consumer_;
  shape::Scheduler scheduler_;
  std::vector<os::FrameHead> heads_;  // by frame, copied once from shared memory
  std::array<os::Descriptor, os::kTakeMost> taken_{};

  static constexpr std::size_t kDecision = 128;  // datagrams per look at the rings
  std::array<shape::Item, kDecision> items_{};   // scheduled, in the order of sending
  std::array<os::OutDatagram, kDecision> out_{};
  std::array<bool, kDecision> sent_{};
  std::size_t due_ = 0;   // of items_ and out_
  std::size_t done_ = 0;  // of due_
  bool blocked_ = false;  // a socket's buffer is full

  std::uint64_t wire_bytes_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t cancelled_ = 0;
  std::uint64_t wakes_ = 0;

  loop::Timer timer_;
  loop::Watch wake_;
  std::vector<loop::Watch> writable_;  // by socket
};

}  // namespace covfefe::shaper
