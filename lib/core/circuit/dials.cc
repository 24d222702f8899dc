// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/dials.h"

#include <algorithm>

#include "core/circuit/choice.h"

namespace covfefe::core {

namespace {

std::string said(const BuildFailure& failure) {
  const std::string hop = " at hop " + std::to_string(failure.hop + 1);
  switch (failure.fault) {
    case BuildFault::NoRoom:
      return "no room for another circuit";
    case BuildFault::Timeout:
      return "no answer to the build in time";
    case BuildFault::Destroyed:
      return "the build was dropped" + hop;
    case BuildFault::Forged:
      return "the answer to the build was mangled" + hop;
    case BuildFault::WrongOffer:
      return "an offer that was not asked for" + hop;
    case BuildFault::Refused:
      break;
  }
  switch (failure.status) {
    case wire::BuildStatus::NoNext:
      return "the next hop is not known any more" + hop;
    case wire::BuildStatus::NextDown:
      return "the next hop is down" + hop;
    case wire::BuildStatus::Overloaded:
      return "too many circuits" + hop;
    case wire::BuildStatus::NotRelaying:
      return "circuits of others are not passed on" + hop;
    default:
      return "refused" + hop;
  }
}

}  // namespace

bool Dials::possible(const Peer& peer) const {
  return reach_.discovery.known(peer.address) || reach_.attempts.count(opening(peer)) > 0;
}

// A session that is kept without legs gets one back by a token, which is quicker to be had.
bool Dials::missing(const Peer& peer) const {
  return peer.current == nullptr && peer.remote == nullptr;
}

void Dials::want(Peer& peer, Duration patience) {
  peer.wanted_until = std::max(peer.wanted_until, reach_.shared.now + patience);
  reach_.peers.promote(peer);
  reach_.peers.touch(peer);
  tend(peer);
}

void Dials::renew(Peer& peer) {
  if (reach_.shared.now < peer.dial_at) return;
  if (reach_.attempts.count(opening(peer)) == 0) return open(peer);
  peer.dial_at = reach_.shared.now + kHedge;
}

void Dials::tend(Peer& peer) {
  if (!missing(peer) || reach_.shared.now >= peer.wanted_until) return;
  if (reach_.shared.now >= peer.dial_at) open(peer);
}

Instant Dials::next_deadline(const Peer& peer) const {
  if (!missing(peer) || reach_.shared.now >= peer.wanted_until) return Instant::never();
  return peer.dial_at < peer.wanted_until ? peer.dial_at : Instant::never();
}

// Step E20, covfefe-protocol(7): a friend knows who comes in any case.
Dials::Me Dials::me(const Peer& peer) {
  Shared& shared = reach_.shared;
  const auto once = peer.link ? std::nullopt : reach_.one_time.address();
  if (!once) return {shared.identity.valid(shared.now), shared.own};
  const auto wall = shared.identity.wall(shared.now);
  return {wall ? &reach_.one_time.certified(*wall, shared.random) : nullptr, *once};
}

std::optional<CircuitPath> Dials::next_path(const Peer& peer) const {
  Uses uses;
  reach_.attempts.each([&](const Attempt& attempt) {
    if (opening(peer)(attempt)) uses.add(attempt.path);
  });
  Uses wary = uses;
  for (const Shunned& one : peer.dial_shunned) {
    if (reach_.shared.now < one.until) wary.add(one.path);
  }
  wary.add(reach_.leaving);
  // Where there is no other, the same path again: what was lost may have been one datagram.
  for (const Uses& avoided : {wary, uses, Uses{}}) {
    const auto found = reach_.discovery.paths(peer.address, 1, avoided.view());
    if (!found.empty()) return found.front();
  }
  return std::nullopt;
}

std::string Dials::why_no_path(const Address& to) const {
  std::vector<Finding> findings;
  reach_.discovery.explain(to, findings);
  const auto wrong = std::ranges::find(findings, false, &Finding::ok);
  return wrong != findings.end() ? wrong->what : "no path that is not resting after a failure";
}

// Step E12, covfefe-protocol(7).
void Dials::open(Peer& peer) {
  Shared& shared = reach_.shared;
  const std::size_t under_way = reach_.attempts.count(opening(peer));
  peer.dial_at = shared.now + kHedge;
  if (under_way >= kAtOnce) return;
  const Me who = me(peer);
  if (who.identity == nullptr || !shared.identity.wall(shared.now)) {
    return give_up(peer, "this router has no certificate yet");
  }
  const auto path = next_path(peer);
  if (!path) {
    if (under_way == 0) give_up(peer, why_no_path(peer.address));
    return;
  }
  if (!start(peer, who, *path) && under_way == 0) {
    give_up(peer, "the build could not be sent to the first friend");
  }
}

bool Dials::start(Peer& peer, const Me& me, const CircuitPath& path) {
  Shared& shared = reach_.shared;
  Attempt attempt;
  attempt.peer = &peer;
  attempt.path = path;
  attempt.started = shared.now;
  attempt.local = me.address;
  wire::OpenSession first;
  attempt.e2e = E2e::open({*me.identity, peer.address, peer.address}, shared.random, first.noise);
  ByteArray<wire::kBuildPayload> payload;
  const std::size_t said = wire::write_build_payload(first, payload);
  shared.random.fill(MutableBytes(payload).subspan(said));
  const auto build = reach_.builds.start(path, {}, payload);
  if (build) reach_.attempts.add(*build, std::move(attempt));
  return build.has_value();
}

// The peer is kept for a while, so that `covfefe why` can say it.
void Dials::give_up(Peer& peer, std::string why) {
  peer.used = reach_.shared.now;
  peer.dial_trouble = std::move(why);
  peer.dial_at = reach_.shared.now + back_off(peer.dial_failures);
  if (peer.dial_failures < 255) ++peer.dial_failures;
}

std::unique_ptr<E2e> Dials::built(Attempt& attempt, const Built& built,
                                  const wire::BuildAnswer& answer) {
  Shared& shared = reach_.shared;
  const auto* opened = std::get_if<wire::SessionOpened>(&answer);
  const auto wall = shared.identity.wall(shared.now);
  const bool good =
      opened != nullptr && wall && attempt.e2e->opened(opened->noise, *wall, shared.random).ok();
  if (!good) {
    reach_.builds.close(built.circuit, wire::DestroyReason::Done);
    failed(attempt, {BuildFault::Refused, attempt.path.hops.size() - 1, {}});
    attempt.peer->dial_trouble = "the far end answers that there is no such service";
    return nullptr;
  }
  reach_.discovery.worked(attempt.path);
  reach_.attempts.abandon(opening(*attempt.peer));
  attempt.peer->dial_failures = 0;
  attempt.peer->dial_trouble.clear();
  return std::move(attempt.e2e);
}

void Dials::failed(const Attempt& attempt, const BuildFailure& failure) {
  Peer& peer = *attempt.peer;
  if (points_at_hop(failure)) {
    reach_.discovery.failed(attempt.path, failure.hop);
  } else {
    shun(peer.dial_shunned, attempt.path, reach_.shared.now);
  }
  peer.dial_trouble = said(failure);
  peer.used = reach_.shared.now;
  reach_.peers.touch(peer);
  if (!missing(peer) || reach_.shared.now >= peer.wanted_until) return;
  open(peer);
}

}  // namespace covfefe::core
