// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <random>
#include <vector>

#include "wire/handshake.h"

using namespace covfefe;
using namespace covfefe::wire;

namespace {

std::vector<std::uint8_t> datagram(std::size_t size, std::uint32_t word) {
  std::vector<std::uint8_t> out(size, 0xa5);
  store_le(out.data(), word);
  return out;
}

bool same(ByteView a, ByteView b) {
  return std::ranges::equal(a, b);
}

}  // namespace

TEST_CASE("a datagram's kind follows from its length and first word") {
  CHECK(classify(datagram(256, 1)).value() == DatagramKind::Initiation);
  CHECK(classify(datagram(256, 2)).value() == DatagramKind::Response);
  CHECK(classify(datagram(64, 3)).value() == DatagramKind::CookieReply);
  CHECK(classify(datagram(256, 256)).value() == DatagramKind::SmallCell);
  CHECK(classify(datagram(1400, 0xffffffff)).value() == DatagramKind::LargeCell);
}

TEST_CASE("no other length or first word is a datagram") {
  for (const std::size_t size : {4UL, 63UL, 65UL, 255UL, 257UL, 1399UL, 1401UL, 2048UL}) {
    CHECK(classify(datagram(size, 300)).error() == Reject::WrongLength);
  }
  CHECK(classify({}).error() == Reject::WrongLength);
  for (const std::uint32_t word : {0U, 4U, 255U}) {
    CHECK(classify(datagram(256, word)).error() == Reject::WrongType);
    CHECK(classify(datagram(1400, word)).error() == Reject::WrongType);
    CHECK(classify(datagram(64, word)).error() == Reject::WrongType);
  }
  CHECK(classify(datagram(1400, 1)).error() == Reject::WrongLength);
  CHECK(classify(datagram(64, 2)).error() == Reject::WrongLength);
  CHECK(classify(datagram(256, 3)).error() == Reject::WrongLength);
  CHECK(classify(datagram(64, 256)).error() == Reject::WrongLength);
}

TEST_CASE("handshake datagrams are read as they were written") {
  std::mt19937 random(3);
  std::vector<std::uint8_t> noise(kInitiationNoise);
  for (auto& b : noise) b = static_cast<std::uint8_t>(random());

  ByteArray<kInitiationSize> one{};
  write_initiation({4711, noise}, one);
  const auto initiation = parse_initiation(one);
  REQUIRE(initiation.ok());
  CHECK(initiation->sender == 4711);
  CHECK(same(initiation->noise, noise));
  CHECK(all_zero(ByteView(one).subspan(kMac1At)));
  CHECK(parse_response(one).error() == Reject::WrongType);

  ByteArray<kResponseSize> two{};
  const ByteView shorter = ByteView(noise).first(kResponseNoise);
  write_response({0x80000001, 4711, shorter}, two);
  const auto response = parse_response(two);
  REQUIRE(response.ok());
  CHECK(response->sender == 0x80000001);
  CHECK(response->receiver == 4711);
  CHECK(same(response->noise, shorter));

  ByteArray<kCookieReplySize> three{};
  write_cookie_reply({256, ByteView(noise).first(24), ByteView(noise).last(32)}, three);
  const auto cookie = parse_cookie_reply(three);
  REQUIRE(cookie.ok());
  CHECK(cookie->receiver == 256);
  CHECK(same(cookie->nonce, ByteView(noise).first(24)));
  CHECK(same(cookie->sealed, ByteView(noise).last(32)));
}

TEST_CASE("indices that are never issued are refused in handshakes") {
  auto bytes = datagram(256, 1);
  store_le<std::uint32_t>(bytes.data() + 4, 255);
  CHECK(parse_initiation(bytes).error() == Reject::WrongValue);
  bytes = datagram(256, 2);
  store_le<std::uint32_t>(bytes.data() + 8, 3);
  CHECK(parse_response(bytes).error() == Reject::WrongValue);
  bytes = datagram(64, 3);
  store_le<std::uint32_t>(bytes.data() + 4, 0);
  CHECK(parse_cookie_reply(bytes).error() == Reject::WrongValue);
}

TEST_CASE("handshake payloads are read as they were written") {
  InitiationPayload one;
  one.timestamp = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  one.boot_id = {21, 22, 23, 24, 25, 26, 27, 28};
  one.version = 0x0102;
  one.flags = 0x8001;
  auto bytes = write_payload(one);
  const auto read = parse_initiation_payload(bytes);
  REQUIRE(read.ok());
  CHECK(read->timestamp == one.timestamp);
  CHECK(read->boot_id == one.boot_id);
  CHECK(read->version == one.version);
  CHECK(read->flags == one.flags);

  ResponsePayload two;
  two.boot_id = one.boot_id;
  two.flags = 3;
  const auto answer = parse_response_payload(write_payload(two));
  REQUIRE(answer.ok());
  CHECK(answer->boot_id == two.boot_id);
  CHECK(answer->version == 1);
  CHECK(answer->flags == 3);
}

TEST_CASE("a payload whose spare bytes are not zero is refused, wherever the bit stands") {
  for (std::size_t at = 24; at < kInitiationPayload; ++at) {
    auto bytes = write_payload(InitiationPayload{});
    bytes[at] = 1;
    CHECK(parse_initiation_payload(bytes).error() == Reject::WrongValue);
  }
  for (std::size_t at = 12; at < kResponsePayload; ++at) {
    auto bytes = write_payload(ResponsePayload{});
    bytes[at] = 0x80;
    CHECK(parse_response_payload(bytes).error() == Reject::WrongValue);
  }
  InitiationPayload none;
  none.version = 0;
  CHECK(parse_initiation_payload(write_payload(none)).error() == Reject::WrongType);
  CHECK(parse_initiation_payload({}).error() == Reject::WrongLength);
}
