// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/pings.h"

#include <algorithm>

#include "core/circuit/naming.h"

namespace covfefe::core {

Duration Pings::patience(const PingQuery& query) {
  return std::clamp(query.timeout, Duration::millis(1), kLongest);
}

bool Pings::start(RequestId request, Peer& peer, const PingQuery& query) {
  if (pings_.size() == kMost) return false;
  Ping& ping = pings_.emplace_back();
  ping.request = request;
  ping.peer = peer.address;
  ping.token = shared_.random.next_u64() | 1;  // 0 is the greeting of a new session
  ping.hops = query.hops;
  ping.deadline = shared_.now + patience(query);
  if (peer.current != nullptr) send(ping, peer);
  return true;
}

void Pings::send(Ping& ping, Peer& peer) {
  egress_.frame(peer, wire::InnerPing{ping.token});
  ping.sent = shared_.now;
}

void Pings::ready(Peer& peer) {
  for (Ping& ping : pings_) {
    if (ping.peer == peer.address && ping.sent.is_never()) send(ping, peer);
  }
}

void Pings::pong(const From& from, std::uint64_t token) {
  const auto found = std::find_if(pings_.begin(), pings_.end(), [&](const Ping& p) {
    return p.peer == from.peer.address && p.token == token && !p.sent.is_never();
  });
  if (found == pings_.end()) return;
  done_.push_back(answered(*found, from));
  pings_.erase(found);
}

Pings::Done Pings::answered(const Ping& ping, const From& from) const {
  Done done{ping.request, {}, {}};
  PingReport& report = done.report;
  report.ok = true;
  report.rtt = shared_.now - ping.sent;
  if (from.session.via == Via::Direct) {
    report.path =
        "direct " + format_endpoint(shared_.sink.report(from.leg.link, shared_.now).remote);
    return done;
  }
  report.path = short_path(from.leg, peers_);
  if (ping.hops == Hops::Untimed) return done;
  done.time = from.leg.path;
  for (std::string& hop : hops_of(from.leg.path, peers_)) {
    report.hops.push_back({std::move(hop), false, {}});
  }
  return done;
}

std::optional<Pings::Late> Pings::expire() {
  const auto found = std::find_if(pings_.begin(), pings_.end(),
                                  [&](const Ping& p) { return p.deadline <= shared_.now; });
  if (found == pings_.end()) return std::nullopt;
  const Late late{found->request, found->peer, !found->sent.is_never(), found->gone};
  pings_.erase(found);
  return late;
}

void Pings::gone(const Address& address) {
  for (Ping& ping : pings_) {
    if (ping.peer != address) continue;
    ping.gone = true;
    ping.deadline = shared_.now;
  }
}

Instant Pings::next_deadline() const {
  Instant at = Instant::never();
  for (const Ping& ping : pings_) at = std::min(at, ping.deadline);
  return at;
}

}  // namespace covfefe::core
