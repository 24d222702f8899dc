// SPDX-License-Identifier: Apache-2.0
#include "core/stream/flows.h"

#include <algorithm>

#include "wire/ip.h"

namespace covfefe::core {

namespace {

constexpr std::size_t kDestinationAt = 24;
constexpr std::size_t kNextHeaderAt = 6;
constexpr std::int64_t kNanos = 1'000'000'000;

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  a ^= b;
  a *= 0xff51afd7ed558ccdULL;
  a ^= a >> 32;
  a *= 0xc4ceb9fe1a85ec53ULL;
  return a ^ a >> 29;
}

// ICMPv6 has no ports: its first four bytes differ from echo to echo by the checksum only.
std::uint32_t ports(ByteView ip) {
  const std::uint8_t next = ip[kNextHeaderAt];
  const bool has_ports = next == wire::kNextTcp || next == wire::kNextUdp;
  if (!has_ports || ip.size() < wire::kIpv6Header + 4) return next;
  return load_le<std::uint32_t>(ip.data() + wire::kIpv6Header);
}

}  // namespace

// One of two places, as in cuckoo hashing, but without moving anybody.
Flows::Place& Flows::place(std::uint64_t hash, Instant now) {
  const auto tag = static_cast<std::uint32_t>(hash >> 32) | 1;
  Place& a = places_[hash % kPlaces];
  Place& b = places_[(hash >> 8) % kPlaces];
  if (a.tag == tag) return a;
  if (b.tag == tag) return b;
  Place& chosen = b.empty_at < a.empty_at ? b : a;
  if (chosen.empty_at <= now) chosen = Place{tag, false, now};
  return chosen;
}

TrafficClass Flows::classify(ByteView ip, Instant now) {
  std::uint64_t hash = mix(seed_, load_le<std::uint64_t>(ip.data() + kDestinationAt));
  hash = mix(hash, load_le<std::uint64_t>(ip.data() + kDestinationAt + 8));
  hash = mix(hash, std::uint64_t{ip[kNextHeaderAt]} << 32 | ports(ip));
  Place& flow = place(hash, now);
  const auto size = static_cast<std::int64_t>(ip.size());
  const Duration most{kNanos / kRate * kBurst * 2};
  flow.empty_at = std::max(flow.empty_at, now) + Duration{kNanos / kRate * size};
  flow.empty_at = std::min(flow.empty_at, now + most);
  const std::int64_t ahead = (flow.empty_at - now).nanoseconds / (kNanos / kRate);
  if (ahead > kBurst) flow.bulk = true;
  if (ahead <= kSettled) flow.bulk = false;
  return flow.bulk ? TrafficClass::Bulk : TrafficClass::Interactive;
}

}  // namespace covfefe::core
