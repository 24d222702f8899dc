// SPDX-License-Identifier: Apache-2.0
#include "os/ring_layout.h"

#include <netinet/in.h>

#include <cstring>

namespace covfefe::os {
namespace {

struct RawHead {
  sockaddr_in6 to;
  std::uint8_t from[16];
  std::uint32_t from_interface;
  std::uint8_t socket;
  std::uint8_t zero;
  std::uint16_t length;
  std::uint8_t rest[12];
};
static_assert(sizeof(sockaddr_in6) == 28 && sizeof(RawHead) == kFrameHeadBytes);

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

FrameHeadBytes pack_head(const FrameHead& head) {
  RawHead raw{};
  raw.to.sin6_family = AF_INET6;
  raw.to.sin6_port = htons(head.to.port);
  std::memcpy(raw.to.sin6_addr.s6_addr, head.to.ip.bytes.data(), 16);
  raw.to.sin6_scope_id = head.to.scope_id;
  std::memcpy(raw.from, head.from.bytes.data(), 16);
  raw.from_interface = head.from_interface;
  raw.socket = head.socket;
  raw.length = head.length;
  FrameHeadBytes out;
  std::memcpy(out.data(), &raw, sizeof raw);
  return out;
}

bool unpack_head(const FrameHeadBytes& bytes, FrameHead& out) {
  RawHead raw;
  std::memcpy(&raw, bytes.data(), sizeof raw);
  std::memcpy(out.to.ip.bytes.data(), raw.to.sin6_addr.s6_addr, 16);
  out.to.port = ntohs(raw.to.sin6_port);
  out.to.scope_id = raw.to.sin6_scope_id;
  std::memcpy(out.from.bytes.data(), raw.from, 16);
  out.from_interface = raw.from_interface;
  out.socket = raw.socket;
  out.length = raw.length;
  const bool zeros = raw.zero == 0 && raw.to.sin6_flowinfo == 0 && all_zero(raw.rest);
  return zeros && raw.to.sin6_family == AF_INET6 && out.to.port != 0 && raw.socket < kWireSockets &&
         valid_length(raw.length);
}

}  // namespace covfefe::os
