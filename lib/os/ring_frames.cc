// SPDX-License-Identifier: Apache-2.0
#include "os/ring_frames.h"

#include <algorithm>

#include "base/check.h"

namespace covfefe::os {
namespace {

constexpr std::array<std::uint32_t, kRingLanes> kReserved = {kFrames / 16, kFrames / 4, 0, 0};
constexpr std::uint32_t kCancelSlots = 32;
// Slots of each ring that no frame takes, so that a rekey under full load gets its cancels through.

std::uint32_t reserve_left(std::uint32_t reserved, std::uint32_t used) {
  return reserved > used ? reserved - used : 0;
}

}  // namespace

FrameRing::FrameRing() : frames_(kFrames) {
  free_.reserve(kFrames);
  reset();
}

void FrameRing::reset() {
  submit_ = {Submit{.capacity = kExpressSlots}, Submit{.capacity = kBulkSlots}};
  completion_head_ = completion_tail_ = sleep_ = woken_ = 0;
  in_use_ = {};
  std::fill(frames_.begin(), frames_.end(), Frame{});
  free_.clear();
  for (std::uint32_t i = kFrames; i-- > 0;) free_.push_back(i);
  cancels_.clear();
  dirty_ = false;
}

void FrameRing::attach(RouterEnd end) {
  CHECK(end.mine.size() == kRouterMemoryBytes && end.theirs.size() == kShaperMemoryBytes);
  reset();
  end_ = std::move(end);
  attached_ = true;
  why_ = {};
  ++counters_.attachments;
}

void FrameRing::detach(std::string_view why) {
  if (!attached_) return;
  attached_ = false;
  why_ = why;
}

void FrameRing::violation(std::string_view why) {
  ++counters_.violations;
  detach(why);
}

RouterMemory& FrameRing::mine() const {
  return *static_cast<RouterMemory*>(end_.mine.data());
}
const ShaperMemory& FrameRing::theirs() const {
  return *static_cast<const ShaperMemory*>(end_.theirs.data());
}

FrameRing::Submit& FrameRing::submit_for(RingLane lane) {
  return submit_[lane == kLaneBulk ? 1 : 0];
}

bool FrameRing::may_take(RingLane lane) const {
  std::uint32_t kept = 0;
  for (std::size_t other = 0; other < kRingLanes; ++other) {
    if (other != lane) kept += reserve_left(kReserved[other], in_use_[other]);
  }
  return free_.size() > kept;
}

bool FrameRing::read_head(RingLane lane) {
  Submit& ring = submit_for(lane);
  const SharedIndex& shared = lane == kLaneBulk ? theirs().bulk_head : theirs().express_head;
  const std::uint32_t head = shared.value.load(std::memory_order_acquire);
  if (head - ring.head > ring.tail - ring.head) {
    violation("the shaper consumed descriptors that were never posted");
    return false;
  }
  ring.head = head;
  return true;
}

bool FrameRing::has_room(RingLane lane, std::uint32_t slots) {
  Submit& ring = submit_for(lane);
  if (ring.capacity - (ring.tail - ring.head) >= slots) return true;
  return read_head(lane) && ring.capacity - (ring.tail - ring.head) >= slots;
}

FrameRef FrameRing::acquire(RingLane lane) {
  CHECK(lane < kRingLanes);
  if (!attached_) return {};
  Submit& ring = submit_for(lane);
  if (!may_take(lane) || !has_room(lane, ring.promised + 1 + kCancelSlots)) {
    ++counters_.starved;
    return {};
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  frames_[index] = {.tag = 0, .state = State::Acquired, .lane = lane};
  ++in_use_[lane];
  ++ring.promised;
  return {index, mine().frames[index].datagram};
}

void FrameRing::free(std::uint32_t index) {
  Frame& frame = frames_[index];
  frame.state = State::Free;
  --in_use_[frame.lane];
  free_.push_back(index);
}

void FrameRing::release(const FrameRef& ref) {
  CHECK(ref.index < kFrames && frames_[ref.index].state == State::Acquired);
  --submit_for(frames_[ref.index].lane).promised;
  free(ref.index);
}

void FrameRing::post(const FrameRef& ref, const FramePosting& posting) {
  CHECK(ref.index < kFrames && frames_[ref.index].state == State::Acquired);
  Frame& frame = frames_[ref.index];
  CHECK(posting.flow.value < kFlows && has_class(posting.flow));
  CHECK(lane_of(posting.flow) == frame.lane);
  CHECK(posting.head.length >= 1 && posting.head.length <= kDatagramBytes);
  if (!attached_) return release(ref);
  const FrameHeadWords head = pack_head(posting.head);
  SharedFrame& shared = mine().frames[ref.index];
  for (std::size_t i = 0; i < head.size(); ++i) {
    shared.head[i].store(head[i], std::memory_order_relaxed);
  }
  --submit_for(frame.lane).promised;
  frame.state = State::Posted;
  frame.tag = posting.tag;
  ++counters_.posted;
  push(frame.lane, {ref.index, posting.flow, posting.epoch, posting.head.length, RingOp::Send,
                    static_cast<std::uint8_t>(posting.pace)});
}

void FrameRing::push(RingLane lane, const Descriptor& descriptor) {
  Submit& ring = submit_for(lane);
  const bool bulk = lane == kLaneBulk;
  RouterMemory& memory = mine();
  SharedDescriptor& slot =
      bulk ? memory.bulk[ring.tail % kBulkSlots] : memory.express[ring.tail % kExpressSlots];
  const DescriptorWords words = pack_descriptor(descriptor);
  slot.words[0].store(words.words[0], std::memory_order_relaxed);
  slot.words[1].store(words.words[1], std::memory_order_relaxed);
  ++ring.tail;
  (bulk ? memory.bulk_tail : memory.express_tail).value.store(ring.tail, std::memory_order_release);
  dirty_ = true;
}

void FrameRing::cancel(FlowId flow, std::uint32_t epoch) {
  CHECK(flow.value < kFlows && has_class(flow));
  if (!attached_) return;
  for (PendingCancel& pending : cancels_) {
    if (pending.flow != flow) continue;
    pending.epoch = std::max(pending.epoch, epoch);
    return;
  }
  cancels_.push_back({flow, epoch});
  push_cancels();
}

void FrameRing::report(FlowId flow, const PathReport& report) {
  CHECK(flow.value < kFlows && has_class(flow));
  if (!attached_ || !has_room(lane_of(flow), submit_for(lane_of(flow)).promised + 1)) return;
  push(lane_of(flow), describe(flow, report));
}

void FrameRing::push_cancels() {
  while (attached_ && !cancels_.empty()) {
    const PendingCancel next = cancels_.back();
    const RingLane lane = lane_of(next.flow);
    // Slots promised to acquired frames stay theirs.
    if (!has_room(lane, submit_for(lane).promised + 1)) return;
    cancels_.pop_back();
    push(lane, {0, next.flow, next.epoch, 0, RingOp::Cancel, 0});
  }
}

bool FrameRing::flush() {
  if (!attached_) return false;
  push_cancels();
  if (!attached_ || !dirty_) return false;
  dirty_ = false;
  // Pairs with the fence in FrameConsumer::sleep(): either it sees our tail or we see it sleep.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  const std::uint32_t sleep = theirs().sleep.value.load(std::memory_order_relaxed);
  if (sleep % 2 == 0 || sleep == woken_) return false;
  woken_ = sleep;
  ++counters_.wakes;
  end_.wake_shaper.signal();
  return true;
}

bool FrameRing::read_completion_tail() {
  const std::uint32_t tail = theirs().completion_tail.value.load(std::memory_order_acquire);
  if (tail - completion_head_ > kCompletionSlots ||
      tail - completion_head_ < completion_tail_ - completion_head_) {
    violation("the shaper's completion index makes no sense");
    return false;
  }
  completion_tail_ = tail;
  return true;
}

bool FrameRing::take_completion(FrameCompletion& out) {
  const std::uint64_t word =
      theirs().completions[completion_head_ % kCompletionSlots].load(std::memory_order_relaxed);
  const auto index = static_cast<std::uint32_t>(word);
  const std::uint64_t status = word >> 32 & 0xff;
  if (index >= kFrames || status >= kSendStatuses || frames_[index].state != State::Posted) {
    violation("the shaper completed a frame that was not posted");
    return false;
  }
  ++completion_head_;
  out = {frames_[index].tag, static_cast<SendStatus>(status),
         static_cast<std::uint32_t>(word >> 40)};
  ++counters_.completed;
  if (out.status != SendStatus::Sent) ++counters_.unsent;
  free(index);
  return true;
}

std::size_t FrameRing::collect(std::span<FrameCompletion> out) {
  if (!attached_ || !read_completion_tail()) return 0;
  std::size_t count = 0;
  while (count < out.size() && completion_head_ != completion_tail_) {
    if (!take_completion(out[count])) return count;
    ++count;
  }
  if (count != 0) {
    mine().completion_head.value.store(completion_head_, std::memory_order_release);
  }
  return count;
}

bool FrameRing::sleep() {
  if (!attached_) return true;
  if (sleep_ % 2 == 0) ++sleep_;
  mine().sleep.value.store(sleep_, std::memory_order_relaxed);
  // Pairs with the fence in FrameConsumer::publish().
  std::atomic_thread_fence(std::memory_order_seq_cst);
  const bool idle = read_completion_tail() && completion_head_ == completion_tail_;
  if (!idle) wake();
  return idle || !attached_;
}

void FrameRing::wake() {
  if (sleep_ % 2 == 0) return;
  mine().sleep.value.store(++sleep_, std::memory_order_relaxed);
}

void FrameRing::drain_wake() {
  if (end_.wake_router.fd().valid()) end_.wake_router.drain();
}

std::uint32_t FrameRing::backlog(FlowId flow) const {
  if (!attached_ || flow.value >= kFlows) return 0;
  return theirs().backlog[flow.value].load(std::memory_order_relaxed);
}

std::uint32_t FrameRing::backlog_limit() const {
  return attached_ ? theirs().backlog_limit.value.load(std::memory_order_relaxed) : 0;
}

}  // namespace covfefe::os
