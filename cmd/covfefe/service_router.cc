// SPDX-License-Identifier: Apache-2.0
#include <schema/router.capnp.h>

#include "rpc/convert.h"
#include "service_calls.h"

namespace covfefe::cli {
namespace {

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

Address address_from(capnp::Data::Reader data) {
  Address out;
  if (data.size() == out.bytes.size()) copy(rpc::as_view(data), out.bytes);
  return out;
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
  return out;
}

}  // namespace

Outcome<RouterView> router_status(Connection& router) {
  rpc::Client& client = router.client();
  auto request = client.as<schema::RouterOperator>().statusRequest();
  return call_and_read<RouterView>(client, "router", kj::mv(request),
                                   [](auto& answer) -> Outcome<RouterView> {
                                     const auto status = answer.getStatus();
                                     RouterView out;
                                     out.name = said(status.getName());
                                     out.address = address_from(status.getAddress());
                                     out.tun = status.getTunAttached();
                                     out.keystore = status.getKeystoreAttached();
                                     out.peerdb = status.getPeerdbAttached();
                                     out.shaper = status.getShaperAttached();
                                     out.keystore_locked = status.getKeystoreLocked();
                                     for (const auto one : status.getFriends())
                                       out.friends.push_back(friend_view(one));
                                     return out;
                                   });
}

Outcome<PingView> ping(Connection& router, const std::string& peer, Duration timeout) {
  rpc::Client& client = router.client();
  auto request = client.as<schema::RouterOperator>().pingRequest();
  request.setPeer(peer);
  request.setTimeoutMs(static_cast<std::uint32_t>(timeout.nanoseconds / 1'000'000));
  return call_and_read<PingView>(
      client, "router", kj::mv(request), [](auto& answer) -> Outcome<PingView> {
        const auto reply = answer.getReply();
        return PingView{reply.getOk(), static_cast<double>(reply.getRttMicros()) / 1000.0,
                        said(reply.getPath()), said(reply.getWhy())};
      });
}

Outcome<std::vector<FindingView>> why(Connection& router, const std::string& peer) {
  rpc::Client& client = router.client();
  auto request = client.as<schema::RouterOperator>().whyRequest();
  request.setPeer(peer);
  using Findings = std::vector<FindingView>;
  return call_and_read<Findings>(
      client, "router", kj::mv(request), [](auto& answer) -> Outcome<Findings> {
        Findings out;
        for (const auto one : answer.getFindings()) {
          out.push_back({one.getOk(), said(one.getWhat()), said(one.getNext())});
        }
        return out;
      });
}

}  // namespace covfefe::cli
