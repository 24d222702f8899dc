// SPDX-License-Identifier: Apache-2.0
// The router's side of the packet rings: 4,096 frames of sealed datagrams, posted to the shaper and
// completed by it. The shaper may be absent, die between any two instructions or lie: a value that
// it could not have written honestly detaches, with a reason; memory of the router is never at risk
// because frame states and tags are private. Thread: data. No call allocates or blocks except
// attach.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "os/eventfd.h"
#include "os/ring_layout.h"
#include "os/shm.h"

namespace covfefe::os {

struct RouterEnd {
  SharedMemory mine;          // RouterMemory
  SharedMemory theirs;        // ShaperMemory
  EventFd wake_shaper{Fd()};  // signalled here
  EventFd wake_router{Fd()};  // drained here
};
// Made by the handshake (ring_handshake.h).

struct FrameRef {
  std::uint32_t index = 0;
  MutableBytes bytes;  // kDatagramBytes of shared memory for sealed bytes only; empty = none
};

struct FramePosting {
  FrameHead head;
  FlowId flow;  // its class is that of the frame's lane
  std::uint32_t epoch = 0;
  RingPace pace = RingPace::Now;
  std::uint64_t tag = 0;  // comes back in the completion; never leaves the router
};

struct FrameCompletion {
  std::uint64_t tag = 0;
  SendStatus status = SendStatus::Sent;
  std::uint32_t at = 0;  // when, 24 bits in units of 16,384 ns of CLOCK_MONOTONIC
};

struct FrameRingCounters {
  std::uint64_t posted = 0;
  std::uint64_t completed = 0;
  std::uint64_t unsent = 0;   // of these, completed with another status than Sent
  std::uint64_t starved = 0;  // acquire() refused while attached
  std::uint64_t wakes = 0;
  std::uint64_t attachments = 0;
  std::uint64_t violations = 0;
};

class FrameRing {
 public:
  FrameRing();
  // Detached: acquire() gives nothing, the rest does nothing.

  void attach(RouterEnd end);
  // Everything new: all frames free, nothing posted before is posted again (loss is normal, sending
  // the same bytes twice is not). The memory of an earlier attachment is unmapped here: call it
  // only when the old shaper hung up or its socket was closed.

  void detach(std::string_view why);
  // Frames that are acquired now stay writable until the next attach; what is posted is lost.

  [[nodiscard]] bool attached() const { return attached_; }
  [[nodiscard]] std::string_view why_detached() const { return why_; }
  // Static text; "" while attached.

  [[nodiscard]] FrameRef acquire(RingLane lane);
  // A free frame, last freed first; or empty bytes: detached, no slot in the lane's ring, or what
  // is free is kept for others (1/16 of all frames for lane 0, 1/4 for lane 1).

  void post(const FrameRef& frame, const FramePosting& posting);
  // Of an acquired frame, whose datagram (head.length bytes) is written. Visible to the shaper at
  // once; it is woken by flush().

  void release(const FrameRef& frame);
  // Gives an acquired frame back unposted.

  void cancel(FlowId flow, std::uint32_t epoch);
  // Has the shaper complete unsent whatever was posted before for the flow under an older epoch.
  // Kept and repeated by flush() while the ring is full.

  void report(FlowId flow, const PathReport& report);
  // On the ring of its lane; dropped where there is no room. Values beyond their range are cut.

  bool flush();
  // Once after a batch of post and cancel: wakes the shaper if it sleeps, with at most one write.
  // True when it was woken.

  [[nodiscard]] std::size_t collect(std::span<FrameCompletion> out);
  // Completions in the order in which the shaper made them; call again while it fills `out`.

  [[nodiscard]] bool sleep();
  // Before blocking, when frames or completions are waited for: asks to be woken through
  // wake_fd(). False: completions are there already, collect them instead.
  void wake();
  // After blocking (also when something else woke): no more wake-ups wanted.

  [[nodiscard]] const Fd& wake_fd() const { return end_.wake_router.fd(); }
  // To watch for reading; new with every attach, invalid before the first.
  void drain_wake();

  [[nodiscard]] std::uint32_t backlog(FlowId flow) const;
  // Datagram bytes of this flow in the shaper's queues as it says, at most 2^32-1; 0 if detached.
  // Advice for dropping early, nothing more.
  [[nodiscard]] std::uint32_t backlog_limit() const;
  // From which backlog on a flow should be given nothing more (A20), as the shaper says; follows
  // the capacity. 0 if detached.

  [[nodiscard]] std::size_t free_frames() const { return free_.size(); }
  [[nodiscard]] std::uint32_t in_use(RingLane lane) const { return in_use_[lane]; }
  [[nodiscard]] const FrameRingCounters& counters() const { return counters_; }

 private:
  enum class State : std::uint8_t { Free, Acquired, Posted };
  struct Frame {
    std::uint64_t tag = 0;
    State state = State::Free;
    RingLane lane = 0;
  };
  struct Submit {
    std::uint32_t tail = 0;      // next slot to fill
    std::uint32_t head = 0;      // as last read from the shaper
    std::uint32_t promised = 0;  // acquired frames that will need a slot
    std::uint32_t capacity = 0;
  };
  struct PendingCancel {
    FlowId flow;
    std::uint32_t epoch;
  };

  void reset();
  void violation(std::string_view why);
  void free(std::uint32_t index);
  [[nodiscard]] Submit& submit_for(RingLane lane);
  [[nodiscard]] bool has_room(RingLane lane, std::uint32_t slots);
  [[nodiscard]] bool read_head(RingLane lane);
  [[nodiscard]] bool may_take(RingLane lane) const;
  void push(RingLane lane, const Descriptor& descriptor);
  void push_cancels();
  [[nodiscard]] bool read_completion_tail();
  [[nodiscard]] bool take_completion(FrameCompletion& out);
  [[nodiscard]] RouterMemory& mine() const;
  [[nodiscard]] const ShaperMemory& theirs() const;

  RouterEnd end_;
  bool attached_ = false;
  bool dirty_ = false;  // something was submitted since the last flush
  std::string_view why_ = "no shaper yet";
  std::array<Submit, 2> submit_{};  // express, bulk
  std::uint32_t completion_head_ = 0;
  std::uint32_t completion_tail_ = 0;  // as last read from the shaper
  std::uint32_t sleep_ = 0;
  std::uint32_t woken_ = 0;  // the shaper's sleep that was answered last
  std::array<std::uint32_t, kRingLanes> in_use_{};
  std::vector<Frame> frames_;
  std::vector<std::uint32_t> free_;
  std::vector<PendingCancel> cancels_;
  FrameRingCounters counters_;
};

}  // namespace covfefe::os
