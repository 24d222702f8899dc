// SPDX-License-Identifier: Apache-2.0
#include "core/link/paths.h"

#include <algorithm>

namespace covfefe::core {
namespace {

std::uint64_t fresh_token(crypto::Drbg& random) {
  return random.next_u64() | 1;
}

LocalAddress reply_from(const Route& arrival) {
  // The interface is only ever demanded where the address means nothing without it: elsewhere the
  // kernel's routes decide, which may differ from the way that the datagram came.
  LocalAddress from = arrival.from;
  if (arrival.to.scope_id == 0) from.interface = 0;
  return from;
}

}  // namespace

Duration Paths::patience(const Path& path) {
  return path.probes[path.newest].prompt ? kBusyProbe : kSlotPatience;
}

Duration Paths::pause(const Path& path) const {
  const bool data = path.route.socket != 0;
  if (data && !path.usable) return kBusyProbe * (std::int64_t{1} << std::min(path.misses, 6u));
  if (path.busy) return kBusyProbe;
  // An unanswered probe is repeated soon, so that an idle friend's death is noticed in seconds.
  if (path.pending) return patience(path);
  if (!resting_) return kIdleProbe;
  return data ? kRestDataProbe : kRestProbe;
}

Instant Paths::after_pause(const Path& path, Instant from) const {
  const Instant at = from + pause(path);
  if (!resting_ || path.busy || path.pending) return at;
  const std::int64_t turn = kRestTurn.nanoseconds;
  return {(at.nanoseconds + turn - 1) / turn * turn};
}

void Paths::rouse(Instant now) {
  if (!resting_) return;
  resting_ = false;
  for (Path& path : paths_) {
    if (!path.next_probe.is_never()) path.next_probe = std::min(path.next_probe, now + kIdleProbe);
  }
}

void Paths::start(const Route& control, Instant now) {
  Path& path = paths_[0];
  path = {};
  path.route = {0, control.to, reply_from(control)};
  path.usable = true;
  path.next_probe = now;
  aim_data(now);
}

void Paths::announced(std::span<const wire::DataSocket> sockets, Instant now) {
  ports_ = {};
  for (const wire::DataSocket& s : sockets) {
    const std::size_t socket = s.socket_class == wire::SocketClass::Bulk ? 1 : 2;
    if (s.direction == wire::Direction::SendOnly || ports_[socket] != 0) continue;
    ports_[socket] = s.port;
  }
  aim_data(now);
}

void Paths::forget_data() {
  ports_ = {};
  paths_[1] = {};
  paths_[2] = {};
}

void Paths::aim_data(Instant now) {
  for (std::size_t i = 1; i < kSockets; ++i) {
    if (ports_[i] == 0 || !can_send_[i]) continue;
    Path& path = paths_[i];
    path = {};
    path.route = {static_cast<std::uint8_t>(i), paths_[0].route.to, paths_[0].route.from};
    path.route.to.port = ports_[i];
    path.next_probe = now;
  }
}

std::optional<Challenge> Paths::heard(const Route& arrival, Instant now, crypto::Drbg& random) {
  Path& path = paths_[arrival.socket];
  if (arrival.to == path.route.to) {
    if (arrival.from.ip != path.route.from.ip) path.route.from = reply_from(arrival);
    return std::nullopt;
  }
  if (arrival.socket != 0 && !can_send_[arrival.socket]) return std::nullopt;
  const bool recent =
      path.candidate_sent.token != 0 && now - path.candidate_sent.at < Duration::seconds(1);
  if (recent) return std::nullopt;
  path.candidate = {arrival.socket, arrival.to, reply_from(arrival)};
  path.candidate_sent = {fresh_token(random), now};
  return Challenge{path.candidate, path.candidate_sent.token};
}

bool Paths::move(Path& path, Instant now) {
  const bool control = &path == &paths_[0];
  const bool elsewhere = path.candidate.to.ip != path.route.to.ip;
  path.route = path.candidate;
  path.candidate_sent = {};
  path.usable = true;
  path.misses = 0;
  path.pending = false;
  path.next_probe = now + kBusyProbe;
  if (control && elsewhere) aim_data(now);
  return control;
}

std::optional<Paths::Answered> Paths::answered(std::uint64_t token, Instant now) {
  if (token == 0) return std::nullopt;
  for (Path& path : paths_) {
    if (path.candidate_sent.token == token) {
      const Duration rtt = now - path.candidate_sent.at;
      if (rtt > kAnswerLife) return std::nullopt;
      return Answered{rtt, move(path, now)};
    }
    for (Sent& probe : path.probes) {
      if (probe.token != token) continue;
      probe.token = 0;
      path.usable = true;
      path.pending = false;
      path.misses = 0;
      path.next_probe = std::max(now, after_pause(path, probe.at));
      return Answered{probe.prompt ? std::optional(now - probe.at) : std::nullopt, false};
    }
  }
  return std::nullopt;
}

std::optional<Challenge> Paths::due(Instant now, wire::AnswerPace pace, crypto::Drbg& random) {
  for (Path& path : paths_) {
    if (path.next_probe > now) continue;
    // Probes out of turn come at any distance: a miss is a time without an answer.
    const bool missed = path.pending && now - path.waiting_since >= patience(path);
    if (!path.pending || missed) path.waiting_since = now;
    if (missed) {
      ++path.misses;
      // The address that we send from may be gone: let the kernel choose until the friend is heard.
      path.route.from = {};
      if (path.misses >= kMissesMost) path.usable = false;
    }
    path.pending = true;
    path.newest = (path.newest + 1) % path.probes.size();
    path.probes[path.newest] = {fresh_token(random), now, pace == wire::AnswerPace::AtOnce};
    path.next_probe = now + pause(path);
    path.busy = false;
    return Challenge{path.route, path.probes[path.newest].token, pace};
  }
  return std::nullopt;
}

Instant Paths::deadline() const {
  Instant soonest = Instant::never();
  for (const Path& path : paths_) soonest = std::min(soonest, path.next_probe);
  return soonest;
}

void Paths::probe_now(Instant now) {
  if (!paths_[0].next_probe.is_never()) paths_[0].next_probe = now;
}

bool Paths::busy(std::uint8_t socket, Instant now) {
  Path& path = paths_[socket];
  if (path.busy) return false;
  path.busy = true;
  if (path.next_probe.is_never() || path.next_probe <= now + kBusyProbe) return false;
  path.next_probe = now + kBusyProbe;
  return true;
}

const Route& Paths::data(Lane lane) const {
  if (lane == Lane::Spare) return paths_[0].route;
  const std::size_t first = lane == Lane::Realtime ? 2 : 1;
  if (paths_[first].usable) return paths_[first].route;
  const std::size_t second = 3 - first;
  return paths_[second].usable ? paths_[second].route : paths_[0].route;
}

std::uint8_t Paths::data_sockets() const {
  return static_cast<std::uint8_t>((paths_[1].usable ? 1 : 0) + (paths_[2].usable ? 1 : 0));
}

}  // namespace covfefe::core
