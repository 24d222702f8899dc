// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/remote.h"

#include <algorithm>

#include "core/circuit/choice.h"

namespace covfefe::core {

namespace {

constexpr Duration kRestful = Duration::seconds(30);   // a third party is kept so long
constexpr Duration kRemember = Duration::minutes(10);  // then a destination is given up (A12)
constexpr Duration kRememberPatience = Duration::minutes(1);
constexpr Duration kRememberEvery = Duration::seconds(1);

}  // namespace

Remote::Remote(const Parts& parts, const CircuitPolicy& policy)
    : reach_{parts.shared, parts.peers, parts.egress, parts.discovery, parts.builds, policy},
      legs_(reach_),
      sessions_(reach_, legs_),
      dials_(reach_),
      hop_times_(reach_),
      reservations_(reach_, {legs_, dials_}) {}

// ---- who waits for a session --------------------------------------------------------------------

Peer* Remote::peer_for(const Address& address) {
  if (Peer* peer = reach_.peers.find(address)) return peer;
  if (!reach_.discovery.known(address)) return nullptr;
  if (!sessions_.room(Third::Dialled)) return nullptr;
  Peer& peer = reach_.peers.add(address, Third::Dialled);
  peer.used = reach_.shared.now;
  reach_.peers.touch(peer);
  return &peer;
}

bool Remote::spent(const Peer& peer) const {
  const Instant now = reach_.shared.now;
  return !peer.link && peer.sessions.empty() && peer.hold.empty() && now >= peer.wanted_until &&
         now >= peer.used + kRestful && reach_.attempts.count(opening(peer)) == 0;
}

void Remote::close_leg(PeerSession& session, CircuitId circuit) {
  if (session.legs.size() == 1) return sessions_.end(session);
  legs_.discard(session, circuit);
}

// Step C10, covfefe-protocol(7).
void Remote::tampered(PeerSession& session, const Circuit& circuit) {
  const Leg* leg = find_leg(session, circuit.receive);
  if (leg == nullptr || circuit.bad_hop == 0) return;
  reach_.discovery.failed(leg->path, circuit.bad_hop - 1);
}

// ---- builds -------------------------------------------------------------------------------------

void Remote::built(BuildId build, const Built& built) {
  std::optional<Attempt> attempt = reach_.attempts.take(build);
  if (!attempt) return reach_.builds.close(built.circuit, wire::DestroyReason::Done);
  const auto parsed = wire::parse_build_answer(built.answer);
  const wire::BuildAnswer answer = parsed ? *parsed : wire::BuildAnswer{wire::HopProbed{}};
  if (attempt->what == Attempt::What::Probe) return hop_times_.built(*attempt, built);
  reach_.peers.touch(*attempt->peer);
  if (attempt->what == Attempt::What::Open) {
    if (auto e2e = dials_.built(*attempt, built, answer)) {
      sessions_.opened(*attempt, built, std::move(e2e));
    }
  } else {
    attached(*attempt, built, answer);
  }
}

void Remote::attached(const Attempt& attempt, const Built& built, const wire::BuildAnswer& answer) {
  const Legs::Joined joined = legs_.built(attempt, built, answer);
  if (joined == Legs::Joined::NoSession) {
    sessions_.erase(*attempt.session);
    dials_.tend(*attempt.peer);
  }
  if (attempt.reservation == 0) return;
  if (joined == Legs::Joined::Yes) return reservations_.built(attempt, built);
  const std::size_t last = attempt.path.hops.size() - 1;
  reservations_.failed(attempt, {BuildFault::Refused, last, wire::BuildStatus::Refused, 0});
}

void Remote::lease_ended(PeerSession& session, CircuitId circuit) {
  legs_.leased(session, circuit, {});
  reservations_.lease_ended(circuit);
}

// ---- friends that leave -------------------------------------------------------------------------

void Remote::leaves(LinkSlot link, Instant at) {
  if (!reach_.leaves(link)) reach_.leaving.push_back(link);
  reach_.peers.each([&](Peer& peer) {
    for (const auto& session : peer.sessions) {
      if (session->via == Via::Circuits) legs_.leaves(*session, link, at);
    }
    reach_.peers.touch(peer);
  });
}

void Remote::stays(LinkSlot link) {
  if (std::erase(reach_.leaving, link) == 0) return;
  reach_.peers.each([&](Peer& peer) {
    for (const auto& session : peer.sessions) legs_.stays(*session, link);
    reach_.peers.touch(peer);
  });
}

void Remote::build_failed(BuildId build, const BuildFailure& failure) {
  const std::optional<Attempt> attempt = reach_.attempts.take(build);
  if (!attempt) return;
  switch (attempt->what) {
    case Attempt::What::Open:
      return dials_.failed(*attempt, failure);
    case Attempt::What::Attach:
      legs_.failed(*attempt, failure);
      return reservations_.failed(*attempt, failure);
    case Attempt::What::Probe:
      return hop_times_.failed(*attempt);
  }
}

void Remote::terminal(const Terminal& terminal, MutableBytes out) {
  const std::size_t said = wire::write_build_answer(answer(terminal), out);
  reach_.shared.random.fill(out.subspan(said));
}

wire::BuildAnswer Remote::answer(const Terminal& terminal) {
  const auto payload = wire::parse_build_payload(terminal.payload);
  if (!payload) return wire::NoService{};
  if (std::holds_alternative<wire::ProbeHop>(*payload)) return wire::HopProbed{};
  // Step D2, covfefe-protocol(7): the friend may serve what it was not allowed to.
  if (!reach_.discovery.leads_here(terminal.link)) return wire::NoService{};
  if (const auto* open = std::get_if<wire::OpenSession>(&*payload)) return session(terminal, *open);
  return attach(terminal, std::get<wire::AttachCircuit>(*payload));
}

// Step E13, covfefe-protocol(7).
wire::BuildAnswer Remote::session(const Terminal& terminal, const wire::OpenSession& open) {
  Shared& shared = reach_.shared;
  const SessionIdentity* me = shared.identity.valid(shared.now);
  if (me == nullptr) return wire::NoService{};
  wire::SessionOpened opened;
  auto e2e = E2e::answer({*me, shared.own, std::nullopt}, open.noise, shared.random, opened.noise);
  if (!e2e || !sessions_.arrived(terminal, std::move(*e2e))) {
    shared.tally.add(Count::SessionRefused);
    return wire::NoService{};
  }
  return opened;
}

// Step E15, covfefe-protocol(7).
wire::BuildAnswer Remote::attach(const Terminal& terminal, const wire::AttachCircuit& ask) {
  PeerSession* session = sessions_.find(ask.session);
  if (session == nullptr || session->legs.size() >= PeerSession::kLegs) return wire::NoService{};
  const auto answer = session->e2e->attach().answer(ask, terminal.ephemeral);
  if (!answer) return wire::NoService{};
  legs_.add(*session, terminal);
  reach_.peers.touch(*session->peer);
  return *answer;
}

// ---- time ---------------------------------------------------------------------------------------

void Remote::tend(Peer& peer) {
  sessions_.tend(peer);
  if (reach_.shared.now >= sessions_.renew_at(peer)) dials_.renew(peer);
  dials_.tend(peer);
}

Instant Remote::next_deadline(const Peer& peer) const {
  const Instant at = std::min(sessions_.next_deadline(peer), dials_.next_deadline(peer));
  const bool idle = !peer.link && peer.sessions.empty() && peer.hold.empty() &&
                    reach_.attempts.count(opening(peer)) == 0;
  return idle ? std::min(at, std::max(peer.wanted_until, peer.used + kRestful)) : at;
}

void Remote::remembered(const Remembered& what) {
  remembered_ = what.destinations;
  remembered_at_ = reach_.shared.now;
  remembered_until_ = reach_.shared.now + kRemember;
}

// A12: a server whose client restarted would wait for ever.
void Remote::dial_remembered() {
  const bool late = reach_.shared.now >= remembered_until_;
  std::erase_if(remembered_, [this, late](const Address& address) {
    Peer* peer = peer_for(address);
    if (peer == nullptr && !late) return false;
    if (peer == nullptr) {
      reach_.reports.emplace_back(DestinationUsed{address, DestinationUsed::What::Closed});
      return true;
    }
    peer->remembered = true;
    dials_.want(*peer, kRememberPatience);
    return true;
  });
  remembered_at_ = remembered_.empty() ? Instant::never() : reach_.shared.now + kRememberEvery;
}

void Remote::timer() {
  sessions_.tend_arrivals();
  if (reach_.shared.now >= remembered_at_) dial_remembered();
}

Instant Remote::next_deadline() const {
  return std::min({sessions_.next_deadline(), remembered_at_, reservations_.next_deadline()});
}

}  // namespace covfefe::core
