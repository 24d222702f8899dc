// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/legs.h"

#include <algorithm>

#include "base/check.h"
#include "core/circuit/choice.h"

namespace covfefe::core {

namespace {

bool open(const Leg& leg) {
  return leg.state == CircuitState::Open;
}

}  // namespace

// ---- coming and going ---------------------------------------------------------------------------

void Legs::add(PeerSession& session, const Attempt& attempt, const Built& built) {
  Leg leg;
  leg.circuit = built.circuit;
  leg.link = attempt.path.entry;
  leg.path = attempt.path;
  leg.lifetime =
      Duration::seconds(attempt.lifetime != 0 ? attempt.lifetime : BuildTerms{}.lifetime);
  leg.rtt = built.rtt;
  stand(session, std::move(leg));
}

void Legs::add(PeerSession& session, const Terminal& terminal) {
  Leg leg;
  leg.circuit = terminal.circuit;
  leg.link = terminal.link;
  leg.lifetime = Duration::seconds(terminal.record.lifetime);
  stand(session, std::move(leg));
}

void Legs::stand(PeerSession& session, Leg leg) {
  Shared& shared = reach_.shared;
  Circuit* circuit = shared.table.find(leg.circuit);
  CHECK(circuit != nullptr);
  circuit->session = &session;
  if (circuit->lease != nullptr) leg.leased_until = circuit->lease->until;
  leg.state = CircuitState::Open;
  leg.created = leg.since = shared.now;
  // Step E17, covfefe-protocol(7).
  const auto percent = static_cast<std::int64_t>(75 + shared.random.next_u64() % 11);
  leg.replace_at = shared.now + Duration{leg.lifetime.nanoseconds / 100 * percent};
  session.bare_since = Instant::never();
  session.legs.push_back(std::make_unique<Leg>(std::move(leg)));
  if (session.peer != nullptr) choose(*session.peer, shared);
}

void Legs::erase(PeerSession& session, CircuitId circuit) {
  std::erase_if(session.legs, [circuit](const auto& leg) { return leg->circuit == circuit; });
  if (session.legs.empty()) session.bare_since = reach_.shared.now;
  if (session.peer == nullptr) return;
  choose(*session.peer, reach_.shared);
  reach_.peers.touch(*session.peer);
}

void Legs::drop(PeerSession& session, CircuitId circuit, wire::DestroyReason reason) {
  reach_.builds.close(circuit, reason);
  erase(session, circuit);
}

void Legs::drop_all(PeerSession& session, wire::DestroyReason reason) {
  while (!session.legs.empty()) drop(session, session.legs.back()->circuit, reason);
}

void Legs::discard(PeerSession& session, CircuitId circuit) {
  if (const Leg* leg = find_leg(session, circuit))
    shun(session.shunned, leg->path, reach_.shared.now);
  drop(session, circuit, wire::DestroyReason::Done);
  if (maintains(session)) attach(session, needed(session));
}

void Legs::lost(PeerSession& session, CircuitId circuit) {
  if (const Leg* leg = find_leg(session, circuit))
    shun(session.shunned, leg->path, reach_.shared.now);
  erase(session, circuit);
  // Step E16, covfefe-protocol(7): nothing waits for a timer.
  if (maintains(session)) attach(session, needed(session));
}

// ---- attaching ----------------------------------------------------------------------------------

// Step E15, covfefe-protocol(7).
bool Legs::maintains(const PeerSession& session) const {
  if (!live(&session) || session.peer == nullptr || session.peer->remote != &session) return false;
  const Peer& peer = *session.peer;
  if (peer.link_up && live(peer.direct)) return false;
  if (session.initiator) return true;
  const Instant now = reach_.shared.now;
  return session.legs.empty() && now < peer.wanted_until && now >= session.bare_since + kYield;
}

bool Legs::counts(const Leg& leg) const {
  const Instant now = reach_.shared.now;
  if (leg.state == CircuitState::Suspect) return now < leg.since + kSuspect;
  return open(leg) && now < leg.replace_at;
}

Legs::Need Legs::needed(const PeerSession& session) const {
  Need need;
  const std::size_t wanted = session.initiator ? reach_.policy.per_destination : 1;
  std::size_t have = reach_.attempts.count(attaching(session));
  for (const auto& leg : session.legs) {
    if (counts(*leg)) {
      ++have;
    } else if (open(*leg)) {
      const auto same = [&](const Attempt& a) { return a.replaces == leg->circuit; };
      if (reach_.attempts.count(same) == 0) need.replaces = leg->circuit;
    }
  }
  need.legs = wanted > have ? wanted - have : 0;
  return need;
}

std::vector<CircuitPath> Legs::paths(const PeerSession& session, const Need& need) const {
  const Address& to = session.peer->address;
  Uses uses;
  for (const auto& leg : session.legs) {
    if (counts(*leg)) uses.add(leg->path);
  }
  reach_.attempts.each([&](const Attempt& attempt) {
    if (attempt.session == &session) uses.add(attempt.path);
  });
  Uses wary = uses;
  for (const auto& leg : session.legs) {
    if (leg->state == CircuitState::Suspect && !counts(*leg)) wary.add(leg->path);
  }
  for (const Shunned& one : session.shunned) {
    if (reach_.shared.now < one.until) wary.add(one.path);
  }
  wary.add(reach_.leaving);
  auto found = reach_.discovery.paths(to, need.legs, wary.view());
  if (!found.empty()) return found;
  found = reach_.discovery.paths(to, need.legs, uses.view());
  // Step Q13, covfefe-protocol(7): no gain over the legs that go the same way.
  const bool bare = std::none_of(session.legs.begin(), session.legs.end(),
                                 [](const auto& leg) { return open(*leg); });
  if (!bare) {
    std::erase_if(found, [this](const CircuitPath& path) { return reach_.leaves(path.entry); });
  }
  return found;
}

// ---- a friend leaves ----------------------------------------------------------------------------

namespace {

Instant aged(const Leg& leg) {
  return leg.created + leg.lifetime / 5 * 4;
}

bool enters_by(const Leg& leg, LinkSlot link) {
  return leg.link == link && !leg.path.hops.empty();
}

}  // namespace

// Step Q13, covfefe-protocol(7).
void Legs::leaves(PeerSession& session, LinkSlot link, Instant at) {
  Shared& shared = reach_.shared;
  const Duration left = std::max(at - shared.now, Duration{});
  for (const auto& leg : session.legs) {
    if (!enters_by(*leg, link)) continue;
    const auto part = static_cast<std::int64_t>(shared.random.next_u64() % 1'000);
    leg->replace_at = std::min(aged(*leg), shared.now + left / 2'000 * part);
  }
  session.attach_at = std::min(session.attach_at, shared.now);
}

void Legs::stays(PeerSession& session, LinkSlot link) {
  for (const auto& leg : session.legs) {
    if (enters_by(*leg, link)) leg->replace_at = aged(*leg);
  }
}

void Legs::attach(PeerSession& session, const Need& need) {
  const Instant now = reach_.shared.now;
  if (need.legs == 0 || now < session.attach_at) return;
  CircuitId replaces = need.replaces;
  std::size_t started = 0;
  if (session.legs.size() < PeerSession::kLegs) {
    for (const CircuitPath& path : paths(session, need)) {
      if (start(session, path, {replaces, {}, 0})) ++started;
      replaces = CircuitId{};
    }
  }
  if (started < need.legs) session.attach_at = now + kLook;
}

bool Legs::start(PeerSession& session, const CircuitPath& path, const Plan& plan) {
  Shared& shared = reach_.shared;
  const crypto::KeyPair last = crypto::make_key_pair(shared.random);
  Attempt attempt;
  attempt.what = Attempt::What::Attach;
  attempt.peer = session.peer;
  attempt.path = path;
  attempt.started = shared.now;
  attempt.session = &session;
  attempt.replaces = plan.replaces;
  attempt.lifetime = plan.terms.lifetime;
  attempt.reservation = plan.reservation;
  attempt.ephemeral = last.public_key;
  attempt.asked = session.e2e->attach().ask(last.public_key);
  ByteArray<wire::kBuildPayload> payload;
  const std::size_t said = wire::write_build_payload(attempt.asked, payload);
  shared.random.fill(MutableBytes(payload).subspan(said));
  BuildTerms terms = plan.terms;
  terms.last_ephemeral = &last;
  const auto build = reach_.builds.start(path, terms, payload);
  if (build) reach_.attempts.add(*build, std::move(attempt));
  return build.has_value();
}

Legs::Reservable Legs::reservable(PeerSession& session, const Uses& avoid, CircuitId old) const {
  std::vector<CircuitId> instead{old};
  for (const auto& leg : session.legs) {
    const bool plain = leg->leased_until == Instant{} && leg->circuit != old;
    if (plain && open(*leg) && !leg->path.hops.empty()) instead.push_back(leg->circuit);
  }
  for (const CircuitId one : instead) {
    Uses uses = avoid;
    for (const auto& leg : session.legs) {
      if (counts(*leg) && leg->circuit != one) uses.add(leg->path);
    }
    uses.add(reach_.leaving);
    Reservable found{reach_.discovery.paths(session.peer->address, 1, uses.view()), one};
    if (!found.path.empty()) return found;
  }
  return {};
}

void Legs::leased(PeerSession& session, CircuitId circuit, Instant until) {
  if (Leg* leg = find_leg(session, circuit)) leg->leased_until = until;
}

void Legs::more(PeerSession& session) {
  session.attach_at = reach_.shared.now;
  attach(session, {1, CircuitId{}});
}

Legs::Joined Legs::built(const Attempt& attempt, const Built& built,
                         const wire::BuildAnswer& answer) {
  PeerSession& session = *attempt.session;
  const auto* attached = std::get_if<wire::CircuitAttached>(&answer);
  const bool agreed = attached != nullptr &&
                      session.e2e->attach().agreed(attempt.asked, attempt.ephemeral, *attached);
  if (!agreed) {
    reach_.builds.close(built.circuit, wire::DestroyReason::Done);
    const bool last = session.legs.empty() && reach_.attempts.count(attaching(session)) == 0;
    if (last && std::holds_alternative<wire::NoService>(answer)) return Joined::NoSession;
    failed(attempt, {BuildFault::Forged, attempt.path.hops.size() - 1, {}});
    return Joined::No;
  }
  session.attach_failures = 0;
  reach_.discovery.worked(attempt.path);
  add(session, attempt, built);
  if (attempt.replaces.value != 0) retire(session, attempt.replaces);
  refresh(session, attempt.path.epoch);
  look_at_all(session);
  return Joined::Yes;
}

void Legs::failed(const Attempt& attempt, const BuildFailure& failure) {
  PeerSession& session = *attempt.session;
  const bool busy = failure.status == wire::BuildStatus::NoCapacity;
  if (busy) return;
  if (points_at_hop(failure)) {
    reach_.discovery.failed(attempt.path, failure.hop);
  } else {
    shun(session.shunned, attempt.path, reach_.shared.now);
  }
  session.attach_at = reach_.shared.now + back_off(session.attach_failures);
  if (session.attach_failures < 255) ++session.attach_failures;
  reach_.peers.touch(*session.peer);
}

// ---- time ---------------------------------------------------------------------------------------

void Legs::retire(PeerSession& session, CircuitId circuit) {
  Leg* leg = find_leg(session, circuit);
  if (leg == nullptr) return;
  leg->enter(CircuitState::Closing, reach_.shared.now);
  choose(*session.peer, reach_.shared);
}

// Tags of two epochs cannot be compared: legs are all of one, or may share a relay unseen.
void Legs::refresh(PeerSession& session, std::uint32_t epoch) {
  for (const auto& leg : session.legs) {
    const bool ours = !leg->path.hops.empty();
    if (!ours || leg->path.epoch >= epoch) continue;
    leg->replace_at = std::min(leg->replace_at, reach_.shared.now);
  }
}

// Step E16, covfefe-protocol(7).
void Legs::look_at(PeerSession& session, Leg& leg) {
  const Instant now = reach_.shared.now;
  if (leg.state == CircuitState::Closing && now >= leg.since + kClosing) {
    return drop(session, leg.circuit, wire::DestroyReason::Done);
  }
  if (leg.state != CircuitState::Suspect || now < leg.since + kSuspect) return;
  const bool spare = std::any_of(session.legs.begin(), session.legs.end(),
                                 [](const auto& other) { return open(*other); });
  if (!spare && now < leg.since + kSilent) return;
  shun(session.shunned, leg.path, reach_.shared.now);
  drop(session, leg.circuit, wire::DestroyReason::LinkLost);
}

void Legs::look_at_all(PeerSession& session) {
  for (std::size_t i = session.legs.size(); i-- > 0;) look_at(session, *session.legs[i]);
}

void Legs::tend(PeerSession& session) {
  look_at_all(session);
  if (maintains(session)) attach(session, needed(session));
}

Instant Legs::next_deadline(const PeerSession& session) const {
  Instant at = Instant::never();
  for (const auto& leg : session.legs) {
    if (leg->state == CircuitState::Closing) at = std::min(at, leg->since + kClosing);
    if (leg->state == CircuitState::Suspect) {
      const bool young = reach_.shared.now < leg->since + kSuspect;
      at = std::min(at, leg->since + (young ? kSuspect : kSilent));
    }
    const bool ages = open(*leg) && session.initiator && reach_.shared.now < leg->replace_at;
    if (ages) at = std::min(at, leg->replace_at);
  }
  if (maintains(session) && needed(session).legs > 0) at = std::min(at, session.attach_at);
  const bool waits = session.legs.empty() && !session.initiator &&
                     reach_.shared.now < session.peer->wanted_until &&
                     reach_.shared.now < session.bare_since + kYield;
  if (waits) at = std::min(at, session.bare_since + kYield);
  return at;
}

}  // namespace covfefe::core
