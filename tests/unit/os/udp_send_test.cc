// SPDX-License-Identifier: Apache-2.0
#include "os/udp_send.h"

#include <doctest/doctest.h>
#include <poll.h>

#include <memory>
#include <random>
#include <vector>

#include "os/udp.h"

namespace covfefe {
namespace {

using os::OutDatagram;

constexpr std::size_t kLarge = 1'400;
constexpr std::size_t kSmall = 256;

Endpoint loopback(std::uint16_t port) {
  return *parse_endpoint("127.0.0.1:" + std::to_string(port));
}

struct Wire {
  os::Fd receiver;
  Endpoint to;
  os::UdpSender sender;
  std::vector<std::vector<std::uint8_t>> payloads;

  static Wire make(const char* from = "127.0.0.1:1") {
    auto receiver = os::open_udp({parse_address("127.0.0.1").value(), 0, 0});
    REQUIRE(receiver.ok());
    const auto local = os::local_udp(*receiver);
    REQUIRE(local.ok());
    Endpoint bind = *parse_endpoint(from);
    bind.port = 0;
    if (bind.ip == *parse_address("::")) bind.ip = {};
    std::vector<os::Fd> sockets;
    for (int i = 0; i < 2; ++i) {
      auto socket = os::open_udp(bind);
      REQUIRE(socket.ok());
      sockets.push_back(std::move(*socket));
    }
    auto sender = os::UdpSender::create(std::move(sockets));
    REQUIRE(sender.ok());
    return {std::move(*receiver), loopback(local->endpoint.port), std::move(*sender), {}};
  }

  OutDatagram datagram(std::size_t size) {
    std::vector<std::uint8_t> bytes(size);
    for (std::size_t i = 0; i < size; ++i) {
      bytes[i] = static_cast<std::uint8_t>(payloads.size() * 31 + i);
    }
    payloads.push_back(std::move(bytes));
    OutDatagram out;
    out.bytes = payloads.back();
    out.to = to;
    return out;
  }

  std::vector<std::vector<std::uint8_t>> arrived(std::size_t expected) {
    os::UdpReceiver receiving;
    std::vector<std::vector<std::uint8_t>> out;
    pollfd one{receiver.number(), POLLIN, 0};
    while (out.size() < expected && ::poll(&one, 1, 2'000) == 1) {
      for (const auto& got : receiving.receive(receiver)) {
        out.emplace_back(got.bytes.begin(), got.bytes.end());
      }
    }
    return out;
  }

  std::vector<bool> send(const std::vector<OutDatagram>& batch) {
    const auto sent = std::make_unique<bool[]>(batch.size());
    std::size_t done = 0;
    while (done < batch.size()) {
      const auto progress = sender.send(std::span(batch).subspan(done),
                                        std::span(sent.get() + done, batch.size() - done));
      REQUIRE_FALSE(progress.blocked);
      done += progress.done;
    }
    return std::vector<bool>(sent.get(), sent.get() + batch.size());
  }
};

TEST_CASE("a train is one destination and one size, of which the last may be shorter") {
  Wire wire = Wire::make();
  const OutDatagram large = wire.datagram(kLarge);
  const OutDatagram small = wire.datagram(kSmall);
  OutDatagram elsewhere = large;
  elsewhere.to.port = 9;
  OutDatagram other_socket = large;
  other_socket.socket = 1;
  OutDatagram other_source = large;
  other_source.from = *parse_address("127.0.0.1");
  const auto length = [](std::vector<OutDatagram> all) { return os::train_length(all); };
  CHECK(length({large}) == 1);
  CHECK(length({large, large, large}) == 3);
  CHECK(length({large, small, large}) == 2);
  CHECK(length({large, large, small, small}) == 3);
  CHECK(length({small, large}) == 1);
  CHECK(length({large, elsewhere}) == 1);
  CHECK(length({large, other_socket}) == 1);
  CHECK(length({large, other_source}) == 1);
  CHECK(length(std::vector<OutDatagram>(100, large)) == 46);
  CHECK(length(std::vector<OutDatagram>(100, small)) == 64);
}

TEST_CASE("trains of large, small and mixed cells arrive as they were given") {
  Wire wire = Wire::make();
  std::vector<OutDatagram> batch;
  for (int i = 0; i < 60; ++i) batch.push_back(wire.datagram(kLarge));
  for (const std::size_t size : {kLarge, kSmall, kLarge, kLarge, kSmall, kSmall, kSmall, kLarge}) {
    batch.push_back(wire.datagram(size));
  }
  for (int i = 0; i < 100; ++i) batch.push_back(wire.datagram(kSmall));
  for (const bool sent : wire.send(batch)) CHECK(sent);
  const auto arrived = wire.arrived(batch.size());
  REQUIRE(arrived.size() == batch.size());
  for (std::size_t i = 0; i < arrived.size(); ++i) CHECK(arrived[i] == wire.payloads[i]);
  if (wire.sender.trains_allowed(0)) {
    CHECK(wire.sender.counters().trains >= 5);
    CHECK(wire.sender.counters().calls == 1);
  }
}

TEST_CASE("random mixes over two sockets arrive complete and each socket's in order") {
  Wire wire = Wire::make();
  std::mt19937 random(3);
  for (int round = 0; round < 40; ++round) {
    std::vector<OutDatagram> batch;
    const std::size_t first = wire.payloads.size();
    for (std::size_t i = 0; i < 50; ++i) {
      OutDatagram one = wire.datagram(random() % 3 == 0 ? kSmall : kLarge);
      one.socket = random() % 8 == 0 ? 1 : 0;
      batch.push_back(one);
    }
    for (const bool sent : wire.send(batch)) REQUIRE(sent);
    const auto arrived = wire.arrived(batch.size());
    REQUIRE(arrived.size() == batch.size());
    for (std::size_t i = 0; i < arrived.size(); ++i)
      REQUIRE(arrived[i] == wire.payloads[first + i]);
  }
}

TEST_CASE("what the kernel refuses is refused alone and the rest is sent") {
  Wire wire = Wire::make();
  const OutDatagram good = wire.datagram(kLarge);
  OutDatagram unreachable = wire.datagram(kLarge);
  unreachable.to = *parse_endpoint("255.255.255.255:9");  // EACCES without SO_BROADCAST
  OutDatagram six = wire.datagram(kLarge);
  six.to = *parse_endpoint("[2001:db8::1]:9");  // an IPv4 socket cannot
  const auto sent = wire.send({good, unreachable, unreachable, good, six, good});
  CHECK(sent == std::vector<bool>{true, false, false, true, false, true});
  CHECK(wire.arrived(3).size() == 3);
  CHECK(wire.sender.counters().refused == 3);
  CHECK(wire.sender.counters().datagrams == 3);
  CHECK(wire.sender.trains_allowed(0));
}

TEST_CASE("a source address that is gone is left to the kernel") {
  Wire wire = Wire::make("[::]:1");
  OutDatagram one = wire.datagram(kLarge);
  one.from = *parse_address("192.0.2.77");
  OutDatagram right = wire.datagram(kLarge);
  right.from = *parse_address("127.0.0.1");
  const auto sent = wire.send({one, one, right, right});
  CHECK(sent == std::vector<bool>{true, true, true, true});
  CHECK(wire.arrived(4).size() == 4);
  CHECK(wire.sender.counters().resourced == 2);
  CHECK(wire.sender.trains_allowed(0));
}

TEST_CASE("the source address is the one asked for") {
  Wire wire = Wire::make("[::]:1");
  OutDatagram one = wire.datagram(kSmall);
  one.from = *parse_address("127.0.0.5");
  const auto sent = wire.send({one});
  REQUIRE(sent == std::vector<bool>{true});
  os::UdpReceiver receiving;
  pollfd ready{wire.receiver.number(), POLLIN, 0};
  REQUIRE(::poll(&ready, 1, 2'000) == 1);
  const auto got = receiving.receive(wire.receiver);
  REQUIRE(got.size() == 1);
  CHECK(got[0].from.ip == *parse_address("127.0.0.5"));
}

}  // namespace
}  // namespace covfefe
