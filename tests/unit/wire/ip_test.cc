// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <random>
#include <vector>

#include "base/hex.h"
#include "wire/ip.h"

using namespace covfefe;
using namespace covfefe::wire;

namespace {

using Bytes = std::vector<std::uint8_t>;

Address address(const char* text) {
  return parse_address(text).value();
}

Bytes packet(const Ipv6Packet& fields) {
  Bytes out(kIpv6Header + fields.payload.size());
  REQUIRE(write_ipv6(fields, out) == out.size());
  return out;
}

Bytes udp_packet(std::size_t payload, std::uint8_t next = kNextUdp) {
  static const Bytes zero(2000);
  Ipv6Packet fields;
  fields.next_header = next;
  fields.hop_limit = 64;
  fields.source = address("fd01::1");
  fields.destination = address("fd02::2");
  fields.payload = ByteView(zero).first(payload);
  return packet(fields);
}

}  // namespace

TEST_CASE("packed packets come back byte for byte") {
  std::mt19937 random(8);
  for (int i = 0; i < 2'000; ++i) {
    Bytes payload(i < 10 ? kIpPayloadMost - static_cast<std::size_t>(i) : random() % 1241);
    for (auto& b : payload) b = static_cast<std::uint8_t>(random());
    Ipv6Packet fields;
    fields.traffic_class = static_cast<std::uint8_t>(random());
    fields.flow_label = static_cast<std::uint32_t>(random()) & 0xf'ffff;
    fields.next_header = static_cast<std::uint8_t>(random());
    fields.hop_limit = static_cast<std::uint8_t>(random());
    for (auto& b : fields.source.bytes) b = static_cast<std::uint8_t>(random());
    for (auto& b : fields.destination.bytes) b = static_cast<std::uint8_t>(random());
    fields.payload = payload;
    const Bytes whole = packet(fields);
    const auto parsed = parse_ipv6(whole);
    REQUIRE(parsed.ok());
    CHECK(parsed->traffic_class == fields.traffic_class);
    CHECK(parsed->flow_label == fields.flow_label);
    CHECK(parsed->source == fields.source);
    Bytes packed(packed_size(whole));
    CHECK(pack_ipv6(whole, packed) == packed.size());
    CHECK(packed.size() == kPackedHeader + payload.size());
    Bytes back(whole.size());
    const auto size = unpack_ipv6(packed, {fields.source, fields.destination}, back);
    REQUIRE(size.ok());
    CHECK(*size == whole.size());
    CHECK(back == whole);
  }
}

TEST_CASE("packets of another length or version are refused") {
  Bytes good = udp_packet(10);
  CHECK(parse_ipv6(good).ok());
  CHECK(parse_ipv6(ByteView(good).first(49)).error() == Reject::WrongLength);
  CHECK(parse_ipv6(ByteView(good).first(39)).error() == Reject::WrongLength);
  good.push_back(0);
  CHECK(parse_ipv6(good).error() == Reject::WrongLength);
  good.pop_back();
  good[0] = 0x45;
  CHECK(parse_ipv6(good).error() == Reject::WrongType);
  Bytes big(kTunMtu + 1);
  big[0] = 0x60;
  store_be<std::uint16_t>(big.data() + 4, kIpPayloadMost + 1);
  CHECK(parse_ipv6(big).error() == Reject::WrongLength);
}

TEST_CASE("packed packets that are too short, too long or have a version are refused") {
  Bytes out(2000);
  CHECK(unpack_ipv6(Bytes(5), {}, out).error() == Reject::WrongLength);
  CHECK(unpack_ipv6(Bytes(kPackedHeader + kIpPayloadMost + 1), {}, out).error() ==
        Reject::WrongLength);
  CHECK(unpack_ipv6(Bytes(kPackedHeader + 1), {}, MutableBytes(out).first(40)).error() ==
        Reject::WrongLength);
  CHECK(unpack_ipv6(Bytes(kPackedHeader, 0x60), {}, out).error() == Reject::WrongValue);
  CHECK(unpack_ipv6(Bytes(kPackedHeader), {}, out).value() == kIpv6Header);
}

TEST_CASE("a checksum is the one computed by hand") {
  const auto bytes = from_hex(
      "6000000000083a40fd010000000000000000000000000001fd020000000000000000000000000002"
      "8000000012340001");
  REQUIRE(bytes.has_value());
  const auto parsed = parse_ipv6(*bytes);
  REQUIRE(parsed.ok());
  // fd01+0001+fd02+0002 + 8 + 3a + 8000+1234+0001 = 28c7d -> 8c7f, complement 7380.
  CHECK(transport_checksum(*parsed) == 0x7380);
}

TEST_CASE("echoes are read as they were written and a bent one is refused") {
  const Bytes data(57, 7);
  Echo echo;
  echo.addresses = {address("fd01::1"), address("fd02::2")};
  echo.id = 0x1234;
  echo.sequence = 9;
  echo.data = data;
  for (const bool reply : {false, true}) {
    echo.reply = reply;
    Bytes out(200);
    out.resize(write_echo(echo, out));
    CHECK(out.size() == kIpv6Header + 8 + data.size());
    const auto read = parse_echo(out);
    REQUIRE(read.ok());
    CHECK(read->reply == reply);
    CHECK(read->id == 0x1234);
    CHECK(read->sequence == 9);
    CHECK(std::ranges::equal(read->data, data));
    out.back() ^= 1;
    CHECK(parse_echo(out).error() == Reject::Forged);
  }
  CHECK(parse_echo(udp_packet(20)).error() == Reject::WrongType);
}

TEST_CASE("an unreachable answer quotes the packet and fits the device") {
  const Address from = address("fd01::1");
  for (const std::size_t size : {0UL, 100UL, kIpPayloadMost, 1400UL}) {
    Bytes offending(kIpv6Header + size);
    copy(udp_packet(0), offending);
    store_be<std::uint16_t>(offending.data() + 4, static_cast<std::uint16_t>(size));
    Bytes out(kTunMtu);
    out.resize(write_unreachable(offending, from, Unreachable::Address, out));
    const auto answer = parse_ipv6(out);
    REQUIRE(answer.ok());
    CHECK(answer->source == from);
    CHECK(answer->destination == address("fd01::1"));
    CHECK(answer->next_header == kNextIcmp6);
    CHECK(transport_checksum(*answer) == 0);
    CHECK(answer->payload[0] == 1);
    CHECK(answer->payload[1] == 3);
    const ByteView quoted = answer->payload.subspan(8);
    CHECK(quoted.size() == std::min(offending.size(), kTunMtu - 48));
    CHECK(std::ranges::equal(quoted, ByteView(offending).first(quoted.size())));
  }
}

TEST_CASE("a packet too big is told the size that passes") {
  Bytes out(kTunMtu);
  const std::size_t size = write_too_big(udp_packet(100), address("fd01::1"), 1280, out);
  const auto answer = parse_ipv6(ByteView(out).first(size));
  REQUIRE(answer.ok());
  CHECK(answer->payload[0] == 2);
  CHECK(load_be<std::uint32_t>(answer->payload.data() + 4) == 1280);
}

TEST_CASE("no error is answered to errors, multicast, unspecified or malformed packets") {
  CHECK(may_answer_with_error(udp_packet(8)));
  Bytes p = udp_packet(8, kNextIcmp6);
  CHECK_FALSE(may_answer_with_error(p));
  p[kIpv6Header] = 128;
  CHECK(may_answer_with_error(p));
  CHECK_FALSE(may_answer_with_error(udp_packet(0, kNextIcmp6)));
  p = udp_packet(8);
  p[24] = 0xff;
  CHECK_FALSE(may_answer_with_error(p));
  p = udp_packet(8);
  std::fill(p.begin() + 8, p.begin() + 24, std::uint8_t{0});
  CHECK_FALSE(may_answer_with_error(p));
  p = udp_packet(8);
  p[0] = 0x40;
  CHECK_FALSE(may_answer_with_error(p));
  Bytes out(kTunMtu);
  CHECK(write_unreachable(p, address("fd01::1"), Unreachable::NoRoute, out) == 0);
  CHECK_FALSE(may_answer_with_error(ByteView(udp_packet(8)).first(20)));
}
