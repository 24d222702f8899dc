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
#include "os/ring_layout.h"
#include "os/shm.h"

namespace covfefe::os {

struct ShaperMemoryOffer {
  SharedMemory mine;  // ShaperMemory
  std::uint64_t generation = 0;
};

struct ShaperEnd {
  SharedMemory mine;    // ShaperMemory
  SharedMemory theirs;  // RouterMemory
  Fd wake_shaper;       // eventfd, read here
  Fd wake_router;       // eventfd, written here
};

struct FrameConsumerCounters {
  std::uint64_t received = 0;
  std::uint64_t completed = 0;
  std::uint64_t wakes = 0;
  std::uint64_t attachments = 0;
  std::uint64_t violations = 0;
};

inline constexpr std::size_t kBulkPerTake = 256;

class FrameConsumer {
 public:
  FrameConsumer();

  void attach(ShaperEnd end);
  // Everything new; whatever was held from an earlier attachment is forgotten, its memory unmapped.
  void detach(std::string_view why);
  [[nodiscard]] bool attached() const { return attached_; }
  [[nodiscard]] std::string_view why_detached() const { return why_; }

  [[nodiscard]] std::size_t take(std::span<Descriptor> out);
  // Express until it is empty, then at most kBulkPerTake of bulk (A20). Less than out.size() means
  // that express is empty. out holds at least kBulkPerTake. A Send makes its frame held: posting it
  // again before it is completed is a violation.

  [[nodiscard]] bool open_head(const Descriptor& sent, FrameHead& out);
  // Copies the head of a held frame once and validates it; false detaches.
  [[nodiscard]] ByteView datagram(const Descriptor& sent) const;
  // Where the bytes are, for the kernel to read: they may change at any time.

  void complete(std::uint32_t frame, SendStatus status);
  // Of a held frame; visible to the router after publish().
  void set_backlog(FlowId flow, std::uint32_t bytes);
  void publish();
  // Once after a batch: shows completions to the router and wakes it if it sleeps.

  [[nodiscard]] bool sleep();
  // Before blocking without a deadline nearby: asks to be woken through wake_fd(). False:
  // descriptors are there already.
  void wake();
  [[nodiscard]] int wake_fd() const;  // -1 while detached
  void drain_wake();

  [[nodiscard]] const FrameConsumerCounters& counters() const { return counters_; }

 private:
  struct Receive {
    std::uint32_t head = 0;
    std::uint32_t tail = 0;  // as last read from the router
  };

  void violation(std::string_view why);
  [[nodiscard]] bool refresh(bool express);
  [[nodiscard]] std::size_t drain(bool express, std::span<Descriptor> out);
  [[nodiscard]] bool admit(bool express, const Descriptor& descriptor);
  [[nodiscard]] ShaperMemory& mine() const;
  [[nodiscard]] const RouterMemory& theirs() const;

  ShaperEnd end_;
  bool attached_ = false;
  std::string_view why_ = "no router yet";
  Receive express_;
  Receive bulk_;
  std::uint32_t completion_tail_ = 0;
  std::uint32_t published_ = 0;
  std::uint32_t sleep_ = 0;
  std::uint32_t woken_ = 0;
  std::vector<bool> held_;  // by frame
  FrameConsumerCounters counters_;
};

}  // namespace covfefe::os
