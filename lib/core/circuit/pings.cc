// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/pings.h"

#include <algorithm>

namespace covfefe::core {

bool Pings::start(RequestId request, Peer& peer, Duration timeout) {
  if (pings_.size() == kMost) return false;
  const Duration limit = std::clamp(timeout, Duration::millis(1), kLongest);
  Ping& ping = pings_.emplace_back();
  ping.request = request;
  ping.peer = peer.address;
  ping.token = shared_.random.next_u64() | 1;  // 0 is the greeting of a new session
  ping.deadline = shared_.now + limit;
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

std::optional<Answer> Pings::pong(const Peer& peer, std::uint64_t token) {
  const auto found = std::find_if(pings_.begin(), pings_.end(), [&](const Ping& p) {
    return p.peer == peer.address && p.token == token && !p.sent.is_never();
  });
  if (found == pings_.end()) return std::nullopt;
  PingReport report;
  report.ok = true;
  report.rtt = shared_.now - found->sent;
  report.path = "direct " + format_endpoint(shared_.sink.report(*peer.link, shared_.now).remote);
  Answer answer{found->request, std::move(report)};
  pings_.erase(found);
  return answer;
}

std::optional<Pings::Late> Pings::expire() {
  const auto found = std::find_if(pings_.begin(), pings_.end(),
                                  [&](const Ping& p) { return p.deadline <= shared_.now; });
  if (found == pings_.end()) return std::nullopt;
  const Late late{found->request, found->peer, !found->sent.is_never()};
  pings_.erase(found);
  return late;
}

void Pings::gone(const Address& address) {
  for (Ping& ping : pings_) {
    if (ping.peer == address) ping.deadline = shared_.now;
  }
}

Instant Pings::next_deadline() const {
  Instant at = Instant::never();
  for (const Ping& ping : pings_) at = std::min(at, ping.deadline);
  return at;
}

}  // namespace covfefe::core
