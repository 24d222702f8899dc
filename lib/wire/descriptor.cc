// SPDX-License-Identifier: Apache-2.0
#include "wire/descriptor.h"

#include <algorithm>

#include "base/check.h"

namespace covfefe::wire {
namespace {

constexpr std::size_t kSpare = 7;
constexpr std::uint8_t kRateMost = 63;
constexpr std::uint8_t kPerCent = 100;

bool in_range(const Descriptor& d) {
  if (all_zero(d.handle) || all_zero(d.onion_key) || all_zero(d.tag)) return false;
  if (d.expiry < kEpochSeconds + kEpochGrace || d.expiry % kEpochSeconds != kEpochGrace) {
    return false;
  }
  if (d.depth == 0 || d.depth > kDepthMost || (d.depth == 1) != (d.parent == kNoParent)) {
    return false;
  }
  if (d.parent != kNoParent && d.parent >= kDescriptorsMost) return false;
  return d.rate <= kRateMost && d.availability <= kPerCent;
}

}  // namespace

Result<Descriptor> parse_descriptor(ByteView bytes) {
  if (bytes.size() != kDescriptorSize) return Reject::WrongLength;
  Reader in(bytes);
  Descriptor out;
  out.handle = in.array<kHandleSize>();
  out.onion_key = in.array<32>();
  out.tag = in.array<16>();
  out.service_tag = in.array<16>();
  out.expiry = in.le<std::uint32_t>();
  out.parent = in.le<std::uint16_t>();
  out.depth = in.le<std::uint8_t>();
  out.rate = in.le<std::uint8_t>();
  out.availability = in.le<std::uint8_t>();
  if (!all_zero(in.take(kSpare)) || !in_range(out)) return Reject::WrongValue;
  return out;
}

void write_descriptor(const Descriptor& descriptor, MutableBytes out) {
  CHECK(out.size() == kDescriptorSize);
  Writer to(out);
  to.bytes(descriptor.handle);
  to.bytes(descriptor.onion_key);
  to.bytes(descriptor.tag);
  to.bytes(descriptor.service_tag);
  to.le(descriptor.expiry);
  to.le(descriptor.parent);
  to.le(descriptor.depth);
  to.le(descriptor.rate);
  to.le(descriptor.availability);
  to.bytes(ByteArray<kSpare>{});
}

bool follows(const Descriptor& descriptor, std::span<const Descriptor> before) {
  if (!before.empty() && descriptor.expiry != before.front().expiry) return false;
  if (descriptor.parent == kNoParent) return descriptor.depth == 1;
  if (descriptor.parent >= before.size()) return false;
  return before[descriptor.parent].depth + 1 == descriptor.depth;
}

bool all_distinct(std::span<const Descriptor> list) {
  std::vector<Handle> handles;
  handles.reserve(list.size());
  for (const Descriptor& d : list) handles.push_back(d.handle);
  std::ranges::sort(handles);
  return std::ranges::adjacent_find(handles) == handles.end();
}

Result<std::vector<Descriptor>> parse_descriptors(ByteView bytes) {
  if (bytes.size() % kDescriptorSize != 0 || bytes.size() / kDescriptorSize > kDescriptorsMost) {
    return Reject::WrongLength;
  }
  std::vector<Descriptor> out;
  out.reserve(bytes.size() / kDescriptorSize);
  for (std::size_t at = 0; at < bytes.size(); at += kDescriptorSize) {
    const Result<Descriptor> next = parse_descriptor(bytes.subspan(at, kDescriptorSize));
    if (!next) return next.error();
    if (!follows(*next, out)) return Reject::WrongValue;
    out.push_back(*next);
  }
  if (!all_distinct(out)) return Reject::WrongValue;
  return out;
}

std::vector<std::uint8_t> write_descriptors(std::span<const Descriptor> list) {
  std::vector<std::uint8_t> out(list.size() * kDescriptorSize);
  for (std::size_t i = 0; i < list.size(); ++i) {
    write_descriptor(list[i], MutableBytes(out).subspan(i * kDescriptorSize, kDescriptorSize));
  }
  return out;
}

}  // namespace covfefe::wire
