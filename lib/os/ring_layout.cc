// SPDX-License-Identifier: Apache-2.0
#include "os/ring_layout.h"

#include <netinet/in.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>

namespace covfefe::os {
namespace {

// Assembled and taken apart in whole words: a struct copied byte-wise costs several stalls per
// packet, since loads cannot be served from pending stores of other sizes.
//
// Word 0 family 16, port 16 (network order), flowinfo 32 | 1, 2 address | 3 scope 32, source 32 |
// 4 source 64 | 5 source 32, ifindex 32 | 6 socket 8, zero 8, length 16, zero 32 | 7 zero.
static_assert(offsetof(sockaddr_in6, sin6_port) == 2 && offsetof(sockaddr_in6, sin6_addr) == 8 &&
              offsetof(sockaddr_in6, sin6_scope_id) == 24 && sizeof(sockaddr_in6) == 28);
static_assert(std::endian::native == std::endian::little);

template <typename T>
T load(const Address& address, std::size_t at) {
  T out;
  std::memcpy(&out, address.bytes.data() + at, sizeof out);
  return out;
}

template <typename T>
void store(Address& address, std::size_t at, T value) {
  std::memcpy(address.bytes.data() + at, &value, sizeof value);
}

std::uint64_t pair_of(std::uint32_t low, std::uint32_t high) {
  return low | (std::uint64_t{high} << 32);
}
std::uint32_t low_of(std::uint64_t word) {
  return static_cast<std::uint32_t>(word);
}
std::uint32_t high_of(std::uint64_t word) {
  return static_cast<std::uint32_t>(word >> 32);
}

bool valid_length(std::size_t length) {
  return length >= 1 && length <= kDatagramBytes;
}

// In units of 2^shift nanoseconds, 16 bits.
std::uint64_t pack_time(Duration time, int shift) {
  return static_cast<std::uint64_t>(std::clamp<std::int64_t>(time.nanoseconds >> shift, 0, 0xffff));
}
Duration unpack_time(std::uint64_t bits, int shift) {
  return {static_cast<std::int64_t>(bits & 0xffff) << shift};
}

constexpr int kIntervalShift = 14;
constexpr int kQueueShift = 15;
constexpr int kRttShift = 16;

}  // namespace

DescriptorWords pack_descriptor(const Descriptor& d) {
  DescriptorWords out{};
  out.words[0] = d.frame | (std::uint64_t{d.flow.value} << 32);
  out.words[1] = d.epoch | (std::uint64_t{d.length} << 32) |
                 (static_cast<std::uint64_t>(d.op) << 48) | (std::uint64_t{d.extra} << 56);
  return out;
}

Descriptor describe(FlowId flow, const PathReport& report) {
  Descriptor out;
  out.frame = report.delivered;
  out.flow = flow;
  const std::uint64_t interval =
      std::max<std::uint64_t>(pack_time(report.interval, kIntervalShift), 1);
  out.epoch = static_cast<std::uint32_t>(interval | pack_time(report.rtt, kRttShift) << 16);
  out.length = static_cast<std::uint16_t>(pack_time(report.queue, kQueueShift));
  out.op = RingOp::Report;
  out.extra = report.lost;
  return out;
}

PathReport report_of(const Descriptor& d) {
  return {d.frame, unpack_time(d.epoch, kIntervalShift), unpack_time(d.length, kQueueShift),
          unpack_time(d.epoch >> 16, kRttShift), d.extra};
}

Instant sent_at(std::uint32_t bits, Instant now) {
  const std::int64_t unit = now.nanoseconds >> kSentAtShift;
  return {(unit - ((unit - bits) & kSentAtMask)) << kSentAtShift};
}

bool unpack_descriptor(const DescriptorWords& words, Descriptor& out) {
  out.frame = low_of(words.words[0]);
  out.flow.value = high_of(words.words[0]);
  out.epoch = low_of(words.words[1]);
  out.length = static_cast<std::uint16_t>(words.words[1] >> 32);
  out.op = static_cast<RingOp>(words.words[1] >> 48 & 0xff);
  out.extra = static_cast<std::uint8_t>(words.words[1] >> 56);
  if (out.flow.value >= kFlows || !has_class(out.flow)) return false;
  switch (out.op) {
    case RingOp::Send:
      return out.frame < kFrames && valid_length(out.length) &&
             (out.extra == static_cast<std::uint8_t>(RingPace::Now) ||
              (out.extra == static_cast<std::uint8_t>(RingPace::Slot) &&
               class_of(out.flow) == FlowClass::Control));
    case RingOp::Cancel:
      return out.frame == 0 && out.length == 0 && out.extra == 0;
    case RingOp::Report:
      return (out.epoch & 0xffff) != 0;
  }
  return false;
}

FrameHeadWords pack_head(const FrameHead& head) {
  const std::uint64_t port = htons(head.to.port);
  return {std::uint64_t{AF_INET6} | (port << 16),
          load<std::uint64_t>(head.to.ip, 0),
          load<std::uint64_t>(head.to.ip, 8),
          pair_of(head.to.scope_id, load<std::uint32_t>(head.from, 0)),
          load<std::uint64_t>(head.from, 4),
          pair_of(load<std::uint32_t>(head.from, 12), head.from_interface),
          head.socket | (std::uint64_t{head.length} << 16),
          0};
}

bool unpack_head(const FrameHeadWords& words, FrameHead& out) {
  store(out.to.ip, 0, words[1]);
  store(out.to.ip, 8, words[2]);
  out.to.port = ntohs(static_cast<std::uint16_t>(words[0] >> 16));
  out.to.scope_id = low_of(words[3]);
  store(out.from, 0, high_of(words[3]));
  store(out.from, 4, words[4]);
  store(out.from, 12, low_of(words[5]));
  out.from_interface = high_of(words[5]);
  out.socket = static_cast<std::uint8_t>(words[6]);
  out.length = static_cast<std::uint16_t>(words[6] >> 16);
  const bool zeros =
      high_of(words[0]) == 0 && (words[6] & 0xffffffff0000ff00) == 0 && words[7] == 0;
  return zeros && (words[0] & 0xffff) == AF_INET6 && out.to.port != 0 &&
         out.socket < kWireSockets && valid_length(out.length);
}

}  // namespace covfefe::os
