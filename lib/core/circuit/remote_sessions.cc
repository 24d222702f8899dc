// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/remote_sessions.h"

#include <algorithm>

#include "base/check.h"
#include "core/circuit/choice.h"

namespace covfefe::core {

namespace {

constexpr Duration kFirstRepeat = Duration::millis(150);
constexpr Duration kLastRepeat = Duration::seconds(1);
constexpr Duration kProbeEvery = Duration::seconds(1);
constexpr Duration kRoomAfter = Duration::seconds(10);  // idle for so long makes room

}  // namespace

PeerSession* RemoteSessions::find(const ByteArray<8>& name) const {
  const auto found = reach_.names.find(name_of(name));
  return found == reach_.names.end() ? nullptr : found->second;
}

// ---- coming -------------------------------------------------------------------------------------

void RemoteSessions::opened(Attempt& attempt, const Built& built, std::unique_ptr<E2e> e2e) {
  const Instant now = reach_.shared.now;
  Peer& peer = *attempt.peer;
  make_room(peer);
  PeerSession& session = *peer.sessions.emplace_back(std::make_unique<PeerSession>());
  session.peer = &peer;
  session.via = Via::Circuits;
  session.e2e = std::move(e2e);
  session.local = attempt.local;
  session.stage = Stage::Unconfirmed;
  session.initiator = true;
  session.created = session.used = peer.used = now;
  session.give_up = now + kAttempt;
  session.repeat_after = kFirstRepeat;
  session.repeat_at = now + kFirstRepeat;
  legs_.add(session, attempt, built);
  reach_.peers.touch(peer);
  (void)reach_.egress.greet(session);
}

bool RemoteSessions::arrived(const Terminal& terminal, std::unique_ptr<E2e> e2e) {
  if (arrivals_.size() >= kArrivals) return false;
  const Instant now = reach_.shared.now;
  PeerSession& session = *arrivals_.emplace_back(std::make_unique<PeerSession>());
  session.via = Via::Circuits;
  session.e2e = std::move(e2e);
  session.local = reach_.shared.own;
  session.stage = Stage::Answered;
  session.created = session.used = now;
  session.give_up = now + kThird;
  legs_.add(session, terminal);
  return true;
}

Peer* RemoteSessions::heard(PeerSession& session) {
  session.last_heard = reach_.shared.now;
  if (!session.unanswered.is_never()) {
    session.unanswered = Instant::never();
    session.repeat_at = Instant::never();
  }
  Peer* peer = session.peer != nullptr ? session.peer : claim(session);
  if (peer != nullptr && session.stage != Stage::Live && session.e2e->confirmed()) {
    confirm(*peer, session);
  }
  return peer;
}

// Step E13, covfefe-protocol(7): message 3 has told who it is.
Peer* RemoteSessions::claim(PeerSession& session) {
  const auto found = std::find_if(arrivals_.begin(), arrivals_.end(),
                                  [&session](const auto& one) { return one.get() == &session; });
  CHECK(found != arrivals_.end());
  Peer* peer = welcome(*session.e2e->peer());
  if (peer == nullptr) {
    erase(session);
    return nullptr;
  }
  make_room(*peer);
  session.peer = peer;
  peer->sessions.push_back(std::move(*found));
  arrivals_.erase(found);
  reach_.peers.touch(*peer);
  return peer;
}

Peer* RemoteSessions::welcome(const Address& who) {
  Peer* peer = reach_.peers.find(who);
  const bool stranger = peer == nullptr || !peer->link;
  const bool refused = stranger && reach_.policy.strangers == Strangers::Refuse;
  if (refused || who == reach_.shared.own || !who.is_overlay()) {
    reach_.shared.tally.add(Count::SessionRefused);
    return nullptr;
  }
  if (peer != nullptr) return peer;
  return room(Third::Came) ? &reach_.peers.add(who, Third::Came) : nullptr;
}

// Step E13, covfefe-protocol(7).
bool RemoteSessions::room(Third how) {
  if (!reach_.peers.full(how)) return true;
  Peer* idle = reach_.peers.idlest(how, reach_.shared.now - kRoomAfter);
  if (idle == nullptr) return false;
  forget(*idle);
  bury(*idle);
  return true;
}

void RemoteSessions::confirm(Peer& peer, PeerSession& session) {
  session.greet = session.stage == Stage::Answered;
  session.stage = Stage::Live;
  session.repeat_at = Instant::never();
  session.created = session.used = peer.used = reach_.shared.now;
  session.attach_at = reach_.shared.now;
  reach_.names[name_of(session.e2e->attach().session())] = &session;
  reach_.shared.tally.add(Count::SessionOpened);
  choose(peer, reach_.shared);
  reach_.peers.touch(peer);
  // Step E20, covfefe-protocol(7): after a restart it would be dialled under the own address.
  const bool once = session.local != reach_.shared.own;
  const bool ours = session.initiator && !once && !peer.link && !peer.remembered;
  if (!ours) return;
  peer.remembered = true;
  reach_.reports.emplace_back(DestinationUsed{peer.address, DestinationUsed::What::Opened});
}

// ---- going --------------------------------------------------------------------------------------

void RemoteSessions::make_room(Peer& peer) {
  PeerSession* oldest = nullptr;
  std::size_t n = 0;
  for (const auto& session : peer.sessions) {
    if (session->via != Via::Circuits) continue;
    ++n;
    if (oldest == nullptr && session.get() != peer.remote) oldest = session.get();
  }
  if (n >= kSessions) erase(*oldest);
}

void RemoteSessions::lost(PeerSession& session, CircuitId circuit) {
  legs_.lost(session, circuit);
  // What is not confirmed has no name to attach another circuit by.
  if (session.legs.empty() && !live(&session)) erase(session);
}

void RemoteSessions::closed(PeerSession& session) {
  erase(session);
}

void RemoteSessions::end(PeerSession& session) {
  reach_.egress.close(session);
  erase(session);
}

void RemoteSessions::end_all(Peer& peer) {
  for (std::size_t i = peer.sessions.size(); i-- > 0;) {
    if (peer.sessions[i]->via == Via::Circuits) end(*peer.sessions[i]);
  }
}

void RemoteSessions::forget(Peer& peer) {
  end_all(peer);
  reach_.attempts.abandon([&peer](const Attempt& a) { return a.peer == &peer; });
}

void RemoteSessions::bury(Peer& peer) {
  if (peer.remembered) {
    reach_.reports.emplace_back(DestinationUsed{peer.address, DestinationUsed::What::Closed});
  }
  reach_.peers.remove(peer);
}

// Who refuses strangers is silent when it learns who is there.
void RemoteSessions::erase(PeerSession& session) {
  Peer* peer = session.peer;
  if (peer != nullptr && session.initiator && session.stage == Stage::Unconfirmed) {
    peer->dial_trouble = "the far end did not take the session up; it may refuse strangers";
    peer->used = reach_.shared.now;
  }
  reach_.attempts.abandon(attaching(session));
  session.peer = nullptr;  // nobody chooses it while its legs go
  legs_.drop_all(session, wire::DestroyReason::Done);
  const auto same = [&session](const auto& one) { return one.get() == &session; };
  if (peer == nullptr) {
    std::erase_if(arrivals_, same);
    return;
  }
  if (live(&session)) {
    reach_.shared.tally.add(Count::SessionClosed);
    const auto name = reach_.names.find(name_of(session.e2e->attach().session()));
    if (name != reach_.names.end() && name->second == &session) reach_.names.erase(name);
  }
  std::erase_if(peer->sessions, same);
  choose(*peer, reach_.shared);
  if (peer->current == nullptr) reach_.egress.forget(*peer);
  reach_.peers.touch(*peer);
}

// ---- time ---------------------------------------------------------------------------------------

Instant RemoteSessions::idle_at(const PeerSession& session) const {
  return session.used + (session.initiator ? kIdle : kIdleOther);
}

bool RemoteSessions::over(const PeerSession& session) const {
  const Instant now = reach_.shared.now;
  if (session.legs.empty() && now >= session.last_heard + kKept) return true;
  if (now >= idle_at(session) || now >= session.created + kOldest) return true;
  return !session.superseded.is_never() &&
         now >= std::max(session.superseded, session.used) + kLinger;
}

// Step E10, covfefe-protocol(7).
void RemoteSessions::watch(PeerSession& session) {
  const Instant now = reach_.shared.now;
  if (now < session.repeat_at) return;
  if (now >= session.unanswered + (quiet(session, now) ? kDeadQuiet : kDead)) {
    session.unanswered = session.repeat_at = Instant::never();
    return legs_.drop_all(session, wire::DestroyReason::LinkLost);
  }
  session.repeat_at = now + kProbeEvery;
  reach_.egress.probe(session);
}

void RemoteSessions::tend(Peer& peer, PeerSession& session) {
  const Instant now = reach_.shared.now;
  if (live(&session)) {
    watch(session);
    if (!over(session)) return legs_.tend(session);
    const bool forgotten = peer.remembered && now >= idle_at(session);
    end(session);
    if (!forgotten || peer.remote != nullptr) return;
    peer.remembered = false;
    reach_.reports.emplace_back(DestinationUsed{peer.address, DestinationUsed::What::Closed});
    return;
  }
  if (now >= session.give_up) {
    reach_.shared.tally.add(Count::SessionRefused);
    return erase(session);
  }
  if (now < session.repeat_at) return;
  session.repeat_after = std::min(session.repeat_after * 2, kLastRepeat);
  session.repeat_at = now + session.repeat_after;
  (void)reach_.egress.greet(session);
}

void RemoteSessions::tend(Peer& peer) {
  for (std::size_t i = peer.sessions.size(); i-- > 0;) {
    if (i < peer.sessions.size() && peer.sessions[i]->via == Via::Circuits) {
      tend(peer, *peer.sessions[i]);
    }
  }
}

// Under another address than the session's a renewal would tell the far end that both are one node.
Instant RemoteSessions::renew_at(const Peer& peer) const {
  const PeerSession* now = peer.remote;
  const bool ours = live(now) && now == peer.current && now->initiator;
  const auto once = peer.link ? std::nullopt : reach_.one_time.address();
  const bool same = ours && now->local == once.value_or(reach_.shared.own);
  return same ? std::max(peer.remote->created + kRenew, peer.dial_at) : Instant::never();
}

Instant RemoteSessions::next_deadline(const Peer& peer) const {
  Instant at = Instant::never();
  for (const auto& session : peer.sessions) {
    if (session->via != Via::Circuits) continue;
    at = std::min(at, session->repeat_at);
    if (!live(session.get())) {
      at = std::min(at, session->give_up);
      continue;
    }
    at = std::min(
        {at, idle_at(*session), session->created + kOldest, legs_.next_deadline(*session)});
    if (session->legs.empty()) at = std::min(at, session->last_heard + kKept);
    if (!session->superseded.is_never()) {
      at = std::min(at, std::max(session->superseded, session->used) + kLinger);
    }
  }
  return std::min(at, renew_at(peer));
}

void RemoteSessions::tend_arrivals() {
  while (!arrivals_.empty() && reach_.shared.now >= arrivals_.front()->give_up) {
    reach_.shared.tally.add(Count::SessionRefused);
    erase(*arrivals_.front());
  }
}

Instant RemoteSessions::next_deadline() const {
  return arrivals_.empty() ? Instant::never() : arrivals_.front()->give_up;
}

}  // namespace covfefe::core
