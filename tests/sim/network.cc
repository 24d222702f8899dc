// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/network.h"

#include <algorithm>

#include "base/hex.h"
#include "wire/build.h"

namespace covfefe::sim {

namespace {

constexpr Duration kLook = Duration::millis(10);
constexpr Duration kLinksTake = Duration::seconds(30);  // at most
constexpr Duration kListsTake = Duration::seconds(15);

std::vector<Edge> edges_of(const Graph& graph, Place place) {
  std::vector<Edge> out;
  for (const std::size_t index : graph.of(place)) out.push_back(graph.edges()[index]);
  return out;
}

Graph make_graph(std::uint64_t seed, const GraphPlan& plan) {
  std::mt19937_64 random(seed * 2 + 1);
  return Graph::make(plan, random);
}

}  // namespace

std::vector<Dial> batch_of(std::vector<Dial>& dials) {
  std::vector<Dial> out;
  std::vector<Dial> rest;
  std::set<Place> busy;
  for (const Dial& dial : dials) {
    if (busy.contains(dial.from) || busy.contains(dial.to)) {
      rest.push_back(dial);
    } else {
      busy.insert({dial.from, dial.to});
      out.push_back(dial);
    }
  }
  dials = std::move(rest);
  return out;
}

Network::Network(std::uint64_t seed, const GraphPlan& plan)
    : World(seed), graph(make_graph(seed, plan)) {
  for (Place i = 0; i < graph.size(); ++i) {
    Node& node = add("n" + std::to_string(i));
    node.keeps = Node::Keeps::Counts;
    places_[node.keys.address()] = i;
  }
  for (Place i = 0; i < graph.size(); ++i) {
    for (const Edge& edge : edges_of(graph, i)) {
      const bool first = edge.one == i;
      (*this)[i].befriend((*this)[first ? edge.other : edge.one],
                          {edge.trust, first ? edge.by_one : edge.by_other});
    }
  }
  keystore_tap = [this](Node& node, const core::KeystoreRequest& request,
                        const core::KeystoreReply& reply) { watch(node, request, reply); };
}

void Network::start() {
  for (Place i = 0; i < size(); ++i) {
    const auto wait = Duration::micros(static_cast<std::int64_t>(dice() * 1e6));
    after(wait, [this, i] { (*this)[i].boot(); });
  }
}

bool Network::settle() {
  start();
  const bool up = run_until(kLinksTake, Duration::millis(500),
                            [this] { return links_up() == graph.edges().size(); });
  run(kListsTake);
  return up;
}

std::size_t Network::links_up() {
  std::map<std::pair<Place, Place>, std::size_t> ends;
  for (Place i = 0; i < size(); ++i) {
    if (!(*this)[i].alive()) continue;
    const auto mine = edges_of(graph, i);
    const core::StatusReport status = (*this)[i].status();
    for (const core::FriendReport& one : status.friends) {
      if (one.state != core::LinkState::Up) continue;
      const Edge& edge = mine[one.id.value - 1];
      ++ends[link_of(edge.one, edge.other)];
    }
  }
  return static_cast<std::size_t>(
      std::count_if(ends.begin(), ends.end(), [](const auto& one) { return one.second == 2; }));
}

std::optional<Place> Network::at(const Address& overlay) const {
  const auto found = places_.find(overlay);
  if (found == places_.end()) return std::nullopt;
  return found->second;
}

// ---- who reaches whom ---------------------------------------------------------------------------

std::vector<Network::Tried> Network::dial(const std::vector<Dial>& dials, Duration timeout) {
  std::vector<Tried> out(dials.size());
  std::vector<std::optional<RequestId>> asked(dials.size());
  const Instant start = now;
  for (std::size_t i = 0; i < dials.size(); ++i) {
    const Address& to = (*this)[dials[i].to].keys.address();
    asked[i] = (*this)[dials[i].from].ask(core::CircuitNew{to, timeout});
  }
  (void)run_until(timeout + timeout, kLook, [&] {
    for (std::size_t i = 0; i < dials.size(); ++i) {
      if (!asked[i]) continue;
      const auto report = (*this)[dials[i].from].answer<core::CircuitsReport>(*asked[i]);
      if (!report) continue;
      asked[i].reset();
      const bool connected = report->why.empty() || has_open(dials[i]);
      out[i] = {connected, now - start, report->why};
    }
    return std::none_of(asked.begin(), asked.end(),
                        [](const auto& one) { return one.has_value(); });
  });
  for (std::size_t i = 0; i < dials.size(); ++i) {
    if (asked[i]) out[i].why = "the question was never answered";
  }
  return out;
}

std::vector<bool> Network::echo(const std::vector<Dial>& dials, std::size_t tries, Duration each) {
  std::vector<bool> out(dials.size());
  for (std::size_t i = 0; i < tries; ++i) {
    const std::uint16_t sequence = ++sequence_;
    for (std::size_t k = 0; k < dials.size(); ++k) {
      if (!out[k]) (*this)[dials[k].from].ping((*this)[dials[k].to], sequence);
    }
    const bool all = run_until(each, kLook, [&] {
      for (std::size_t k = 0; k < dials.size(); ++k) {
        out[k] = out[k] || (*this)[dials[k].from].ponged((*this)[dials[k].to], sequence);
      }
      return std::all_of(out.begin(), out.end(), [](bool one) { return one; });
    });
    if (all) break;
  }
  return out;
}

// ---- circuits -----------------------------------------------------------------------------------

// The keystores see which node a handle means: who opens the packet that lay behind its record.
// That packet begins with the ephemeral of its reader (B4).
void Network::watch(Node& node, const core::KeystoreRequest& request,
                    const core::KeystoreReply& reply) {
  const auto* open = std::get_if<core::OpenBuild>(&request.what);
  const auto* opened = std::get_if<core::OpenedBuild>(&reply.answer);
  if (open == nullptr || opened == nullptr) return;
  ByteArray<32> mine{};
  std::copy_n(open->packet.begin(), mine.size(), mine.begin());
  if (const auto promise = promised_.find(mine); promise != promised_.end()) {
    owners_[promise->second] = *at(node.keys.address());
    promised_.erase(promise);
  }
  ByteArray<32> next{};
  std::copy_n(opened->rest.begin(), next.size(), next.begin());
  const auto record = wire::parse_build_record(opened->record);
  if (!record) return;
  if (!record->terminal) {
    promised_[next] = to_hex(record->next);
    return;
  }
  const auto payload = wire::parse_build_payload(ByteView(opened->rest).last(wire::kBuildPayload));
  if (payload && std::holds_alternative<wire::OpenSession>(*payload)) {
    ++opened_[*at(node.keys.address())];
  }
}

std::size_t Network::opened(Place place) const {
  const auto found = opened_.find(place);
  return found == opened_.end() ? 0 : found->second;
}

core::CircuitsReport Network::circuits(Place place) {
  Node& node = (*this)[place];
  auto report = node.answer<core::CircuitsReport>(node.ask(core::CircuitsQuery{}));
  if (!report) bug("a question without an answer");
  return std::move(*report);
}

std::vector<Way> Network::ways(const Dial& dial) {
  std::vector<Way> out;
  const Address& to = (*this)[dial.to].keys.address();
  for (core::CircuitReport& circuit : circuits(dial.from).circuits) {
    if (!circuit.origin || circuit.to != to || circuit.hops.empty()) continue;
    Way way;
    way.nodes.push_back(std::stoul(circuit.hops.front().substr(1)));
    for (std::size_t i = 1; i < circuit.hops.size(); ++i) {
      const auto owner = owners_.find(circuit.hops[i]);
      way.known = way.known && owner != owners_.end();
      if (owner != owners_.end()) way.nodes.push_back(owner->second);
    }
    way.circuit = std::move(circuit);
    out.push_back(std::move(way));
  }
  return out;
}

bool Network::has_open(const Dial& dial) {
  const auto all = ways(dial);
  return std::any_of(all.begin(), all.end(),
                     [](const Way& way) { return way.circuit.state == core::CircuitState::Open; });
}

void Network::hang_up(const Dial& dial) {
  Node& node = (*this)[dial.from];
  for (const Way& way : ways(dial)) {
    (void)node.answer<core::CircuitClosed>(node.ask(core::CircuitClose{way.circuit.id}));
  }
}

void Network::cut(const std::pair<Place, Place>& link) {
  World::cut((*this)[link.first], (*this)[link.second]);
}

void Network::mend(const std::pair<Place, Place>& link) {
  World::mend((*this)[link.first], (*this)[link.second]);
}

}  // namespace covfefe::sim
