// SPDX-License-Identifier: Apache-2.0
#include "rpc/control_codec.h"

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <doctest/doctest.h>
#include <schema/control.capnp.h>

#include <random>
#include <vector>

using namespace covfefe;

namespace {

std::mt19937_64& randomness() {
  static std::mt19937_64 engine(20260101);
  return engine;
}

std::uint32_t any(std::uint32_t least, std::uint32_t most) {
  return std::uniform_int_distribution<std::uint32_t>(least, most)(randomness());
}

template <std::size_t N>
void scramble(ByteArray<N>& bytes) {
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(any(0, 255));
}

wire::Control a_hello() {
  wire::Hello hello;
  hello.version = static_cast<std::uint16_t>(any(0, 65535));
  hello.idle = static_cast<wire::IdleProfile>(any(0, 2));
  for (std::uint32_t n = any(0, wire::kDataSocketsMost); n > 0; --n) {
    hello.data_sockets.push_back({static_cast<std::uint16_t>(any(1, 65535)),
                                  static_cast<wire::SocketClass>(any(0, 1)),
                                  static_cast<wire::Direction>(any(0, 2))});
  }
  return {hello};
}

wire::Control any_control() {
  switch (any(0, 6)) {
    case 0:
      return a_hello();
    case 1: {
      wire::RekeyOffer offer{{any(256, UINT32_MAX)}, {}};
      scramble(offer.noise);
      return {offer};
    }
    case 2: {
      wire::RekeyAnswer answer{{any(256, UINT32_MAX)}, {}};
      scramble(answer.noise);
      return {answer};
    }
    case 3: {
      wire::DirectOpen open{{any(1, UINT32_MAX)}, {}, {}};
      scramble(open.salt);
      scramble(open.noise);
      return {open};
    }
    case 4: {
      wire::DirectOpened opened{{any(1, UINT32_MAX)}, {any(1, UINT32_MAX)}, {}, {}};
      scramble(opened.salt);
      scramble(opened.noise);
      return {opened};
    }
    case 5:
      return {
          wire::DirectRefused{{any(1, UINT32_MAX)}, static_cast<wire::DirectRefusal>(any(0, 2))}};
    default:
      return {wire::ProbeSeen{randomness()()}};
  }
}

std::vector<std::uint8_t> encoded(const wire::Control& control) {
  rpc::ControlCodec codec;
  std::vector<std::uint8_t> out(wire::kControlMostLarge);
  out.resize(codec.encode(control, out));
  return out;
}

template <typename Build>
std::vector<std::uint8_t> built(Build&& build) {
  capnp::MallocMessageBuilder message;
  build(message.initRoot<schema::Control>());
  const kj::Array<capnp::word> flat = capnp::messageToFlatArray(message);
  const auto bytes = flat.asBytes();
  return {bytes.begin(), bytes.end()};
}

Reject refusal(const std::vector<std::uint8_t>& bytes) {
  rpc::ControlCodec codec;
  const auto decoded = codec.decode(bytes);
  REQUIRE_FALSE(decoded.ok());
  return decoded.error();
}

}  // namespace

TEST_CASE("every message comes back as it was, and only one encoding of it exists") {
  rpc::ControlCodec codec;
  int same = 0;
  for (int i = 0; i < 2000; ++i) {
    const wire::Control control = any_control();
    const auto bytes = encoded(control);
    const auto decoded = codec.decode(bytes);
    if (!bytes.empty() && decoded.ok() && decoded->message.index() == control.message.index() &&
        encoded(*decoded) == bytes) {
      ++same;
    }
  }
  CHECK(same == 2000);
}

TEST_CASE("a value survives in each field") {
  rpc::ControlCodec codec;
  wire::DirectOpened sent{{7}, {9}, {}, {}};
  scramble(sent.salt);
  scramble(sent.noise);
  const auto decoded = codec.decode(encoded({sent}));
  REQUIRE(decoded.ok());
  const auto& got = std::get<wire::DirectOpened>(decoded->message);
  CHECK(got.your_circuit == sent.your_circuit);
  CHECK(got.my_circuit == sent.my_circuit);
  CHECK(got.salt == sent.salt);
  CHECK(got.noise == sent.noise);
}

TEST_CASE("the largest message fits an L cell, small ones an S cell") {
  wire::Hello hello;
  while (!hello.data_sockets.full()) hello.data_sockets.push_back({1, {}, {}});
  CHECK(encoded({hello}).size() <= wire::kControlMostLarge);
  CHECK(encoded({wire::DirectOpened{{1}, {1}, {}, {}}}).size() <= wire::kControlMostLarge);
  CHECK(encoded({wire::RekeyOffer{{256}, {}}}).size() <= wire::kControlMostSmall);
  CHECK(encoded({wire::ProbeSeen{1}}).size() <= wire::kControlMostSmall);
}

TEST_CASE("a buffer that is too small gets nothing") {
  rpc::ControlCodec codec;
  const wire::Control control{wire::ProbeSeen{1}};
  std::vector<std::uint8_t> out(encoded(control).size() - 1);
  CHECK(codec.encode(control, out) == 0);
}

TEST_CASE("wrong lengths inside a message are refused") {
  const ByteArray<47> shorter{};
  CHECK(refusal(built([&](auto root) {
          auto offer = root.initRekeyOffer();
          offer.setIndex(300);
          offer.setNoise({shorter.data(), shorter.size()});
        })) == Reject::WrongLength);
  CHECK(refusal(built([](auto root) { root.initDirectOpen().setCircuit(1); })) ==
        Reject::WrongLength);
  CHECK(refusal(built([](auto root) { root.initHello().initDataSockets(9); })) ==
        Reject::WrongLength);
}

TEST_CASE("values outside their range are refused") {
  CHECK(refusal(built([](auto root) { root.initHello().initDataSockets(1); })) ==
        Reject::WrongValue);
  CHECK(refusal(built([](auto root) { root.initRekeyAnswer().setIndex(255); })) ==
        Reject::WrongValue);
  CHECK(refusal(built([](auto root) { root.initDirectOpen(); })) == Reject::WrongValue);
  CHECK(refusal(built([](auto root) { root.initDirectOpened().setMyCircuit(1); })) ==
        Reject::WrongValue);
  CHECK(refusal(built([](auto root) {
          auto refused = root.initDirectRefused();
          refused.setYourCircuit(1);
          refused.setReason(3);
        })) == Reject::WrongValue);
  CHECK(refusal(built([](auto root) {
          auto socket = root.initHello().initDataSockets(1)[0];
          socket.setPort(1);
          socket.setClass(static_cast<schema::Control::Class>(2));
        })) == Reject::WrongValue);
  CHECK(refusal(built([](auto root) {
          auto socket = root.initHello().initDataSockets(1)[0];
          socket.setPort(1);
          socket.setDirection(static_cast<schema::Control::Direction>(3));
        })) == Reject::WrongValue);
}

TEST_CASE("a hello names the sender's idle lane, and an unknown one is refused") {
  wire::Hello hello;
  hello.idle = wire::IdleProfile::Metered;
  const auto bytes = encoded({hello});
  rpc::ControlCodec codec;
  const auto read = codec.decode(bytes);
  REQUIRE(read.ok());
  CHECK(std::get<wire::Hello>(read->message).idle == wire::IdleProfile::Metered);
  CHECK(refusal(built([](auto root) {
          root.initHello().setIdle(static_cast<schema::Control::Idle>(3));
        })) == Reject::WrongValue);
}

TEST_CASE("a kind of message from the future is refused") {
  auto bytes = encoded({wire::ProbeSeen{1}});
  bool changed = false;
  // The discriminant is the only 16-bit field with the value of PROBE_SEEN in the root's data.
  for (std::size_t at = 16; at + 1 < bytes.size() && !changed; at += 2) {
    if (load_le<std::uint16_t>(bytes.data() + at) == schema::Control::PROBE_SEEN) {
      store_le<std::uint16_t>(bytes.data() + at, 9'999);
      changed = true;
    }
  }
  REQUIRE(changed);
  CHECK(refusal(bytes) == Reject::WrongType);
}

TEST_CASE("framing must be exact: one segment and no byte more or less") {
  const auto good = encoded({wire::ProbeSeen{1}});
  auto longer = good;
  longer.resize(good.size() + 8);
  CHECK(refusal(longer) == Reject::WrongLength);
  auto shorter = good;
  shorter.resize(good.size() - 8);
  CHECK(refusal(shorter) == Reject::WrongLength);
  auto odd = good;
  odd.push_back(0);
  CHECK(refusal(odd) == Reject::WrongLength);
  auto segments = good;
  segments[0] = 1;
  CHECK(refusal(segments) == Reject::WrongValue);
  CHECK(refusal({}) == Reject::WrongLength);
  CHECK(refusal(std::vector<std::uint8_t>(wire::kControlMostLarge + 8)) == Reject::WrongLength);
}

TEST_CASE("a pointer that leaves the message is refused without a throw") {
  auto bytes = encoded({wire::RekeyOffer{{256}, {}}});
  store_le<std::uint32_t>(bytes.data() + 8, 0x7ffffffc);
  CHECK(refusal(bytes) == Reject::WrongValue);
}

TEST_CASE("no mutation of a message escapes as anything but a value or a refusal") {
  rpc::ControlCodec codec;
  std::size_t seen = 0;
  for (int i = 0; i < 20000; ++i) {
    auto bytes = encoded(any_control());
    for (std::uint32_t n = any(1, 4); n > 0; --n) {
      bytes[any(0, static_cast<std::uint32_t>(bytes.size() - 1))] ^=
          static_cast<std::uint8_t>(1u << any(0, 7));
    }
    const auto decoded = codec.decode(bytes);
    seen += decoded.ok() ? static_cast<std::size_t>(!encoded(*decoded).empty()) : 1;
  }
  CHECK(seen == 20000);
}
