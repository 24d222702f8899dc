// SPDX-License-Identifier: Apache-2.0
#include "os/ring_consumer.h"

#include <algorithm>

#include "base/check.h"

namespace covfefe::os {

FrameConsumer::FrameConsumer() : held_(kFrames, 0) {}

void FrameConsumer::attach(ShaperEnd end) {
  CHECK(end.mine.size() == kShaperMemoryBytes && end.theirs.size() == kRouterMemoryBytes);
  end_ = std::move(end);
  attached_ = true;
  why_ = {};
  express_head_ = bulk_head_ = 0;
  completion_tail_ = published_ = completion_head_ = 0;
  sleep_ = woken_ = 0;
  std::fill(held_.begin(), held_.end(), std::uint8_t{0});
  ++counters_.attachments;
}

void FrameConsumer::detach(std::string_view why) {
  if (!attached_) return;
  attached_ = false;
  why_ = why;
}

void FrameConsumer::violation(std::string_view why) {
  ++counters_.violations;
  detach(why);
}

ShaperMemory& FrameConsumer::mine() const {
  return *static_cast<ShaperMemory*>(end_.mine.data());
}
const RouterMemory& FrameConsumer::theirs() const {
  return *static_cast<const RouterMemory*>(end_.theirs.data());
}

bool FrameConsumer::admit(Ring ring, const Descriptor& descriptor) {
  if ((lane_of(descriptor.flow) == kLaneBulk) != (ring == Ring::Bulk)) {
    violation("a flow's descriptor on the ring of another lane");
    return false;
  }
  if (descriptor.op != RingOp::Send) return true;
  if (held_[descriptor.frame] != 0) {
    violation("a frame was posted again before it was completed");
    return false;
  }
  held_[descriptor.frame] = 1;
  return true;
}

std::size_t FrameConsumer::drain(Ring ring, std::span<Descriptor> out) {
  const bool bulk = ring == Ring::Bulk;
  const std::uint32_t capacity = bulk ? kBulkSlots : kExpressSlots;
  const RouterMemory& from = theirs();
  std::uint32_t& head = bulk ? bulk_head_ : express_head_;
  const std::uint32_t tail =
      (bulk ? from.bulk_tail : from.express_tail).value.load(std::memory_order_acquire);
  if (tail - head > capacity) {
    violation("more descriptors than the ring has slots");
    return 0;
  }
  std::size_t count = 0;
  for (; head != tail && count < out.size(); ++head, ++count) {
    const SharedDescriptor& slot = (bulk ? from.bulk : from.express)[head % capacity];
    const DescriptorWords words{{slot.words[0].load(std::memory_order_relaxed),
                                 slot.words[1].load(std::memory_order_relaxed)}};
    if (!unpack_descriptor(words, out[count])) {
      violation("a descriptor with a field out of range");
      return 0;
    }
    if (!admit(ring, out[count])) return 0;
  }
  if (count == 0) return 0;
  (bulk ? mine().bulk_head : mine().express_head).value.store(head, std::memory_order_release);
  counters_.received += count;
  return count;
}

std::size_t FrameConsumer::take(std::span<Descriptor, kTakeMost> out) {
  if (!attached_) return 0;
  const std::size_t express = drain(Ring::Express, out.first(kExpressSlots));
  if (!attached_) return 0;
  const std::size_t bulk = drain(Ring::Bulk, out.subspan(express, kBulkPerTake));
  return attached_ ? express + bulk : 0;
}

bool FrameConsumer::open_head(const Descriptor& sent, FrameHead& out) {
  CHECK(sent.frame < kFrames && held_[sent.frame] != 0);
  if (!attached_) return false;
  const SharedFrame& shared = theirs().frames[sent.frame];
  FrameHeadWords head;
  for (std::size_t i = 0; i < head.size(); ++i) {
    head[i] = shared.head[i].load(std::memory_order_relaxed);
  }
  if (unpack_head(head, out) && out.length == sent.length) return true;
  violation("a frame head with a field out of range");
  return false;
}

ByteView FrameConsumer::datagram(const Descriptor& sent) const {
  CHECK(sent.frame < kFrames && sent.length <= kDatagramBytes);
  return ByteView(theirs().frames[sent.frame].datagram).first(sent.length);
}

bool FrameConsumer::completion_fits() {
  if (completion_tail_ - completion_head_ < kCompletionSlots) return true;
  const std::uint32_t head = theirs().completion_head.value.load(std::memory_order_acquire);
  if (completion_tail_ - head < kCompletionSlots) {
    completion_head_ = head;
    return true;
  }
  violation("the router reuses frames whose completions it never read");
  return false;
}

void FrameConsumer::complete(std::uint32_t frame, SendStatus status, Instant at) {
  if (!attached_) return;
  CHECK(frame < kFrames && held_[frame] != 0);
  held_[frame] = 0;
  if (!completion_fits()) return;
  const auto when = static_cast<std::uint64_t>(at.nanoseconds) >> kSentAtShift & kSentAtMask;
  const std::uint64_t word = frame | (static_cast<std::uint64_t>(status) << 32) | when << 40;
  mine().completions[completion_tail_ % kCompletionSlots].store(word, std::memory_order_relaxed);
  ++completion_tail_;
  ++counters_.completed;
}

void FrameConsumer::set_backlog(FlowId flow, std::uint32_t bytes) {
  CHECK(flow.value < kFlows);
  if (attached_) mine().backlog[flow.value].store(bytes, std::memory_order_relaxed);
}

void FrameConsumer::set_backlog_limit(std::uint32_t bytes) {
  if (attached_) mine().backlog_limit.value.store(bytes, std::memory_order_relaxed);
}

void FrameConsumer::publish() {
  if (!attached_ || published_ == completion_tail_) return;
  published_ = completion_tail_;
  mine().completion_tail.value.store(published_, std::memory_order_release);
  // Pairs with the fence in FrameRing::sleep(): either it sees our tail or we see it sleep.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  const std::uint32_t sleep = theirs().sleep.value.load(std::memory_order_relaxed);
  if (sleep % 2 == 0 || sleep == woken_) return;
  woken_ = sleep;
  ++counters_.wakes;
  end_.wake_router.signal();
}

bool FrameConsumer::sleep() {
  if (!attached_) return true;
  if (sleep_ % 2 == 0) ++sleep_;
  mine().sleep.value.store(sleep_, std::memory_order_relaxed);
  // Pairs with the fence in FrameRing::flush().
  std::atomic_thread_fence(std::memory_order_seq_cst);
  const RouterMemory& from = theirs();
  const bool idle = from.express_tail.value.load(std::memory_order_relaxed) == express_head_ &&
                    from.bulk_tail.value.load(std::memory_order_relaxed) == bulk_head_;
  if (!idle) wake();
  return idle;
}

void FrameConsumer::wake() {
  if (sleep_ % 2 == 0) return;
  mine().sleep.value.store(++sleep_, std::memory_order_relaxed);
}

void FrameConsumer::drain_wake() {
  if (end_.wake_shaper.fd().valid()) end_.wake_shaper.drain();
}

}  // namespace covfefe::os
