// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/setup.h"

#include <algorithm>

#include "base/check.h"
#include "core/circuit/back_off.h"
#include "core/circuit/choice.h"

namespace covfefe::core {

namespace {

constexpr Duration kProbeEvery = Duration::seconds(1);
constexpr Duration kLookAgain = Duration::millis(500);
constexpr Duration kFirstRepeat = Duration::millis(150);
constexpr Duration kLastRepeat = Duration::seconds(1);

bool in_progress(const Peer& peer) {
  return std::any_of(peer.sessions.begin(), peer.sessions.end(),
                     [](const auto& s) { return s->via == Via::Direct && !live(s.get()); });
}

bool live(const Peer& peer) {
  return live(peer.direct);
}

CircuitId circuit_of(const PeerSession& session) {
  return session.legs.front()->circuit;
}

PeerSession* find_direct(Peer& peer, CircuitId circuit) {
  for (const auto& session : peer.sessions) {
    if (session->via == Via::Direct && circuit_of(*session) == circuit) return session.get();
  }
  return nullptr;
}

}  // namespace

// Step E9, covfefe-protocol(7).
void Setup::link_up(Peer& peer, Boot boot) {
  peer.link_up = true;
  if (boot == Boot::New) drop_all(peer);
  for (const auto& session : peer.sessions) {
    // Time without a link says nothing about the session.
    const bool direct = session->via == Via::Direct;
    if (direct && !session->unanswered.is_never()) session->unanswered = shared_.now;
  }
  settle(peer);
  if (live(peer)) return;
  peer.failures = 0;
  peer.up_since = shared_.now;
  peer.open_at = shared_.now + (elder(peer) ? Duration{} : kYounger);
  consider(peer);
}

void Setup::link_down(Peer& peer) {
  peer.link_up = false;
  choose(peer, shared_);
}

void Setup::wanted(Peer& peer) {
  if (peer.failures > 0 || in_progress(peer)) return;  // back-off goes on, or it is on its way
  const Instant at = elder(peer) ? shared_.now : peer.up_since + kYoungerBusy;
  peer.open_at = std::min(peer.open_at, std::max(at, shared_.now));
  consider(peer);
}

void Setup::certified(Peer& peer) {
  if (!peer.link_up || live(peer)) return;
  peer.failures = 0;
  peer.open_at = shared_.now + (elder(peer) ? Duration{} : kYounger);
  consider(peer);
}

void Setup::consider(Peer& peer) {
  if (!peer.link_up || shared_.now < peer.open_at) return;
  if (live(peer) && shared_.now < renew_at(*peer.direct)) {
    peer.open_at = renew_at(*peer.direct);
  } else if (in_progress(peer)) {
    peer.open_at = shared_.now + kLookAgain;
  } else if (shared_.identity.valid(shared_.now) == nullptr ||
             !shared_.identity.wall(shared_.now)) {
    // certified() comes when it can go on; a live session outlasts the keystore's absence.
    peer.open_at = live(peer) ? shared_.now + Duration::minutes(1) : Instant::never();
  } else {
    begin(peer);
  }
}

// Step E1, covfefe-protocol(7).
void Setup::begin(Peer& peer) {
  peer.open_at = shared_.now + back_off(peer.failures);
  if (!peer.attempts.take(shared_.now) || !room(peer)) return;
  Circuit* circuit =
      shared_.table.issue(*peer.link, CircuitRole::Origin, shared_.random.next_u64());
  if (circuit == nullptr) return;
  wire::DirectOpen message{circuit->receive, {}, {}};
  shared_.random.fill(message.salt);
  auto e2e = E2e::open({*shared_.identity.valid(shared_.now), peer.address, peer.address},
                       shared_.random, message.noise);
  if (!shared_.sink.send_control(*peer.link, {message}, shared_.now)) {
    shared_.table.drop(circuit->receive);
    return;
  }
  PeerSession& session = add(peer, *circuit);
  session.e2e = std::move(e2e);
  session.salt = message.salt;
  session.initiator = true;
  session.give_up = shared_.now + kAttempt;
  peer.open_at = session.give_up;
}

PeerSession& Setup::add(Peer& peer, Circuit& circuit) {
  auto leg = std::make_unique<Leg>();
  leg->circuit = circuit.receive;
  leg->link = *peer.link;
  leg->created = leg->since = shared_.now;
  auto session = std::make_unique<PeerSession>();
  session->peer = &peer;
  session->local = shared_.own;
  session->created = shared_.now;
  session->legs.push_back(std::move(leg));
  circuit.session = session.get();
  return *peer.sessions.emplace_back(std::move(session));
}

bool Setup::room(Peer& peer) {
  if (peer.sessions.size() < Peer::kSessions) return true;
  // The oldest that packets are not sent in makes room: it is a leftover or will not be finished.
  for (const auto& session : peer.sessions) {
    if (session.get() == peer.direct || session->via != Via::Direct) continue;
    drop(peer, *session, wire::DestroyReason::Expired);
    return true;
  }
  return false;
}

// Step E2, covfefe-protocol(7): the responder.
void Setup::open(Peer& peer, const wire::DirectOpen& message) {
  const SessionIdentity* me = shared_.identity.valid(shared_.now);
  if (me == nullptr) return refuse(peer, message.circuit, wire::DirectRefusal::NotNow);
  if (!peer.answers.take(shared_.now) || !room(peer)) {
    return refuse(peer, message.circuit, wire::DirectRefusal::Overloaded);
  }
  wire::DirectOpened answer{message.circuit, {}, {}, {}};
  auto e2e =
      E2e::answer({*me, shared_.own, peer.address}, message.noise, shared_.random, answer.noise);
  if (!e2e) return refuse(peer, message.circuit, wire::DirectRefusal::NoService);
  Circuit* circuit =
      shared_.table.issue(*peer.link, CircuitRole::Destination, shared_.random.next_u64());
  if (circuit == nullptr) return refuse(peer, message.circuit, wire::DirectRefusal::Overloaded);
  circuit->send = message.circuit;
  answer.my_circuit = circuit->receive;
  shared_.random.fill(answer.salt);
  circuit->hops[0].keys = crypto::direct_circuit_keys(
      {message.circuit.value, circuit->receive.value, message.salt, answer.salt});
  circuit->length = 1;
  if (!shared_.sink.send_control(*peer.link, {answer}, shared_.now)) {
    return shared_.table.drop(circuit->receive);
  }
  PeerSession& session = add(peer, *circuit);
  session.e2e = std::move(*e2e);
  session.legs.front()->enter(CircuitState::Open, shared_.now);
  session.stage = Stage::Answered;
  session.give_up = shared_.now + kAttempt * 2;
}

void Setup::refuse(Peer& peer, CircuitId circuit, wire::DirectRefusal why) {
  shared_.tally.add(Count::SessionRefused);
  (void)shared_.sink.send_control(*peer.link, {wire::DirectRefused{circuit, why}}, shared_.now);
}

// Step E2, covfefe-protocol(7): back at the initiator.
void Setup::opened(Peer& peer, const wire::DirectOpened& message) {
  PeerSession* session = find_direct(peer, message.your_circuit);
  const auto wall = shared_.identity.wall(shared_.now);
  if (session == nullptr || session->stage != Stage::Opening || !wall) {
    (void)shared_.sink.send_destroy(*peer.link, message.my_circuit, wire::DestroyReason::Unknown,
                                    shared_.now);
    return;
  }
  Circuit* circuit = shared_.table.find(circuit_of(*session));
  CHECK(circuit != nullptr);
  circuit->send = message.my_circuit;
  if (message.my_circuit.value == 0 ||
      !session->e2e->opened(message.noise, *wall, shared_.random)) {
    return fail(peer, *session);
  }
  circuit->hops[0].keys = crypto::direct_circuit_keys(
      {circuit->receive.value, message.my_circuit.value, session->salt, message.salt});
  circuit->length = 1;
  session->legs.front()->enter(CircuitState::Open, shared_.now);
  session->stage = Stage::Unconfirmed;
  session->give_up = shared_.now + kAttempt;
  session->repeat_after = kFirstRepeat;
  session->repeat_at = shared_.now + kFirstRepeat;
  (void)egress_.greet(*session);
  settle(peer);
}

void Setup::refused(Peer& peer, const wire::DirectRefused& message) {
  PeerSession* session = find_direct(peer, message.your_circuit);
  if (session != nullptr && session->stage == Stage::Opening) fail(peer, *session);
}

void Setup::fail(Peer& peer, PeerSession& session) {
  shared_.tally.add(Count::SessionRefused);
  const bool ours = session.initiator;
  drop(peer, session, wire::DestroyReason::Refused);
  if (!ours) return;
  peer.open_at = shared_.now + (live(peer) ? Duration::seconds(30) : back_off(peer.failures));
  if (peer.failures < 255) ++peer.failures;
}

void Setup::destroyed(Peer& peer, CircuitId circuit) {
  PeerSession* session = find_direct(peer, circuit);
  if (session == nullptr) return;
  if (session->stage == Stage::Opening || session->stage == Stage::Unconfirmed) {
    return fail(peer, *session);
  }
  erase(peer, *session);
}

void Setup::heard(Peer& peer, PeerSession& session) {
  session.last_heard = shared_.now;
  if (!session.unanswered.is_never()) {
    session.unanswered = Instant::never();
    session.repeat_at = Instant::never();
  }
  if (session.stage == Stage::Live || !session.e2e->confirmed()) return;
  session.greet = session.stage == Stage::Answered;
  session.stage = Stage::Live;
  session.repeat_at = Instant::never();
  // Both ends compare ages: what counts is when the session was confirmed here.
  session.created = shared_.now;
  peer.failures = 0;
  shared_.tally.add(Count::SessionOpened);
  settle(peer);
}

void Setup::drop(Peer& peer, PeerSession& session, wire::DestroyReason reason) {
  const Circuit* circuit = shared_.table.find(circuit_of(session));
  CHECK(circuit != nullptr);
  if (circuit->send.value != 0) {
    (void)shared_.sink.send_destroy(*peer.link, circuit->send, reason, shared_.now);
  }
  erase(peer, session);
}

void Setup::erase(Peer& peer, const PeerSession& session) {
  if (session.stage == Stage::Live) shared_.tally.add(Count::SessionClosed);
  shared_.table.drop(circuit_of(session));
  const bool was_direct = peer.direct == &session;
  std::erase_if(peer.sessions, [&session](const auto& s) { return s.get() == &session; });
  settle(peer);
  if (peer.current == nullptr) egress_.forget(peer);
  if (!was_direct || peer.direct != nullptr) return;
  peer.open_at = shared_.now + (elder(peer) ? Duration{} : kYoungerBusy);
}

void Setup::drop_all(Peer& peer) {
  std::erase_if(peer.sessions, [this](const auto& session) {
    if (session->via != Via::Direct) return false;
    if (live(session.get())) shared_.tally.add(Count::SessionClosed);
    shared_.table.drop(circuit_of(*session));
    return true;
  });
  settle(peer);
  if (peer.current == nullptr) egress_.forget(peer);
}

void Setup::settle(Peer& peer) {
  choose(peer, shared_);
  if (live(peer)) peer.open_at = renew_at(*peer.direct);
}

Instant Setup::renew_at(const PeerSession& session) const {
  return session.created + (session.initiator ? kRenew : kRenewOther);
}

void Setup::timer(Peer& peer) {
  consider(peer);
  for (std::size_t i = peer.sessions.size(); i-- > 0;) {
    if (i >= peer.sessions.size() || peer.sessions[i]->via != Via::Direct) continue;
    tend(peer, *peer.sessions[i]);
  }
}

// Step E10, covfefe-protocol(7).
void Setup::tend(Peer& peer, PeerSession& session) {
  const Instant now = shared_.now;
  if (session.stage != Stage::Live) {
    if (now >= session.give_up) return fail(peer, session);
    if (now < session.repeat_at) return;
    session.repeat_after = std::min(session.repeat_after * 2, kLastRepeat);
    session.repeat_at = now + session.repeat_after;
    (void)egress_.greet(session);
    return;
  }
  if (peer.link_up && now >= session.repeat_at) {
    const bool dead = now >= session.unanswered + (quiet(session, now) ? kDeadQuiet : kDead);
    if (dead) return drop(peer, session, wire::DestroyReason::Unknown);
    session.repeat_at = now + kProbeEvery;
    egress_.probe(session);
  }
  const bool lingered = !session.superseded.is_never() &&
                        now >= std::max(session.superseded, session.last_heard) + kLinger;
  if (!lingered && now < session.created + kOldest) return;
  egress_.close(session);
  drop(peer, session, wire::DestroyReason::Expired);
}

Instant Setup::next_deadline(const Peer& peer) const {
  Instant at = peer.link_up ? peer.open_at : Instant::never();
  for (const auto& session : peer.sessions) {
    if (session->via != Via::Direct) continue;
    if (peer.link_up) at = std::min(at, session->repeat_at);
    if (session->stage != Stage::Live) {
      at = std::min(at, session->give_up);
    } else if (session->superseded.is_never()) {
      at = std::min(at, session->created + kOldest);
    } else {
      at = std::min(at, std::max(session->superseded, session->last_heard) + kLinger);
    }
  }
  return at;
}

}  // namespace covfefe::core
