// SPDX-License-Identifier: Apache-2.0
// A circuit that ended for bad tags teaches discovery which hop they named.
#include <doctest/doctest.h>

#include <algorithm>

#include "circuit_pair.h"
#include "core/circuit/sessions.h"

using namespace covfefe;
using namespace covfefe::core;
using namespace covfefe::test;

namespace {

struct World {
  World() : session(*peers.add(Address{}, Third::Dialled).sessions.emplace_back(fresh())) {
    session.peer = peers.find(Address{});
    session.via = Via::Circuits;
    Circuit& circuit = *shared.table.issue(kSlot, CircuitRole::Origin, 1);
    circuit.session = &session;
    id = circuit.receive;
    auto leg = std::make_unique<Leg>();
    leg->circuit = id;
    for (int hop = 0; hop < 3; ++hop) leg->path.hops.push_back({});
    session.legs.push_back(std::move(leg));
  }
  static std::unique_ptr<PeerSession> fresh() { return std::make_unique<PeerSession>(); }
  Circuit& circuit() { return *shared.table.find(id); }
  [[nodiscard]] std::uint64_t hops_failed() const {
    std::vector<Counter> all;
    discovery.count(all);
    const auto found = std::ranges::find(all, std::string_view("discovery.hops_failed"),
                                         [](const Counter& c) { return std::string_view(c.name); });
    REQUIRE(found != all.end());
    return found->value;
  }

  crypto::Drbg random{ByteArray<32>{61}};
  MemoryLink sink;
  Shared shared{Address{},       wire::kTunMtu,       sink, random, {},
                CircuitTable(1), Identity(Address{}), {},   {}};
  Peers peers;
  Egress egress{shared};
  Setup setup{shared, egress};
  SessionEvents sessions{shared, {setup, remote, builds}};
  DiscoveryConfig config;
  Discovery discovery{config, sink, random};
  Builds builds{shared, discovery, sessions, {}};
  Remote remote{{shared, peers, egress, discovery, builds}, {}};
  PeerSession& session;
  CircuitId id;
};

}  // namespace

TEST_CASE("the hop that bad tags named rests when they end the circuit") {
  World world;
  world.circuit().bad_hop = 2;
  world.sessions.on_circuit_lost(world.id, wire::DestroyReason::BadTag);
  CHECK(world.hops_failed() == 1);
}

TEST_CASE("a circuit that ends otherwise, or by bad tags elsewhere, lets nobody rest") {
  World link;
  link.circuit().bad_hop = 2;
  link.sessions.on_circuit_lost(link.id, wire::DestroyReason::LinkLost);
  CHECK(link.hops_failed() == 0);
  World elsewhere;
  elsewhere.sessions.on_circuit_lost(elsewhere.id, wire::DestroyReason::BadTag);
  CHECK(elsewhere.hops_failed() == 0);
}
