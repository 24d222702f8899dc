// SPDX-License-Identifier: Apache-2.0
#include "service_router.h"

#include "service_promises.h"

namespace covfefe::cli {
namespace {

constexpr Duration kBeyondPing = Duration::seconds(3);  // of the router's own patience
constexpr Duration kWhyPatience = Duration::seconds(8);

const char* state_name(schema::LinkState state) {
  switch (state) {
    case schema::LinkState::DOWN:
      return "down";
    case schema::LinkState::HANDSHAKING:
      return "handshaking";
    case schema::LinkState::UP:
      return "up";
  }
  return "down";
}

const char* idle_name(schema::IdleLane lane) {
  switch (lane) {
    case schema::IdleLane::ALWAYS_ON:
      return "always-on";
    case schema::IdleLane::METERED:
      return "metered";
    case schema::IdleLane::OFF:
      return "off";
  }
  return "off";
}

FriendView friend_view(schema::FriendStatus::Reader from) {
  FriendView out;
  out.id = {from.getFriendId()};
  out.name = said(from.getPetname());
  out.address = address_from(from.getAddress());
  if (const auto trust = rpc::trust_from(from.getTrust())) out.trust = *trust;
  out.state = state_name(from.getState());
  out.path = said(from.getPath());
  out.rtt_ms = from.getRttMicros() / 1000.0;
  out.rx_bytes = from.getRxBytes();
  out.tx_bytes = from.getTxBytes();
  out.session_up = from.getSessionUp();
  out.small_mode = from.getSmallMode();
  out.data_sockets = from.getDataSockets();
  out.last_heard_ms = from.getLastHeardMs();
  out.handshake_failure = said(from.getHandshakeFailure());
  out.link_faults = from.getLinkFaults();
  out.onion_faults = from.getOnionFaults();
  out.circuits_destroyed = from.getCircuitsDestroyed();
  out.relayed = relayed_view(from.getRelayed());
  out.idle = idle_name(from.getIdle());
  out.peer_idle = idle_name(from.getPeerIdle());
  out.queue_ms = from.getQueueMicros() / 1000.0;
  out.path_loss = from.getPathLoss() / 100.0;
  for (const auto one : from.getPromises()) out.promises.push_back(promise_view(one));
  out.kept = from.getKept();
  out.broken = from.getBroken();
  return out;
}

RouterView router_view(schema::RouterStatus::Reader from) {
  RouterView out;
  out.name = said(from.getName());
  out.address = address_from(from.getAddress());
  out.tun = from.getTunAttached();
  out.keystore = from.getKeystoreAttached();
  out.peerdb = from.getPeerdbAttached();
  out.shaper = from.getShaperAttached();
  out.keystore_locked = from.getKeystoreLocked();
  for (const auto one : from.getFriends()) out.friends.push_back(friend_view(one));
  const auto counts = from.getCircuits();
  out.circuits = {counts.getOpen(), counts.getBuilding(), counts.getFailing(), counts.getRelayed()};
  for (const auto one : from.getAnnounced()) out.announced.push_back(promise_view(one));
  return out;
}

PingView ping_view(schema::PingReply::Reader from) {
  PingView out;
  out.ok = from.getOk();
  out.rtt_ms = static_cast<double>(from.getRttMicros()) / 1000.0;
  out.path = said(from.getPath());
  out.why = said(from.getWhy());
  out.next = said(from.getNext());
  for (const auto one : from.getHops()) {
    out.hops.push_back(
        {said(one.getHop()), one.getOk(), static_cast<double>(one.getRttMicros()) / 1000.0});
  }
  return out;
}

}  // namespace

Outcome<RouterView> router_status(Connection& router, Duration patience) {
  rpc::Client& client = router.client();
  auto request = client.as<schema::RouterOperator>().statusRequest();
  return call_and_read<RouterView>(
      Callee{client, "router", patience}, kj::mv(request),
      [](auto& answer) -> Outcome<RouterView> { return router_view(answer.getStatus()); });
}

Outcome<PingView> ping(Connection& router, const PingAsked& asked) {
  rpc::Client& client = router.client();
  auto request = client.as<schema::RouterOperator>().pingRequest();
  request.setPeer(asked.peer);
  request.setTimeoutMs(static_cast<std::uint32_t>(asked.timeout.nanoseconds / 1'000'000));
  request.setHops(asked.hops);
  return call_and_read<PingView>(
      {client, "router", asked.timeout + kBeyondPing}, kj::mv(request),
      [](auto& answer) -> Outcome<PingView> { return ping_view(answer.getReply()); });
}

Outcome<std::vector<FindingView>> why(Connection& router, const std::string& peer) {
  rpc::Client& client = router.client();
  auto request = client.as<schema::RouterOperator>().whyRequest();
  request.setPeer(peer);
  using Findings = std::vector<FindingView>;
  return call_and_read<Findings>(
      {client, "router", kWhyPatience}, kj::mv(request), [](auto& answer) -> Outcome<Findings> {
        Findings out;
        for (const auto one : answer.getFindings()) {
          out.push_back({one.getOk(), said(one.getWhat()), said(one.getNext())});
        }
        return out;
      });
}

}  // namespace covfefe::cli
