// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/choice.h"

#include <algorithm>

namespace covfefe::core {

namespace {

constexpr Duration kTogether = Duration::seconds(10);

struct Rank {
  const Peer& peer;
  const Address& own;

  // Step E9, covfefe-protocol(7): where both opened at once, both ends must prefer the same one.
  [[nodiscard]] bool better(const PeerSession& a, const PeerSession& b) const {
    if (live(&a) != live(&b)) return live(&a);
    const Duration apart = a.created < b.created ? b.created - a.created : a.created - b.created;
    if (apart > kTogether || a.initiator == b.initiator) return a.created > b.created;
    return a.initiator == (own < peer.address);
  }

  [[nodiscard]] PeerSession* best(Via via) const {
    PeerSession* best = nullptr;
    for (const auto& session : peer.sessions) {
      const bool usable = session->stage == Stage::Live || session->stage == Stage::Unconfirmed;
      if (!usable || session->via != via) continue;
      if (best == nullptr || better(*session, *best)) best = session.get();
    }
    return best;
  }
};

bool carries(const PeerSession& session) {
  return std::any_of(session.legs.begin(), session.legs.end(), [](const auto& leg) {
    return leg->state == CircuitState::Open || leg->state == CircuitState::Suspect;
  });
}

}  // namespace

bool live(const PeerSession* session) {
  return session != nullptr && session->stage == Stage::Live;
}

bool quiet(const PeerSession& session, Instant now) {
  constexpr Duration kLoud = Duration::seconds(10);
  return live(&session) && session.chatted && now >= session.loud + kLoud;
}

Leg* find_leg(PeerSession& session, CircuitId circuit) {
  for (const auto& leg : session.legs) {
    if (leg->circuit == circuit) return leg.get();
  }
  return nullptr;
}

void choose(Peer& peer, const Shared& shared) {
  const Rank rank{peer, shared.own};
  peer.direct = rank.best(Via::Direct);
  peer.remote = rank.best(Via::Circuits);
  for (const auto& session : peer.sessions) {
    const bool best = session.get() == peer.direct || session.get() == peer.remote;
    const bool old = !best && live(session.get());
    if (!old) session->superseded = Instant::never();
    if (old && session->superseded.is_never()) session->superseded = shared.now;
  }
  const bool over_link = peer.link_up && peer.direct != nullptr;
  const bool over_circuits = peer.remote != nullptr && carries(*peer.remote);
  peer.current = over_link ? peer.direct : over_circuits ? peer.remote : nullptr;
}

}  // namespace covfefe::core
