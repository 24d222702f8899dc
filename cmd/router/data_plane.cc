// SPDX-License-Identifier: Apache-2.0
#include "data_plane.h"

#include <thread>

#include "os/clock.h"
#include "rpc/convert.h"
#include "wire/limits.h"

namespace covfefe::router {
namespace {

constexpr Duration kClockEvery = Duration::seconds(10);  // core::Clock, when anything happens
constexpr int kUdpBatchesPerWake = 4;                    // of each socket
constexpr std::size_t kMailPerWake = 64;
constexpr int kCompletionBatches = 8;
// Below this many frames in use nobody waits for a completion: the next event collects them, and
// the shaper need not wake this thread for each.
constexpr std::uint32_t kWakeAbove = 256;
// A paused TUN is read again when so many bulk frames came back: one batch.
constexpr std::uint32_t kResumeAfter = 64;

// Every friend that peerdb may name has flows of its own; slot 0 is for answers to strangers.
static_assert(os::kFlows >= (rpc::kMaxFriends + 1) * kFlowsPerLink);

constexpr os::RingLane ring_lane(core::Lane lane) {
  return static_cast<os::RingLane>(lane);
}

}  // namespace

DataPlane::DataPlane(const Node& node, const Listeners& listeners, DataResources& held,
                     DataMailbox& inbox, ControlMailbox& outbox)
    : held_(held),
      inbox_(inbox),
      outbox_(outbox),
      router_(node.config, *held.random, codec_),
      shaper_(held.loop, listeners.shaper_frames,
              {.attached = [this] { on_shaper_up(); },
               .detached = [this] { on_shaper_down(); },
               .woken =
                   [this] {
                     collect();
                     settle();
                   }}),
      tun_(
          held.loop, listeners.tun,
          [this](std::span<const ByteView> packets) { on_packets(packets); },
          [this] { tell_attached(); }) {}

SysResult<void> DataPlane::run() {
  const SysResult<void> started = start();
  if (started) {
    step(core::Timer{});
    settle();
    held_.loop.run();
  }
  // The control thread goes on emptying its mailbox until it reads this.
  while (outbox_.push(Stop{}) == os::Posted::Dropped) std::this_thread::yield();
  return started;
}

SysResult<void> DataPlane::start() {
  const auto read = [this](std::size_t socket) { on_datagrams(socket); };
  if (auto watched = wire_.start(held_.loop, held_.wire, read); !watched) return watched;
  auto mail = held_.loop.on_readable(inbox_.wake_fd(), [this] { on_mail(); });
  if (!mail) return mail.error();
  inbox_watch_ = std::move(*mail);
  auto timer = held_.loop.timer([this] {
    collect();
    step(core::Timer{});
    settle();
  });
  if (!timer) return timer.error();
  timer_ = std::move(*timer);
  if (auto started = tun_.start(); !started) return started;
  return shaper_.start();
}

void DataPlane::step(const core::Input& input) {
  const Instant now = os::monotonic_now();
  if (now >= next_clock_) {
    next_clock_ = now + kClockEvery;
    held_.random->reseed_if_due(now);
    router_.step(core::Clock{os::wall_now()}, now, *this);
  }
  ++steps_;
  router_.step(input, now, *this);
}

// After every callback, before the thread may sleep: what was posted is shown to the shaper, and
// the next wakes are arranged.
void DataPlane::settle() {
  os::FrameRing& ring = shaper_.ring();
  ring.flush();
  shaper_.check();
  if (!attached_told_) tell_attached();
  if (places_) tell_places();
  pace_tun();
  std::uint32_t in_use = 0;
  for (os::RingLane lane = 0; lane < os::kRingLanes; ++lane) in_use += ring.in_use(lane);
  bool resting = !ring.attached() || (!tun_.paused() && in_use <= kWakeAbove);
  for (int turn = 0; !resting && turn < kCompletionBatches; ++turn) {
    collect();
    ring.flush();
    pace_tun();
    resting = ring.sleep();
  }
  // Completions came faster than this thread could fall asleep: nobody will wake it, so it looks
  // again by itself once the other descriptors had their turn.
  timer_.at(resting ? router_.next_deadline() : os::monotonic_now());
}

void DataPlane::on_datagrams(std::size_t socket) {
  collect();
  using Crop = WireWatch::Crop;
  Crop crop = Crop::Nothing;
  const std::uint64_t heeded = router_.heeded();
  for (int turn = 0; turn < kUdpBatchesPerWake; ++turn) {
    const auto received = receiver_.receive(held_.wire[socket]);
    if (received.empty()) break;
    crop = Crop::Refused;
    for (std::size_t i = 0; i < received.size(); ++i) {
      const os::ReceivedDatagram& one = received[i];
      batch_[i] = {
          one.bytes, one.from, {one.local, one.interface}, static_cast<std::uint8_t>(socket)};
    }
    step(core::Datagrams{{batch_.data(), received.size()}});
    if (received.size() < os::kUdpBatch) break;
    shaper_.ring().flush();
  }
  if (router_.heeded() != heeded) crop = Crop::Heeded;
  wire_.saw(socket, crop, os::monotonic_now());
  settle();
}

void DataPlane::on_packets(std::span<const ByteView> packets) {
  collect();
  step(core::Packets{packets});
  settle();
}

void DataPlane::on_mail() {
  collect();
  inbox_.drain([this](ToData mail) { take(std::move(mail)); }, kMailPerWake);
  settle();
}

void DataPlane::take(ToData mail) {
  if (std::holds_alternative<Stop>(mail)) return held_.loop.stop();
  if (const auto* query = std::get_if<MeasureQuery>(&mail)) {
    outbox_.push(measure(query->request));
    return;
  }
  if (auto* friends = std::get_if<core::FriendTable>(&mail)) return step(std::move(*friends));
  if (auto* known = std::get_if<core::Remembered>(&mail)) return step(std::move(*known));
  if (auto* reply = std::get_if<core::KeystoreReply>(&mail)) return step(std::move(*reply));
  if (auto* query = std::get_if<core::Query>(&mail)) return step(std::move(*query));
  if (auto* reply = std::get_if<core::ShaperReply>(&mail)) return step(std::move(*reply));
  if (auto* leases = std::get_if<core::LeasesKnown>(&mail)) return step(std::move(*leases));
  if (auto* revoked = std::get_if<core::LeaseRevoked>(&mail)) return step(*revoked);
  if (auto* policy = std::get_if<core::PromisePolicy>(&mail)) return step(*policy);
  if (std::holds_alternative<core::KeystoreUp>(mail)) return step(core::KeystoreUp{});
  step(core::KeystoreDown{});
}

void DataPlane::on_shaper_up() {
  step(core::ShaperUp{});
  tell_attached();
  settle();
}

void DataPlane::on_shaper_down() {
  step(core::ShaperDown{});
  tell_attached();
  settle();
}

void DataPlane::collect() {
  os::FrameRing& ring = shaper_.ring();
  if (!ring.attached()) return;
  ring.wake();
  for (int turn = 0; turn < kCompletionBatches; ++turn) {
    const std::size_t count = ring.collect(finished_);
    const Instant now = count == 0 ? Instant{} : os::monotonic_now();
    for (std::size_t i = 0; i < count; ++i) {
      const os::FrameCompletion& one = finished_[i];
      completions_[i] = {one.tag, one.status == os::SendStatus::Sent, os::sent_at(one.at, now)};
    }
    if (count != 0) step(core::Completions{{completions_.data(), count}});
    if (count < finished_.size()) break;
  }
}

// Without frames for bulk there is no place for what the TUN holds: the kernel's queue in front of
// it is where packets wait, and applications see its back pressure.
void DataPlane::pace_tun() {
  const os::FrameRing& ring = shaper_.ring();
  const std::uint32_t in_use = ring.in_use(os::kLaneBulk);
  if (!ring.attached()) return tun_.pause();
  if (bulk_starved_) {
    bulk_starved_ = false;
    starved_level_ = in_use;
    return tun_.pause();
  }
  if (in_use == 0 || in_use + kResumeAfter <= starved_level_ || starved_level_ == 0) {
    starved_level_ = 0;
    tun_.resume();
  }
}

void DataPlane::tell_attached() {
  const Attached now{tun_.attached(), shaper_.ring().attached(), shaper_.ring().why_detached()};
  attached_told_ = outbox_.push(now) == os::Posted::Queued;
}

Measured DataPlane::measure(RequestId request) const {
  const os::FrameRingCounters& ring = shaper_.ring().counters();
  const os::UdpReceiveCounters& udp = receiver_.counters();
  const os::TunCounters tun = tun_.counters();
  Measured out;
  out.request = request;
  out.counters = {{"core.steps", steps_},
                  {"udp.datagrams", udp.datagrams},
                  {"udp.truncated", udp.truncated},
                  {"udp.errors", udp.errors},
                  {"tun.packets_read", tun.packets_read},
                  {"tun.packets_written", tun.packets_written},
                  {"tun.oversize", tun.oversize},
                  {"tun.write_drops", tun.write_drops},
                  {"tun.violations", tun_.violations()},
                  {"ring.posted", ring.posted},
                  {"ring.completed", ring.completed},
                  {"ring.unsent", ring.unsent},
                  {"ring.starved", ring.starved},
                  {"ring.wakes", ring.wakes},
                  {"ring.attachments", ring.attachments},
                  {"ring.violations", ring.violations},
                  {"ring.refused", shaper_.refused()}};
  out.queues = {{"frames", os::kFrames - shaper_.ring().free_frames(), os::kFrames, ring.starved},
                {"to_control", outbox_.depth(), outbox_.capacity(), outbox_.dropped()},
                {"to_data", inbox_.depth(), inbox_.capacity(), inbox_.dropped()}};
  return out;
}

core::Frame DataPlane::acquire(core::Lane lane) {
  const os::FrameRef frame = shaper_.ring().acquire(ring_lane(lane));
  if (frame.bytes.empty()) {
    if (lane == core::Lane::Bulk) bulk_starved_ = true;
    return {};
  }
  return {frame.index, frame.bytes.first(wire::kLargeDatagram)};
}

void DataPlane::post(const core::Frame& frame, const core::Posting& posting) {
  const os::FrameHead head{posting.to, posting.from.ip, posting.from.interface, posting.socket,
                           posting.length};
  shaper_.ring().post(
      {frame.index, frame.bytes},
      {head, posting.flow, posting.epoch, static_cast<os::RingPace>(posting.pace), posting.tag});
}

void DataPlane::release(const core::Frame& frame) {
  shaper_.ring().release({frame.index, frame.bytes});
}

void DataPlane::cancel(FlowId flow, std::uint32_t epoch) {
  shaper_.ring().cancel(flow, epoch);
}

void DataPlane::deliver(std::span<const ByteView> packets) {
  tun_.write(packets);
}

void DataPlane::ask(core::KeystoreRequest request) {
  outbox_.push(std::move(request));
}

void DataPlane::ask(core::ShaperRequest request) {
  outbox_.push(std::move(request));
}

void DataPlane::measured(FlowId flow, const core::PathSample& sample) {
  shaper_.ring().report(flow,
                        {sample.delivered, sample.interval, sample.queue, sample.rtt, sample.lost});
}

void DataPlane::tell_places() {
  if (outbox_.push(*places_) == os::Posted::Queued) places_.reset();
}

void DataPlane::tell(core::Report report) {
  if (auto* places = std::get_if<core::LinkPlaces>(&report)) {
    places_ = std::move(*places);
    return tell_places();
  }
  std::visit([this](auto&& one) { outbox_.push(std::move(one)); }, std::move(report));
}

}  // namespace covfefe::router
