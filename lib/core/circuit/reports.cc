// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/reports.h"

#include <algorithm>

#include "core/circuit/choice.h"
#include "core/circuit/naming.h"

namespace covfefe::core {

namespace {

CircuitReport of_leg(const Peer& peer, const PeerSession& session, const Leg& leg,
                     const Reach& reach) {
  CircuitReport out;
  out.id = leg.circuit.value;
  out.to = peer.address;
  out.hops = hops_of(leg.path, reach.peers);
  out.state = leg.state;
  out.origin = session.via == Via::Direct ? session.initiator : !leg.path.hops.empty();
  if (session.via == Via::Direct) out.hops.push_back(peer.petname);
  out.age = reach.shared.now - leg.created;
  out.lifetime = leg.lifetime;
  out.rtt = leg.rtt;
  out.tx_bytes = leg.tx_bytes;
  out.rx_bytes = leg.rx_bytes;
  out.resent = leg.resent;
  if (const Circuit* circuit = reach.shared.table.find(leg.circuit)) {
    out.onion_faults = circuit->onion_faults;
    out.replays = circuit->replays;
  }
  return out;
}

}  // namespace

void report_circuits(const Peer& peer, const Reach& reach, std::vector<CircuitReport>& out) {
  for (const auto& session : peer.sessions) {
    for (const auto& leg : session->legs) out.push_back(of_leg(peer, *session, *leg, reach));
  }
  reach.attempts.each([&](const Attempt& attempt) {
    if (attempt.peer != &peer) return;
    CircuitReport& report = out.emplace_back();
    report.to = peer.address;
    report.hops = hops_of(attempt.path, reach.peers);
    report.age = reach.shared.now - attempt.started;
    report.lifetime = Duration::seconds(BuildTerms{}.lifetime);
  });
}

void report_in_use(const Peer& peer, const Reach& reach, PathReport& out) {
  if (peer.current == nullptr) return;
  if (peer.current->via == Via::Direct) {
    for (PathReport::Option& option : out.options) option.chosen = false;
    out.options.insert(out.options.begin(),
                       {{peer.petname}, true, "the link to this friend is up"});
    out.why = "A friend whose link is up is reached directly.";
    return;
  }
  for (const auto& leg : peer.current->legs) {
    const auto hops = hops_of(leg->path, reach.peers);
    const auto same = std::find_if(out.options.begin(), out.options.end(),
                                   [&hops](const auto& option) { return option.hops == hops; });
    if (same == out.options.end()) continue;
    same->chosen = true;
    same->why = "in use";
  }
}

}  // namespace covfefe::core
