// SPDX-License-Identifier: Apache-2.0
#include "service_router.h"

namespace covfefe::cli {
namespace {

constexpr Duration kPatience = Duration::seconds(8);  // a friend may be asked for a name first
constexpr Duration kBuildPatience = Duration::seconds(5);
constexpr Duration kBeyondBuild = Duration::seconds(9);

const char* state_name(schema::CircuitState state) {
  switch (state) {
    case schema::CircuitState::BUILDING:
      return "building";
    case schema::CircuitState::OPEN:
      return "open";
    case schema::CircuitState::SUSPECT:
      return "suspect";
    case schema::CircuitState::CLOSING:
      return "closing";
  }
  return "closing";
}

std::vector<std::string> texts(capnp::List<capnp::Text>::Reader from) {
  std::vector<std::string> out;
  for (const auto one : from) out.push_back(said(one));
  return out;
}

double seconds(std::uint64_t milliseconds) {
  return static_cast<double>(milliseconds) / 1000.0;
}

CircuitView circuit_view(schema::Circuit::Reader from) {
  CircuitView out;
  out.id = from.getId();
  out.to = {address_from(from.getTo()), said(from.getPetname())};
  out.hops = texts(from.getHops());
  out.state = state_name(from.getState());
  out.origin = from.getOrigin();
  out.age_s = seconds(from.getAgeMs());
  out.lifetime_s = seconds(from.getLifetimeMs());
  out.rtt_ms = from.getRttMicros() / 1000.0;
  out.tx_bytes = from.getTxBytes();
  out.rx_bytes = from.getRxBytes();
  out.onion_faults = from.getOnionFaults();
  out.replays = from.getReplays();
  out.resent = from.getResent();
  return out;
}

Outcome<PeerView> peer_view(schema::Looked::Reader from, const std::string& asked) {
  if (!from.getOk()) return Problem{said(from.getWhy()), said(from.getNext())};
  PeerView out{address_from(from.getAddress()), said(from.getPetname())};
  if (out.name.empty() && !parse_address(asked)) out.name = printable(asked);
  return out;
}

Outcome<CircuitsView> circuits_view(schema::CircuitsReply::Reader from, const std::string& asked) {
  const auto peer = peer_view(from.getPeer(), asked);
  if (!peer) return peer.error();
  CircuitsView out;
  if (!asked.empty()) out.peer = *peer;
  for (const auto one : from.getCircuits()) out.circuits.push_back(circuit_view(one));
  out.left = from.getLeft();
  for (const auto one : from.getRelayed()) out.relayed.push_back(relayed_view(one));
  return out;
}

Outcome<PathView> path_view(schema::PathReply::Reader from, const std::string& asked) {
  const auto peer = peer_view(from.getPeer(), asked);
  if (!peer) return peer.error();
  PathView out{*peer, {}, from.getOk(), said(from.getWhy()), said(from.getNext())};
  for (const auto one : from.getOptions()) {
    out.options.push_back({texts(one.getHops()), one.getChosen(), said(one.getWhy())});
  }
  return out;
}

FarIdentityView identity_view(schema::FarIdentity::Reader from) {
  return {from.getOnce(), address_from(from.getAddress())};
}

}  // namespace

Outcome<PeerView> resolve(Connection& router, const std::string& peer) {
  rpc::Client& client = router.client();
  auto request = client.as<schema::RouterOperator>().resolveRequest();
  request.setPeer(peer);
  return call_and_read<PeerView>(
      {client, "router", kPatience}, kj::mv(request),
      [&peer](auto& answer) { return peer_view(answer.getPeer(), peer); });
}

Outcome<CircuitsView> circuits(Connection& router, const std::string& peer) {
  rpc::Client& client = router.client();
  auto request = client.as<schema::RouterOperator>().circuitsRequest();
  request.setPeer(peer);
  return call_and_read<CircuitsView>(
      {client, "router", kPatience}, kj::mv(request),
      [&peer](auto& answer) { return circuits_view(answer.getReply(), peer); });
}

Outcome<PathView> path(Connection& router, const std::string& peer) {
  rpc::Client& client = router.client();
  auto request = client.as<schema::RouterOperator>().pathRequest();
  request.setPeer(peer);
  return call_and_read<PathView>(
      {client, "router", kPatience}, kj::mv(request),
      [&peer](auto& answer) { return path_view(answer.getReply(), peer); });
}

Outcome<CircuitView> new_circuit(Connection& router, const std::string& peer) {
  rpc::Client& client = router.client();
  auto request = client.as<schema::RouterOperator>().newCircuitRequest();
  request.setPeer(peer);
  request.setTimeoutMs(static_cast<std::uint32_t>(kBuildPatience.nanoseconds / 1'000'000));
  return call_and_read<CircuitView>({client, "router", kBuildPatience + kBeyondBuild},
                                    kj::mv(request), [](auto& answer) -> Outcome<CircuitView> {
                                      const auto reply = answer.getReply();
                                      if (!reply.getOk())
                                        return Problem{said(reply.getWhy()), said(reply.getNext())};
                                      return circuit_view(reply.getCircuit());
                                    });
}

Outcome<void> close_circuit(Connection& router, std::uint32_t id) {
  rpc::Client& client = router.client();
  auto request = client.as<schema::RouterOperator>().closeCircuitRequest();
  request.setId(id);
  return call_and_read<void>({client, "router"}, kj::mv(request),
                             [](auto& answer) -> Outcome<void> {
                               if (answer.getOk()) return {};
                               return Problem{said(answer.getWhy()), said(answer.getNext())};
                             });
}

Outcome<FarIdentityView> new_identity(Connection& router) {
  rpc::Client& client = router.client();
  auto request = client.as<schema::RouterOperator>().identityNewRequest();
  return call_and_read<FarIdentityView>(
      {client, "router"}, kj::mv(request),
      [](auto& answer) -> Outcome<FarIdentityView> { return identity_view(answer.getIdentity()); });
}

Outcome<FarIdentityView> drop_identity(Connection& router) {
  rpc::Client& client = router.client();
  auto request = client.as<schema::RouterOperator>().identityDropRequest();
  return call_and_read<FarIdentityView>(
      {client, "router"}, kj::mv(request),
      [](auto& answer) -> Outcome<FarIdentityView> { return identity_view(answer.getIdentity()); });
}

}  // namespace covfefe::cli
