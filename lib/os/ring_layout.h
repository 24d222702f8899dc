// SPDX-License-Identifier: Apache-2.0
// The bytes that router and shaper share. Two memfds, each with exactly one writer: RouterMemory
// (frames, submit rings) is the router's, ShaperMemory (completions, backlog) the shaper's. Each
// side treats the other's memory as hostile: every shared value is an atomic that is loaded once
// into private memory, then validated, then used.
//
// All rings are single producer, single consumer. Indices run freely modulo 2^32; the slot is index
// modulo capacity; the producer publishes with release, the consumer reads with acquire.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/address.h"
#include "base/flow_class.h"
#include "base/instant.h"

namespace covfefe::os {

inline constexpr std::uint32_t kRingVersion = 2;
inline constexpr std::uint64_t kRouterMagic = 0x3172747266766f63;  // "covfrtr1"
inline constexpr std::uint64_t kShaperMagic = 0x3170687366766f63;  // "covfshp1"

inline constexpr std::uint32_t kFrames = 4'096;
inline constexpr std::size_t kFrameBytes = 2'048;
inline constexpr std::size_t kFrameHeadBytes = 64;
inline constexpr std::size_t kDatagramBytes = kFrameBytes - kFrameHeadBytes;  // 1,984
inline constexpr std::uint32_t kExpressSlots = 1'024;
inline constexpr std::uint32_t kBulkSlots = 4'096;
inline constexpr std::uint32_t kCompletionSlots = kFrames;
// Every frame is completed at most once before it is posted again, so completions always fit.
inline constexpr std::uint32_t kFlows = 4'097 * kFlowsPerLink;  // strangers and 4,096 links
inline constexpr std::uint8_t kWireSockets = 3;                 // control, data0, data1

using RingLane = std::uint8_t;
inline constexpr RingLane kLaneLink = 0;
inline constexpr RingLane kLaneRealtime = 1;
inline constexpr RingLane kLaneBulk = 2;
inline constexpr RingLane kLaneSpare = 3;
inline constexpr std::size_t kRingLanes = 4;

[[nodiscard]] constexpr RingLane lane_of(FlowId flow) {
  return lane_index(class_of(flow));
}
// A flow lives on one lane, hence on one ring: what is said about it arrives in order.

enum class RingOp : std::uint8_t {
  Send = 1,    // frame, length: queue this datagram
  Cancel = 2,  // complete unsent what this flow has queued under an older epoch (A3)
  Report = 3,  // what a friend measured of the way over the flow's link; never carries a frame
};

enum class RingPace : std::uint8_t {
  Now = 0,
  Slot = 1,  // of the idle lane: class Control, a datagram of an S cell (A23)
};

struct PathReport {
  std::uint32_t delivered = 0;  // wire bytes that arrived in the interval; 0: the first report
  Duration interval;            // at most 1.04 s, to 16 us
  Duration queue;               // at most 2.09 s, to 32 us: above the least one-way delay of late
  Duration rtt;                 // at most 4.19 s, to 64 us
  std::uint8_t lost = 0;        // of 255 sent in the interval
};

struct Descriptor {
  std::uint32_t frame = 0;  // below kFrames; 0 for Cancel
  FlowId flow;              // below kFlows, of a class
  std::uint32_t epoch = 0;
  std::uint16_t length = 0;  // 1..kDatagramBytes; 0 for Cancel
  RingOp op = RingOp::Send;
  std::uint8_t extra = 0;  // Send: a RingPace; Cancel: 0
};
// A Report is packed into the same fields: describe() and report_of().

inline constexpr int kSentAtShift = 14;  // a completion says when in units of 16,384 ns
inline constexpr std::uint32_t kSentAtMask = 0xff'ffff;
[[nodiscard]] Instant sent_at(std::uint32_t bits, Instant now);
// The last such time that is not after `now`: exact to one unit for what was sent less than 274 s
// ago.

enum class SendStatus : std::uint8_t {
  Sent = 0,
  Cancelled = 1,
  Refused = 2,  // the kernel would not take it
  Dropped = 3,  // a queue limit of the shaper
};
inline constexpr std::uint8_t kSendStatuses = 4;

struct FrameHead {
  Endpoint to;
  Address from;                      // source address, all zero = the kernel chooses
  std::uint32_t from_interface = 0;  // ifindex, 0 = any
  std::uint8_t socket = 0;           // below kWireSockets
  std::uint16_t length = 0;          // 1..kDatagramBytes, equal to the descriptor's
};

// ---- shared representation ---------------------------------------------------------------------

struct alignas(64) SharedIndex {
  std::atomic<std::uint32_t> value;
};
struct alignas(64) SharedTitle {
  std::atomic<std::uint64_t> magic;
  std::atomic<std::uint64_t> generation;  // of this attachment, as in the handshake
};

struct SharedDescriptor {
  std::atomic<std::uint64_t> words[2];
};
// Send, Cancel: word 0: frame 32, flow 32; word 1: epoch 32, length 16, op 8, extra 8; low bits
// first. Report: delivered 32 as frame, interval 16 and rtt 16 as epoch, queue 16 as length, lost
// as extra.

struct SharedFrame {
  std::atomic<std::uint64_t> head[kFrameHeadBytes / 8];
  std::uint8_t datagram[kDatagramBytes];
};
// Head, as bytes: sockaddr_in6 28 | local address 16, ifindex 4 | socket 1, zero 1, length 2 | zero
// 12.

struct RouterMemory {
  SharedTitle title;
  SharedIndex express_tail;
  SharedIndex bulk_tail;
  SharedIndex completion_head;
  SharedIndex sleep;  // odd: the router sleeps; each sleep has a new number
  SharedDescriptor express[kExpressSlots];
  SharedDescriptor bulk[kBulkSlots];
  alignas(4'096) SharedFrame frames[kFrames];
};

struct ShaperMemory {
  SharedTitle title;
  SharedIndex completion_tail;
  SharedIndex express_head;
  SharedIndex bulk_head;
  SharedIndex sleep;          // odd: the shaper sleeps; each sleep has a new number
  SharedIndex backlog_limit;  // datagram bytes that a flow should not exceed
  alignas(64) std::atomic<std::uint64_t> completions[kCompletionSlots];
  // Each: frame 32, status 8, when it was sent 24 (CLOCK_MONOTONIC in units of 16,384 ns, wrapping)
  std::atomic<std::uint32_t> backlog[kFlows];  // datagram bytes queued in the shaper
};

inline constexpr std::size_t kRouterMemoryBytes = sizeof(RouterMemory);
inline constexpr std::size_t kShaperMemoryBytes = (sizeof(ShaperMemory) + 4'095) / 4'096 * 4'096;

static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);
static_assert(sizeof(SharedDescriptor) == 16 && sizeof(SharedFrame) == kFrameBytes);
static_assert(sizeof(RouterMemory) % 4'096 == 0);
// Not a multiple of 2 MiB: memory of huge pages, whose faults may fail, cannot have these sizes.
static_assert(kRouterMemoryBytes % (2 << 20) != 0 && kShaperMemoryBytes % (2 << 20) != 0);

// ---- packing: private values to and from shared words -------------------------------------------

struct DescriptorWords {
  std::uint64_t words[2];
};
[[nodiscard]] DescriptorWords pack_descriptor(const Descriptor& descriptor);

[[nodiscard]] Descriptor describe(FlowId flow, const PathReport& report);
// Values beyond their range are cut; no interval is shorter than one unit.
[[nodiscard]] PathReport report_of(const Descriptor& descriptor);

[[nodiscard]] bool unpack_descriptor(const DescriptorWords& words, Descriptor& out);
// False unless every field is in its range and every zero is zero.

using FrameHeadWords = std::array<std::uint64_t, kFrameHeadBytes / 8>;  // as they lie in memory
[[nodiscard]] FrameHeadWords pack_head(const FrameHead& head);
[[nodiscard]] bool unpack_head(const FrameHeadWords& words, FrameHead& out);
// False unless the family is AF_INET6, the port is not 0, the socket and the length are in range
// and every zero is zero.

}  // namespace covfefe::os
