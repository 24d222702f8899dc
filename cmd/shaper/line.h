// SPDX-License-Identifier: Apache-2.0
// What stands between the packet rings and the wire: takes descriptors, queues them, decides which
// leaves next and when, completes them; learns from the friends' reports how fast. Knows no loop
// and no socket: time is a parameter and whoever calls does the sending. The router behind the
// rings may write what it likes at any time: it is detached, nothing worse. Thread: data.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "mail.h"
#include "os/ring_consumer.h"
#include "os/udp_send.h"
#include "shape/capacity.h"
#include "shape/scheduler.h"

namespace covfefe::shaper {

[[nodiscard]] std::uint32_t backlog_limit(std::uint64_t bytes_per_second);
// Datagram bytes that one flow should have queued at most: 50 ms of the uplink, within
// 16 KiB..1 MiB.

struct LineCounters {
  std::uint64_t wire_bytes = 0;  // sent
  std::uint64_t dropped = 0;     // by a queue's limit or for their age
  std::uint64_t cancelled = 0;
  std::uint64_t reports = 0;
};

class Line {
 public:
  struct Start {
    Uplink uplink;
    std::uint64_t seed = 1;  // of the idle lanes' jitter
    Instant now;
  };
  explicit Line(const Start& start);
  // Allocates everything.

  void attach(os::ShaperEnd end, Instant now);
  // Everything queued before is forgotten.
  void detach(std::string_view why);
  [[nodiscard]] os::FrameConsumer& rings() { return consumer_; }
  [[nodiscard]] const os::FrameConsumer& rings() const { return consumer_; }

  void apply(const Changes& changes, Instant now);

  [[nodiscard]] std::size_t intake(Instant now);
  // Takes what the router posted, at most os::kTakeMost descriptors. How many.
  [[nodiscard]] std::span<const os::OutDatagram> due(Instant now);
  // What leaves now, in order; the same again until sent() has dealt with all of it.
  void sent(std::span<const bool> sent, Instant now);
  // The first sent.size() of due(): true = sent, false = refused by the kernel.
  void learn(Instant now);
  // After a round of work and at learn_deadline(): brings the estimate and the rate up to date.

  [[nodiscard]] Instant next_deadline() const { return scheduler_.next_deadline(); }
  [[nodiscard]] Instant learn_deadline() const { return capacity_.next_deadline(); }

  [[nodiscard]] bool take_news(CapacityNews& out);
  // The estimate moved enough for admission to know.
  [[nodiscard]] bool take_minute(shape::MinuteSample& out) { return capacity_.take_minute(out); }

  void fill(Figures& figures, std::size_t first, std::size_t count) const;
  // Of figures.links; with first 0 everything else too.

  [[nodiscard]] const shape::Scheduler& scheduler() const { return scheduler_; }
  [[nodiscard]] const LineCounters& counters() const { return counters_; }
  [[nodiscard]] std::size_t in_hand() const { return due_ - done_; }
  // Decided and not yet dealt with.

 private:
  [[nodiscard]] bool accept(const os::Descriptor& posted, Instant now);
  void report(const os::Descriptor& posted, Instant now);
  void cancel(const os::Descriptor& order);
  void complete(const shape::Item& item, os::SendStatus status, Instant now);
  void decide(Instant now);
  void forget();
  void set_link(std::uint32_t slot);
  void follow(const shape::CapacityEstimate& estimate);

  static constexpr std::size_t kDecision = 128;  // datagrams per look at the rings

  Uplink uplink_;
  os::FrameConsumer consumer_;
  shape::Scheduler scheduler_;
  shape::Capacity capacity_;
  std::vector<os::FrameHead> heads_;    // by frame, copied once from shared memory
  std::vector<shape::LinkPlan> plans_;  // by slot, as configured
  std::vector<std::uint64_t> caps_;     // by slot, of its path as measured, 0 = none
  std::array<os::Descriptor, os::kTakeMost> taken_{};
  std::array<shape::Decision, kDecision> decisions_{};
  std::array<shape::Item, kDecision> items_{};  // to be sent, as out_
  std::array<os::OutDatagram, kDecision> out_{};
  std::size_t due_ = 0;   // of items_ and out_
  std::size_t done_ = 0;  // of due_
  std::uint64_t rate_ = 0;
  std::uint64_t charged_ = 0;  // bytes that left, without link.overhead
  std::uint64_t strange_ = 0;  // of them, to strangers
  std::uint64_t mute_ = 0;     // of them, what makes no report due
  std::uint64_t promised_ = 0;
  CapacityNews told_;
  LineCounters counters_;
};

}  // namespace covfefe::shaper
