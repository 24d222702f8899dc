// SPDX-License-Identifier: Apache-2.0
// The shaper's side of the packet rings. The router may lie: every descriptor and every frame head
// is copied once, then validated; a value out of range detaches, with a reason. Datagram bytes are
// never read here, only named to the kernel. Thread: data. No call allocates or blocks.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "os/eventfd.h"
#include "os/ring_layout.h"
#include "os/shm.h"

namespace covfefe::os {

struct ShaperMemoryOffer {
  SharedMemory mine;  // ShaperMemory
  std::uint64_t generation = 0;
};

struct ShaperEnd {
  SharedMemory mine;          // ShaperMemory
  SharedMemory theirs;        // RouterMemory
  EventFd wake_shaper{Fd()};  // drained here
  EventFd wake_router{Fd()};  // signalled here
};

struct FrameConsumerCounters {
  std::uint64_t received = 0;
  std::uint64_t completed = 0;
  std::uint64_t wakes = 0;
  std::uint64_t attachments = 0;
  std::uint64_t violations = 0;
};

inline constexpr std::size_t kBulkPerTake = 256;
inline constexpr std::size_t kTakeMost = kExpressSlots + kBulkPerTake;

class FrameConsumer {
 public:
  FrameConsumer();

  void attach(ShaperEnd end);
  // Everything new; whatever was held from an earlier attachment is forgotten, its memory unmapped.
  void detach(std::string_view why);
  [[nodiscard]] bool attached() const { return attached_; }
  [[nodiscard]] std::string_view why_detached() const { return why_; }

  [[nodiscard]] std::size_t take(std::span<Descriptor, kTakeMost> out);
  // All of express, then at most kBulkPerTake of bulk (A20). A Send makes its frame held: posting
  // it again before it is completed is a violation. 0: both rings are empty, or detached.

  [[nodiscard]] bool open_head(const Descriptor& sent, FrameHead& out);
  // Copies the head of a held frame once and validates it; false detaches.
  [[nodiscard]] ByteView datagram(const Descriptor& sent) const;
  // Where the bytes are, for the kernel to read: they may change at any time.

  void complete(std::uint32_t frame, SendStatus status, Instant at = {});
  // Of a held frame; at: when it was sent. Visible to the router after publish().
  void set_backlog(FlowId flow, std::uint32_t bytes);
  void set_backlog_limit(std::uint32_t bytes);
  void publish();
  // Once after a batch: shows completions to the router and wakes it if it sleeps.

  [[nodiscard]] bool sleep();
  // Before blocking without a deadline nearby: asks to be woken through wake_fd(). False:
  // descriptors are there already.
  void wake();
  [[nodiscard]] const Fd& wake_fd() const { return end_.wake_shaper.fd(); }
  void drain_wake();

  [[nodiscard]] const FrameConsumerCounters& counters() const { return counters_; }

 private:
  void violation(std::string_view why);
  enum class Ring : std::uint8_t { Express, Bulk };
  [[nodiscard]] std::size_t drain(Ring ring, std::span<Descriptor> out);
  [[nodiscard]] bool admit(Ring ring, const Descriptor& descriptor);
  [[nodiscard]] bool completion_fits();
  [[nodiscard]] ShaperMemory& mine() const;
  [[nodiscard]] const RouterMemory& theirs() const;

  ShaperEnd end_;
  bool attached_ = false;
  std::string_view why_ = "no router yet";
  std::uint32_t express_head_ = 0;
  std::uint32_t bulk_head_ = 0;
  std::uint32_t completion_tail_ = 0;
  std::uint32_t published_ = 0;        // tail that the router can see
  std::uint32_t completion_head_ = 0;  // as last read from the router
  std::uint32_t sleep_ = 0;
  std::uint32_t woken_ = 0;
  std::vector<std::uint8_t> held_;  // by frame, 0 or 1
  FrameConsumerCounters counters_;
};

}  // namespace covfefe::os
