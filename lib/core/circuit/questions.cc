// SPDX-License-Identifier: Apache-2.0
// What the operator may ask of sessions: ping, status, why.
#include <algorithm>

#include "core/circuit/choice.h"
#include "core/circuit/circuits.h"

namespace covfefe::core {

namespace {

Finding certificate_finding(const Shared& shared) {
  if (shared.identity.valid(shared.now) != nullptr) {
    return {true, "The keystore has certified this router for end-to-end sessions.", ""};
  }
  if (!shared.identity.wall(shared.now)) {
    return {false, "The router has not been told the time yet.", "Wait a moment and ask again."};
  }
  return {false, "No keystore has certified this router for end-to-end sessions.",
          "Look at the keystore in `covfefe status`; if it is locked, unlock it."};
}

Finding live_finding(const Shared& shared, const PeerSession& session) {
  const Duration age = shared.now - session.created;
  std::string what = "The end-to-end session is keyed since " +
                     std::to_string(age.nanoseconds / 1'000'000'000) + " s";
  if (session.via == Via::Circuits) {
    what += ", over " + std::to_string(session.legs.size()) + " circuits";
  }
  return {true, what + ".", ""};
}

Finding friend_finding(const Peer& peer) {
  if (!peer.link_up) {
    return {false, "There is no end-to-end session, because the link is not up.",
            "See to the link first; the session follows by itself."};
  }
  if (peer.failures > 0) {
    return {false,
            "The end-to-end session could not be opened, " + std::to_string(peer.failures) +
                " attempts in a row.",
            "Compare the clocks of both machines, and ask the friend whether its keystore is "
            "attached and unlocked."};
  }
  return {false, "The end-to-end session is being opened.", "Wait a second and ask again."};
}

Finding third_finding(const Peer& peer) {
  if (peer.dial_trouble.empty()) {
    return {true, "No session is open; the first packet opens one.", ""};
  }
  return {false, "The last attempt to open a session failed: " + peer.dial_trouble + ".",
          "Other paths are tried as long as packets are sent; `covfefe path` shows them."};
}

std::string late_reason(const Peer* peer, const Pings::Late& late) {
  if (late.gone) return "no longer a friend";
  if (peer == nullptr) return "nobody serves this address any more";
  if (late.sent) return "no answer in time";
  if (!peer->dial_trouble.empty()) return peer->dial_trouble;
  if (!peer->link) return "no end-to-end session in time";
  if (!peer->link_up) return "the link to this friend is not up";
  return "no end-to-end session with this friend";
}

}  // namespace

void Circuits::ask(RequestId request, const PingQuery& query) {
  Peer* peer = remote_.peer_for(query.peer);
  PingReport report;
  if (peer == nullptr) {
    report.why = "no friend has this address, and no friend serves it";
  } else if (!pings_.start(request, *peer, query)) {
    report.why = "too many pings are under way";
  } else {
    peers_.touch(*peer);
    const bool circuits = !peer->link_up && peer->current == nullptr && remote_.possible(*peer);
    if (circuits) remote_.want(*peer, Pings::patience(query));
    return;
  }
  tell(request, std::move(report));
}

void Circuits::expire_pings() {
  while (const auto late = pings_.expire()) {
    PingReport report;
    report.why = late_reason(peers_.find(late->peer), *late);
    tell(late->request, std::move(report));
  }
}

std::optional<LinkSlot> Circuits::find(const Address& address) const {
  const Peer* peer = peers_.find(address);
  return peer == nullptr ? std::nullopt : peer->link;
}

std::vector<FriendReport> Circuits::friends() const {
  std::vector<FriendReport> out;
  peers_.each([&](const Peer& peer) {
    if (!peer.link) return;
    FriendReport report = shared_.sink.report(*peer.link, shared_.now);
    const Builds::Faults faults = builds_.faults(*peer.link);
    report.session_up = live(peer.current);
    report.onion_faults = faults.onion;
    report.circuits_destroyed = faults.destroyed;
    report.relayed_cells = faults.relayed_cells;
    out.push_back(std::move(report));
  });
  return out;
}

void Circuits::explain(const Address& address, std::vector<Finding>& out) const {
  const Peer* peer = peers_.find(address);
  const bool direct = peer != nullptr && peer->link_up;
  if (!direct) discovery_.explain(address, out);
  out.push_back(certificate_finding(shared_));
  if (peer == nullptr) return;
  if (live(peer->current)) {
    out.push_back(live_finding(shared_, *peer->current));
  } else {
    out.push_back(peer->link ? friend_finding(*peer) : third_finding(*peer));
  }
}

void Circuits::count(std::vector<Counter>& out) const {
  for (std::size_t i = 0; i < Tally::kCount; ++i) {
    const auto what = static_cast<Count>(i);
    out.push_back({name_of(what), shared_.tally.of(what)});
  }
  builds_.count(out);
  discovery_.count(out);
}

}  // namespace covfefe::core
