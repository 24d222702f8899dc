// SPDX-License-Identifier: Apache-2.0
// What the operator may ask of circuits across friends' nodes: which there are, which could be, new
// ones, and who this node is in them.
#include "core/circuit/choice.h"
#include "core/circuit/circuits.h"
#include "core/circuit/reports.h"

namespace covfefe::core {

namespace {

IdentityReport identity(const Reach& reach) {
  const auto once = reach.one_time.address();
  return {once.has_value(), once.value_or(reach.shared.own)};
}

}  // namespace

void Circuits::ask(RequestId request, const CircuitsQuery&) {
  CircuitsReport report;
  peers_.each([&](const Peer& peer) { report_circuits(peer, reach(), report.circuits); });
  report.relayed = builds_.relayed();
  tell(request, std::move(report));
}

void Circuits::ask(RequestId request, const PathQuery& query) {
  PathReport report = discovery_.explain(query.peer).value_or(PathReport{});
  if (const Peer* peer = peers_.find(query.peer)) report_in_use(*peer, reach(), report);
  if (report.why.empty() && report.options.empty()) report.why = "Nobody serves this address.";
  tell(request, std::move(report));
}

void Circuits::ask(RequestId request, const CircuitNew& query) {
  Peer* peer = remote_.peer_for(query.peer);
  CircuitsReport report;
  if (peer == nullptr || !(remote_.possible(*peer) || live(peer->remote))) {
    report.why = "nobody serves this address";
  } else if (peer->link_up) {
    report.why = "the link to this friend is up: its packets go directly";
  } else if (!orders_.add(request, *peer, query.timeout)) {
    report.why = "too many circuits are on order";
  } else {
    peers_.touch(*peer);
    if (live(peer->remote)) return remote_.more(*peer->remote);
    return remote_.want(*peer, query.timeout);
  }
  tell(request, std::move(report));
}

void Circuits::ask(RequestId request, const CircuitClose& query) {
  const CircuitId id{query.circuit};
  const Circuit* circuit = shared_.table.find(id);
  PeerSession* session = circuit == nullptr ? nullptr : circuit->session;
  CircuitClosed report;
  if (session == nullptr || session->peer == nullptr) {
    report.why = "no circuit of this node has this number";
  } else if (session->via == Via::Direct) {
    report.why = "the direct circuit of a friend is the link's own";
  } else {
    report.ok = true;
    peers_.touch(*session->peer);
    remote_.close_leg(*session, id);
  }
  tell(request, std::move(report));
}

void Circuits::ask(RequestId request, const NameQuery& query) {
  discovery_.name(request, query);
}

void Circuits::ask(RequestId request, const IdentityNew&) {
  remote_.reach().one_time.make(shared_.random);
  tell(request, identity(reach()));
}

void Circuits::ask(RequestId request, const IdentityDrop&) {
  remote_.reach().one_time.drop();
  tell(request, identity(reach()));
}

}  // namespace covfefe::core
