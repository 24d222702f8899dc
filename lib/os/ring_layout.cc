// SPDX-License-Identifier: Apache-2.0
#include "os/ring_layout.h"

#include <netinet/in.h>

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

}  // namespace

DescriptorWords pack_descriptor(const Descriptor& d) {
  DescriptorWords out{};
  out.words[0] = d.frame | (std::uint64_t{d.flow.value} << 32);
  out.words[1] =
      d.epoch | (std::uint64_t{d.length} << 32) | (static_cast<std::uint64_t>(d.op) << 48);
  return out;
}

bool unpack_descriptor(const DescriptorWords& words, Descriptor& out) {
  const std::uint64_t op = words.words[1] >> 48;
  out.frame = static_cast<std::uint32_t>(words.words[0]);
  out.flow.value = static_cast<std::uint32_t>(words.words[0] >> 32);
  out.epoch = static_cast<std::uint32_t>(words.words[1]);
  out.length = static_cast<std::uint16_t>(words.words[1] >> 32);
  if (out.flow.value >= kFlows) return false;
  if (op == static_cast<std::uint64_t>(RingOp::Cancel)) {
    out.op = RingOp::Cancel;
    return out.frame == 0 && out.length == 0;
  }
  out.op = RingOp::Send;
  return op == static_cast<std::uint64_t>(RingOp::Send) && out.frame < kFrames &&
         valid_length(out.length);
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
