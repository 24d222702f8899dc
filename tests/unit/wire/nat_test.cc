// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <random>
#include <vector>

#include "wire/ip.h"
#include "wire/nat.h"

using namespace covfefe;
using namespace covfefe::wire;

namespace {

using Bytes = std::vector<std::uint8_t>;

const Address kOwn = parse_address("fd12:3456:789a:bcde:f012:3456:789a:bcde").value();
const Address kOnce = parse_address("fdff:ffff:0:1:8000:7fff:fffe:1").value();
const Address kFar = parse_address("fd99::9").value();

std::size_t checksum_at(std::uint8_t next_header) {
  return next_header == kNextTcp ? 16 : next_header == kNextUdp ? 6 : 2;
}

Bytes packet(const AddressPair& ends, std::uint8_t next_header, Bytes payload) {
  Ipv6Packet fields;
  fields.next_header = next_header;
  fields.hop_limit = 64;
  fields.source = ends.source;
  fields.destination = ends.destination;
  const bool sum = next_header == kNextTcp || next_header == kNextUdp || next_header == kNextIcmp6;
  const std::size_t at = checksum_at(next_header);
  if (sum && payload.size() >= at + 2) {
    store_be<std::uint16_t>(payload.data() + at, 0);
    fields.payload = payload;
    std::uint16_t value = transport_checksum(fields);
    if (next_header == kNextUdp && value == 0) value = 0xffff;
    store_be(payload.data() + at, value);
  }
  fields.payload = payload;
  Bytes out(kIpv6Header + payload.size());
  REQUIRE(write_ipv6(fields, out) == out.size());
  return out;
}

Bytes noise(std::mt19937& random, std::size_t size) {
  Bytes out(size);
  for (auto& b : out) b = static_cast<std::uint8_t>(random());
  return out;
}

Bytes error_about(const Bytes& quoted, const AddressPair& ends) {
  Bytes payload = {1, 4, 0, 0, 0, 0, 0, 0};
  payload.insert(payload.end(), quoted.begin(), quoted.end());
  return packet(ends, kNextIcmp6, payload);
}

std::uint16_t sum_of(const Bytes& whole) {
  return transport_checksum(*parse_ipv6(whole));
}

}  // namespace

TEST_CASE("a packet under another address is what would have been sent from there") {
  std::mt19937 random(3);
  for (int i = 0; i < 3'000; ++i) {
    const std::uint8_t kind = std::array{kNextTcp, kNextUdp, kNextIcmp6}[random() % 3];
    Bytes payload = noise(random, 20 + random() % 1'200);
    if (kind == kNextIcmp6) payload[0] |= 0x80;
    Address once = kOnce;
    for (auto& b : once.bytes) b = static_cast<std::uint8_t>(random());
    Bytes out = packet({kOwn, kFar}, kind, payload);
    REQUIRE(readdress(out, {Side::Source, kOwn, once}).ok());
    CHECK(sum_of(out) == 0);
    CHECK(parse_ipv6(out)->source == once);
    // And back again at the answer.
    Bytes in = packet({kFar, once}, kind, payload);
    REQUIRE(readdress(in, {Side::Destination, once, kOwn}).ok());
    CHECK(sum_of(in) == 0);
    CHECK(in == packet({kFar, kOwn}, kind, payload));
  }
}

TEST_CASE("a UDP checksum of zero stays and a computed one never becomes zero") {
  Bytes payload(9, 1);
  Bytes none = packet({kOwn, kFar}, kNextUdp, payload);
  none[46] = none[47] = 0;
  REQUIRE(readdress(none, {Side::Source, kOwn, kOnce}).ok());
  CHECK(load_be<std::uint16_t>(none.data() + 46) == 0);
  bool met = false;
  for (std::uint32_t word = 0; word <= 0xffff; ++word) {
    payload[0] = static_cast<std::uint8_t>(word >> 8);
    payload[1] = static_cast<std::uint8_t>(word);
    Bytes out = packet({kOwn, kFar}, kNextUdp, payload);
    REQUIRE(readdress(out, {Side::Source, kOwn, kOnce}).ok());
    REQUIRE(load_be<std::uint16_t>(out.data() + 46) != 0);
    met = met || load_be<std::uint16_t>(out.data() + 46) == 0xffff;
  }
  CHECK(met);
}

TEST_CASE("an ICMPv6 error quotes the packet as the other end sent it") {
  std::mt19937 random(4);
  for (int i = 0; i < 2'000; ++i) {
    const std::uint8_t kind = std::array{kNextTcp, kNextUdp, kNextIcmp6}[random() % 3];
    Bytes payload = noise(random, 20 + random() % 100);
    if (kind == kNextIcmp6) payload[0] |= 0x80;
    // Half a checksum cannot be mended.
    std::size_t cut = 40 + random() % (payload.size() + 1);
    if (cut == 40 + checksum_at(kind) + 1) ++cut;
    // The far end sent to the one-time address; the kernel here quotes what it was given.
    Bytes quoted = packet({kFar, kOwn}, kind, payload);
    Bytes expected = packet({kFar, kOnce}, kind, payload);
    quoted.resize(cut);
    expected.resize(cut);
    Bytes out = error_about(quoted, {kOwn, kFar});
    REQUIRE(readdress(out, {Side::Source, kOwn, kOnce}).ok());
    CHECK(sum_of(out) == 0);
    CHECK(out == error_about(expected, {kOnce, kFar}));
  }
}

TEST_CASE("the own address leaves in no quoted packet") {
  const Bytes other = packet({kFar, kFar}, kNextUdp, Bytes(8, 1));
  Bytes wrong = error_about(other, {kOwn, kFar});
  CHECK(readdress(wrong, {Side::Source, kOwn, kOnce}).error() == Reject::WrongValue);
  Bytes outward = packet({kFar, kOwn}, kNextUdp, Bytes(8, 1));
  outward.resize(39);
  Bytes cut = error_about(outward, {kOwn, kFar});
  CHECK(readdress(cut, {Side::Source, kOwn, kOnce}).error() == Reject::WrongLength);
  const Bytes inner = error_about(packet({kOwn, kFar}, kNextUdp, Bytes(8, 1)), {kFar, kOwn});
  Bytes nested = error_about(inner, {kOwn, kFar});
  CHECK(readdress(nested, {Side::Source, kOwn, kOnce}).error() == Reject::WrongType);
}

TEST_CASE("what carries no known checksum or is too short for it does not change its address") {
  for (const std::uint8_t next : Bytes{0, 43, 44, 50, 59, 60, 132}) {
    Bytes odd = packet({kOwn, kFar}, next, Bytes(64, 7));
    CHECK(readdress(odd, {Side::Source, kOwn, kOnce}).error() == Reject::WrongType);
  }
  for (const auto& [next, least] : {std::pair{kNextTcp, 20}, {kNextUdp, 8}, {kNextIcmp6, 4}}) {
    Bytes cut = packet({kOwn, kFar}, next, Bytes(static_cast<std::size_t>(least) - 1, 0x80));
    CHECK(readdress(cut, {Side::Source, kOwn, kOnce}).error() == Reject::WrongLength);
  }
  Bytes foreign = packet({kFar, kOwn}, kNextUdp, Bytes(8, 7));
  CHECK(readdress(foreign, {Side::Source, kOwn, kOnce}).error() == Reject::WrongValue);
}
