// SPDX-License-Identifier: Apache-2.0
// Worlds of builds as tests use them: a chain with one circuit from end to end, and one in which
// anybody may send anything to a neighbour.
#pragma once

#include <doctest/doctest.h>

#include "build_world.h"

namespace covfefe::test {

using namespace covfefe::core;

struct Chain : BuildWorld {
  explicit Chain(std::size_t nodes, const CircuitPolicy& policy = {}) : BuildWorld(nodes, policy) {
    over = line(nodes);
  }
  void build() {
    REQUIRE(start_over(over).has_value());
    REQUIRE(first().made.size() == 1);
    near = first().made[0].circuit;
    far = last().terminals.at(0);
  }
  BuildNode& first() { return at(0); }
  BuildNode& last() { return at(size() - 1); }
  void send_out(std::uint8_t fill, std::size_t onion = wire::kLargeOnion, Lane lane = Lane::Bulk) {
    first().step(now, [&] { REQUIRE(first().send(near, fill, onion, lane)); });
    exchange();
  }
  void send_back(std::uint8_t fill, std::size_t onion = wire::kLargeOnion, Lane lane = Lane::Bulk) {
    last().step(now, [&] { REQUIRE(last().send(far, fill, onion, lane)); });
    exchange();
  }
  [[nodiscard]] std::size_t circuits() {
    std::size_t out = 0;
    for (std::size_t i = 0; i < size(); ++i) out += at(i).circuits();
    return out;
  }
  std::vector<std::size_t> over;
  CircuitId near;
  CircuitId far;
};

struct Hostile : BuildWorld {
  explicit Hostile(std::size_t nodes) : BuildWorld(nodes) {}
  void build(const std::vector<std::size_t>& over) {
    const std::size_t before = at(over[0]).made.size();
    REQUIRE(start_over(over).has_value());
    REQUIRE(at(over[0]).made.size() == before + 1);
    near = at(over[0]).made.back().circuit;
    far = at(over.back()).terminals.back();
  }
  void give(std::size_t from, std::size_t to, const Sent& what) {
    at(to).step(now, [&] { at(to).take(slot(to, from), what); });
    exchange();
  }
  void send(std::size_t node, CircuitId circuit, std::uint8_t fill = 1) {
    at(node).step(now, [&] { REQUIRE(at(node).send(circuit, fill)); });
    exchange();
  }
  [[nodiscard]] SentBuild some_build(std::uint32_t mine) {
    return {CircuitId{mine}, Bytes(wire::kBuildPacket, static_cast<std::uint8_t>(mine))};
  }
  CircuitId near;
  CircuitId far;
};

template <typename What>
std::vector<What> capture(BuildWorld& world, const std::function<void()>& during) {
  std::vector<What> out;
  world.tap = [&out](std::size_t, std::size_t, Sent& what) {
    if (const auto* one = std::get_if<What>(&what)) out.push_back(*one);
    return true;
  };
  during();
  world.tap = [](std::size_t, std::size_t, Sent&) { return true; };
  return out;
}

}  // namespace covfefe::test
