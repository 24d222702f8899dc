// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/setup.h"

#include <algorithm>

#include "base/check.h"

namespace covfefe::core {

namespace {

constexpr Duration kTogether = Duration::seconds(10);
constexpr Duration kProbeEvery = Duration::seconds(1);
constexpr Duration kLookAgain = Duration::millis(500);
constexpr Duration kFirstRepeat = Duration::millis(150);
constexpr Duration kLastRepeat = Duration::seconds(1);

Duration back_off(std::uint8_t failures) {
  static constexpr std::array<int, 5> kMillis = {250, 500, 1000, 2000, 5000};
  return Duration::millis(kMillis[std::min<std::size_t>(failures, kMillis.size() - 1)]);
}

bool in_progress(const Peer& peer) {
  return std::any_of(peer.sessions.begin(), peer.sessions.end(),
                     [](const auto& s) { return s->stage != Stage::Live; });
}

bool live(const Peer& peer) {
  return peer.current != nullptr && peer.current->stage == Stage::Live;
}

}  // namespace

PeerSession* find_session(Peer& peer, CircuitId circuit) {
  for (const auto& session : peer.sessions) {
    if (session->circuit == circuit) return session.get();
  }
  return nullptr;
}

// Step E9, covfefe-protocol(7).
void Setup::link_up(Peer& peer, Boot boot) {
  peer.link_up = true;
  if (boot == Boot::New) drop_all(peer);
  for (const auto& session : peer.sessions) {
    // Time without a link says nothing about the session.
    if (!session->unanswered.is_never()) session->unanswered = shared_.now;
  }
  if (live(peer)) return;
  peer.failures = 0;
  peer.up_since = shared_.now;
  peer.open_at = shared_.now + (elder(peer) ? Duration{} : kYounger);
  consider(peer);
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
  if (live(peer) && shared_.now < renew_at(*peer.current)) {
    peer.open_at = renew_at(*peer.current);
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
  Circuit* circuit = shared_.table.issue(peer.link, CircuitRole::Origin, shared_.random.next_u64());
  if (circuit == nullptr) return;
  auto session = std::make_unique<PeerSession>();
  session->circuit = circuit->receive;
  session->initiator = true;
  session->created = shared_.now;
  session->give_up = shared_.now + kAttempt;
  shared_.random.fill(session->salt);
  wire::DirectOpen message{circuit->receive, session->salt, {}};
  session->e2e = E2e::open({*shared_.identity.valid(shared_.now), peer.address, peer.address},
                           shared_.random, message.noise);
  if (!shared_.sink.send_control(peer.link, {message}, shared_.now)) {
    shared_.table.drop(circuit->receive);
    return;
  }
  peer.open_at = session->give_up;
  peer.sessions.push_back(std::move(session));
}

bool Setup::room(Peer& peer) {
  if (peer.sessions.size() < Peer::kSessions) return true;
  // The oldest that packets are not sent in makes room: it is a leftover or will not be finished.
  for (const auto& session : peer.sessions) {
    if (session.get() == peer.current) continue;
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
      shared_.table.issue(peer.link, CircuitRole::Destination, shared_.random.next_u64());
  if (circuit == nullptr) return refuse(peer, message.circuit, wire::DirectRefusal::Overloaded);
  circuit->send = message.circuit;
  answer.my_circuit = circuit->receive;
  shared_.random.fill(answer.salt);
  circuit->hops[0].keys = crypto::direct_circuit_keys(
      {message.circuit.value, circuit->receive.value, message.salt, answer.salt});
  circuit->length = 1;
  if (!shared_.sink.send_control(peer.link, {answer}, shared_.now)) {
    return shared_.table.drop(circuit->receive);
  }
  auto session = std::make_unique<PeerSession>();
  session->e2e = std::move(*e2e);
  session->circuit = circuit->receive;
  session->stage = Stage::Answered;
  session->created = shared_.now;
  session->give_up = shared_.now + kAttempt * 2;
  peer.sessions.push_back(std::move(session));
}

void Setup::refuse(Peer& peer, CircuitId circuit, wire::DirectRefusal why) {
  shared_.tally.add(Count::SessionRefused);
  (void)shared_.sink.send_control(peer.link, {wire::DirectRefused{circuit, why}}, shared_.now);
}

// Step E2, covfefe-protocol(7): back at the initiator.
void Setup::opened(Peer& peer, const wire::DirectOpened& message) {
  PeerSession* session = find_session(peer, message.your_circuit);
  const auto wall = shared_.identity.wall(shared_.now);
  if (session == nullptr || session->stage != Stage::Opening || !wall) {
    (void)shared_.sink.send_destroy(peer.link, message.my_circuit, wire::DestroyReason::Unknown,
                                    shared_.now);
    return;
  }
  Circuit* circuit = shared_.table.find(session->circuit);
  CHECK(circuit != nullptr);
  circuit->send = message.my_circuit;
  if (message.my_circuit.value == 0 ||
      !session->e2e->opened(message.noise, *wall, shared_.random)) {
    return fail(peer, *session);
  }
  circuit->hops[0].keys = crypto::direct_circuit_keys(
      {circuit->receive.value, message.my_circuit.value, session->salt, message.salt});
  circuit->length = 1;
  session->stage = Stage::Unconfirmed;
  session->give_up = shared_.now + kAttempt;
  session->repeat_after = kFirstRepeat;
  session->repeat_at = shared_.now + kFirstRepeat;
  (void)egress_.greet(peer, *session);
  choose(peer);
}

void Setup::refused(Peer& peer, const wire::DirectRefused& message) {
  PeerSession* session = find_session(peer, message.your_circuit);
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
  PeerSession* session = find_session(peer, circuit);
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
  choose(peer);
}

void Setup::drop(Peer& peer, PeerSession& session, wire::DestroyReason reason) {
  const Circuit* circuit = shared_.table.find(session.circuit);
  CHECK(circuit != nullptr);
  if (circuit->send.value != 0) {
    (void)shared_.sink.send_destroy(peer.link, circuit->send, reason, shared_.now);
  }
  erase(peer, session);
}

void Setup::erase(Peer& peer, const PeerSession& session) {
  if (session.stage == Stage::Live) shared_.tally.add(Count::SessionClosed);
  shared_.table.drop(session.circuit);
  const bool was_current = peer.current == &session;
  if (was_current) peer.current = nullptr;
  std::erase_if(peer.sessions, [&session](const auto& s) { return s.get() == &session; });
  if (!was_current) return;
  choose(peer);
  if (peer.current != nullptr) return;
  egress_.forget(peer);
  peer.open_at = shared_.now + (elder(peer) ? Duration{} : kYoungerBusy);
}

void Setup::drop_all(Peer& peer) {
  for (const auto& session : peer.sessions) {
    if (session->stage == Stage::Live) shared_.tally.add(Count::SessionClosed);
    shared_.table.drop(session->circuit);
  }
  peer.current = nullptr;
  peer.sessions.clear();
  egress_.forget(peer);
}

// Step E9, covfefe-protocol(7): where both opened at once, both ends must prefer the same one.
bool Setup::better(const Peer& peer, const PeerSession& a, const PeerSession& b) const {
  const bool a_live = a.stage == Stage::Live;
  const bool b_live = b.stage == Stage::Live;
  if (a_live != b_live) return a_live;
  const Duration apart = a.created < b.created ? b.created - a.created : a.created - b.created;
  if (apart > kTogether || a.initiator == b.initiator) return a.created > b.created;
  return a.initiator == elder(peer);
}

void Setup::choose(Peer& peer) {
  PeerSession* best = nullptr;
  for (const auto& session : peer.sessions) {
    const bool usable = session->stage == Stage::Live || session->stage == Stage::Unconfirmed;
    if (usable && (best == nullptr || better(peer, *session, *best))) best = session.get();
  }
  for (const auto& session : peer.sessions) {
    const bool old = session.get() != best && session->stage == Stage::Live;
    if (!old) session->superseded = Instant::never();
    if (old && session->superseded.is_never()) session->superseded = shared_.now;
  }
  peer.current = best;
  if (best != nullptr && best->stage == Stage::Live) peer.open_at = renew_at(*best);
}

Instant Setup::renew_at(const PeerSession& session) const {
  return session.created + (session.initiator ? kRenew : kRenewOther);
}

void Setup::timer(Peer& peer) {
  consider(peer);
  for (std::size_t i = peer.sessions.size(); i-- > 0;) {
    if (i < peer.sessions.size()) tend(peer, *peer.sessions[i]);
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
    (void)egress_.greet(peer, session);
    return;
  }
  if (peer.link_up && now >= session.repeat_at) {
    const bool dead = now >= session.unanswered + kDead;
    if (dead) return drop(peer, session, wire::DestroyReason::Unknown);
    session.repeat_at = now + kProbeEvery;
    egress_.probe(peer, session);
  }
  const bool lingered = !session.superseded.is_never() &&
                        now >= std::max(session.superseded, session.last_heard) + kLinger;
  if (!lingered && now < session.created + kOldest) return;
  egress_.close(peer, session);
  drop(peer, session, wire::DestroyReason::Expired);
}

Instant Setup::next_deadline(const Peer& peer) const {
  Instant at = peer.link_up ? peer.open_at : Instant::never();
  for (const auto& session : peer.sessions) {
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
