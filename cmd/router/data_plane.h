// SPDX-License-Identifier: Apache-2.0
// The data thread: moves datagrams, packets, frames and mail between their descriptors and the
// router as a value (core::Router). Each wake does a bounded amount of work; one timer is armed
// from the core's own deadline; nothing ticks while nothing happens. Thread: data, all of it.
#pragma once

#include <array>
#include <optional>

#include "core/router.h"
#include "os/udp.h"
#include "resources.h"
#include "rpc/control_codec.h"
#include "shaper_edge.h"
#include "tun_edge.h"
#include "wire_watch.h"

namespace covfefe::router {

class DataPlane final : private core::Effects {
 public:
  DataPlane(const Node& node, const Listeners& listeners, DataResources& held, DataMailbox& inbox,
            ControlMailbox& outbox);
  // Everything is borrowed and outlives the plane.

  SysResult<void> run();
  // Until Stop arrives. Tells the control thread Stop at the end, also after an error.

 private:
  // core::Effects
  core::Frame acquire(core::Lane lane) override;
  void post(const core::Frame& frame, const core::Posting& posting) override;
  void release(const core::Frame& frame) override;
  void cancel(FlowId flow, std::uint32_t epoch) override;
  void deliver(std::span<const ByteView> packets) override;
  void ask(core::KeystoreRequest request) override;
  void tell(core::Report report) override;
  void ask(core::ShaperRequest request) override;
  void measured(FlowId flow, const core::PathSample& sample) override;

  SysResult<void> start();
  void step(const core::Input& input);
  void settle();
  void on_datagrams(std::size_t socket);
  void on_packets(std::span<const ByteView> packets);
  void on_mail();
  void take(ToData mail);
  void on_shaper_up();
  void on_shaper_down();
  void collect();
  void pace_tun();
  void tell_attached();
  void tell_places();
  [[nodiscard]] Measured measure(RequestId request) const;

  DataResources& held_;
  DataMailbox& inbox_;
  ControlMailbox& outbox_;
  rpc::ControlCodec codec_;
  core::Router router_;
  os::UdpReceiver receiver_;
  std::array<core::DatagramIn, os::kUdpBatch> batch_;
  std::array<os::FrameCompletion, 256> finished_;
  std::array<core::Completion, 256> completions_;
  ShaperEdge shaper_;
  TunEdge tun_;
  Instant next_clock_;
  bool bulk_starved_ = false;               // since the last look, no frame was free for bulk
  std::uint32_t starved_level_ = 0;         // bulk frames in use when the TUN was paused
  bool attached_told_ = true;               // false: the mail was full, told again at the next wake
  std::optional<core::LinkPlaces> places_;  // the mail was full, told again at the next wake
  std::uint64_t steps_ = 0;
  WireWatch wire_;
  loop::Watch inbox_watch_;
  loop::Timer timer_;
};

}  // namespace covfefe::router
