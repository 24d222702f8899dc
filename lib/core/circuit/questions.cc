// SPDX-License-Identifier: Apache-2.0
// What the operator may ask of circuits: ping, status, why.
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

Finding session_finding(const Shared& shared, const Peer& peer) {
  if (live(peer.current)) {
    const Duration age = shared.now - peer.current->created;
    return {true,
            "The end-to-end session is keyed since " +
                std::to_string(age.nanoseconds / 1'000'000'000) + " s.",
            ""};
  }
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

std::string late_reason(const Peer* peer, const Pings::Late& late) {
  if (peer == nullptr) return "no longer a friend";
  if (late.sent) return "no answer in time";
  if (!peer->link_up) return "the link to this friend is not up";
  return "no end-to-end session with this friend";
}

}  // namespace

void Circuits::ping(RequestId request, const PingQuery& query) {
  const std::optional<LinkSlot> link = routes_.find(query.peer);
  PingReport report;
  if (!link) {
    report.why = "no friend has this address";
  } else if (!pings_.start(request, *peer_at(*link), query.timeout)) {
    report.why = "too many pings are under way";
  } else {
    touch(*peer_at(*link));
    return;
  }
  effects_->tell(Answer{request, std::move(report)});
}

void Circuits::expire_pings() {
  while (const auto late = pings_.expire()) {
    PingReport report;
    report.why = late_reason(find_peer(late->peer), *late);
    effects_->tell(Answer{late->request, std::move(report)});
  }
}

std::optional<LinkSlot> Circuits::find(const Address& address) const {
  return routes_.find(address);
}

std::vector<FriendReport> Circuits::friends() const {
  std::vector<FriendReport> out;
  for (const auto& peer : peers_) {
    if (!peer) continue;
    FriendReport report = shared_.sink.report(*peer->link, shared_.now);
    report.session_up = live(peer->current);
    out.push_back(std::move(report));
  }
  return out;
}

void Circuits::explain(LinkSlot link, std::vector<Finding>& out) const {
  const Peer* peer = peer_at(link);
  if (peer == nullptr) return;
  out.push_back(certificate_finding(shared_));
  out.push_back(session_finding(shared_, *peer));
}

void Circuits::count(std::vector<Counter>& out) const {
  for (std::size_t i = 0; i < Tally::kCount; ++i) {
    const auto what = static_cast<Count>(i);
    out.push_back({name_of(what), shared_.tally.of(what)});
  }
}

}  // namespace covfefe::core
