// SPDX-License-Identifier: Apache-2.0
#include "core/build/hop.h"

#include <algorithm>

#include "base/check.h"
#include "core/build/offers.h"

namespace covfefe::core {

// ---- to the keystore ----------------------------------------------------------------------------

void ForeignBuilds::arrived(LinkSlot link, const wire::BuildFrame& build) {
  Neighbour& neighbour = parts_.roster.at(link);
  ++neighbour.builds;
  shared_.tally.add(Count::BuildReceived);
  // The neighbour's own limit first: what it is refused must not cost the others theirs.
  const bool room = neighbour.arrivals.take(shared_.now) && attached_ &&
                    waiting_.size() < kWaiting && all_.take(shared_.now);
  if (!room) {
    ++neighbour.refused;
    shared_.tally.add(Count::BuildLimited);
    return destroy({link, build.mine}, wire::DestroyReason::Overloaded);
  }
  Waiting& waiting = waiting_.emplace_back();
  waiting.request = shared_.sink.next_request();
  waiting.from = {link, build.mine};
  copy(build.packet, waiting.packet);
  waiting.give_up = shared_.now + kKeystore;
  effects_->ask({waiting.request, OpenBuild{waiting.packet}});
}

bool ForeignBuilds::keystore_reply(KeystoreReply& reply) {
  const auto found = std::find_if(waiting_.begin(), waiting_.end(), [&reply](const Waiting& one) {
    return one.request == reply.request;
  });
  if (found == waiting_.end()) return false;
  const Waiting waited = *found;
  waiting_.erase(found);
  if (auto* build = std::get_if<OpenedBuild>(&reply.answer)) {
    opened(waited, *build);
    return true;
  }
  ++parts_.roster.at(waited.from.link).refused;
  shared_.tally.add(Count::BuildUnreadable);
  const auto* why = std::get_if<Reject>(&reply.answer);
  const bool busy = why != nullptr && *why == Reject::Overloaded;
  destroy(waited.from, busy ? wire::DestroyReason::Overloaded : wire::DestroyReason::Refused);
  return true;
}

void ForeignBuilds::keystore_down() {
  attached_ = false;
  for (Waiting& one : waiting_) one.give_up = shared_.now;
  expire();
}

void ForeignBuilds::forget(LinkSlot link) {
  std::erase_if(waiting_, [link](const Waiting& one) { return one.from.link == link; });
  leases_.forget(link);
}

void ForeignBuilds::expire() {
  std::erase_if(waiting_, [this](const Waiting& one) {
    if (one.give_up > shared_.now) return false;
    ++parts_.roster.at(one.from.link).refused;
    shared_.tally.add(Count::BuildLimited);
    destroy(one.from, wire::DestroyReason::Overloaded);
    return true;
  });
  while (auto late = leases_.expired()) settled(std::move(*late));
}

Instant ForeignBuilds::next_deadline() const {
  // All wait equally long.
  const Instant keystore = waiting_.empty() ? Instant::never() : waiting_.front().give_up;
  return std::min(keystore, leases_.next_deadline());
}

// ---- opened -------------------------------------------------------------------------------------

void ForeignBuilds::opened(const Waiting& waited, OpenedBuild& build) {
  const crypto::OpenedRecord record{build.record, std::move(build.k1), build.rest};
  auto hop = crypto::HopBuild::answer({record, build.onion_key, waited.packet}, shared_.random);
  if (!hop) {
    shared_.tally.add(Count::BuildUnreadable);
    return destroy(waited.from, wire::DestroyReason::Refused);
  }
  const auto parsed = wire::parse_build_record(build.record);
  if (!parsed) return refuse(waited.from, *hop, wire::BuildStatus::Refused);
  Opened at{waited.from, *hop, *parsed};
  if (!parsed->terminal) {
    if (const auto why = against(at)) return refuse(waited.from, *hop, *why);
  }
  if (!reserves(*parsed)) return proceed(at);
  // The shaper is asked last: what is refused in any case must not cost it anything.
  if (leases_.full()) return refuse(waited.from, *hop, wire::BuildStatus::Overloaded);
  leases_.ask({waited.from, std::move(*hop), *parsed, at.to});
}

void ForeignBuilds::proceed(const Opened& build) {
  if (build.record.terminal) return end_here(build);
  go_on(build);
}

// ---- from the shaper ----------------------------------------------------------------------------

bool ForeignBuilds::shaper_reply(const ShaperReply& reply) {
  auto answered = leases_.reply(reply);
  if (answered) settled(std::move(*answered));
  return answered.has_value();
}

void ForeignBuilds::settled(HopLeases::Settled settled) {
  HopLeases::Build& build = settled.build;
  const bool kept = settled.grant.lease != 0;
  shared_.tally.add(kept ? Count::LeaseKept : Count::LeaseRefused);
  if (settled.refused) {
    return refuse(build.from, build.hop, refusal(wire::BuildStatus::NoCapacity, settled.best));
  }
  proceed({build.from, build.hop, build.record, build.to, settled.grant});
}

wire::BuildReply ForeignBuilds::reply_to(const Opened& build) {
  Kept kept;
  kept.rate = build.grant.rate;
  // Random, for the shaper's own numbers would tell how many leases there are.
  while (kept.rate != 0 && kept.number == 0) {
    kept.number = static_cast<std::uint32_t>(shared_.random.next_u64());
  }
  return offer(build.record, kept);
}

// Step Q8, covfefe-protocol(7).
void ForeignBuilds::hold(Circuit& circuit, const Opened& build, std::uint32_t lease) {
  const HopGrant& grant = build.grant;
  if (grant.lease == 0) return;
  CircuitLease held;
  held.id = lease;
  held.principal = parts_.roster.at(build.from.link).id;
  held.rate = grant.rate;
  held.until = grant.until;
  const bool realtime = build.record.circuit_class == wire::CircuitClass::Realtime;
  if (realtime) held.allowance.set(grant.rate);
  parts_.roster.hold(circuit, held);
}

// ---- it ends here, or goes on -------------------------------------------------------------------

Circuit* ForeignBuilds::destination(const Opened& build) {
  if (!parts_.roster.room(build.from.link)) return nullptr;
  const Instant ends = shared_.now + lifetime_of(build.record) + kAfterLifetime;
  Circuit* circuit = parts_.roster.issue(build.from.link, CircuitRole::Destination, ends);
  if (circuit == nullptr) return nullptr;
  circuit->send = build.from.circuit;
  circuit->hops[0].keys = build.hop.keys();
  circuit->length = 1;
  parts_.roster.watch(*circuit, shared_.now + kProvisional);
  hold(*circuit, build, build.grant.lease);
  return circuit;
}

void ForeignBuilds::end_here(const Opened& build) {
  const From from = build.from;
  Circuit* circuit = destination(build);
  if (circuit == nullptr) return refuse(build, wire::BuildStatus::Overloaded);
  const CircuitId id = circuit->receive;
  ByteArray<wire::kBuildAnswer> answer{};
  shared_.random.fill(answer);
  const wire::BuildStatus status = parts_.events.on_terminal(
      {from.link, id, build.record, build.hop.payload(), build.hop.ephemeral()}, answer);
  circuit = shared_.table.find(id);
  const bool granted = status == wire::BuildStatus::Granted && circuit != nullptr;
  if (!granted) {
    if (circuit != nullptr) parts_.roster.drop(*circuit);
    const bool closed = status == wire::BuildStatus::Granted;
    return refuse(from, build.hop, closed ? wire::BuildStatus::Refused : status);
  }
  crypto::BuildPacket packet{};
  crypto::BuildRecordBytes bytes{};
  wire::write_build_reply(reply_to(build), bytes);
  build.hop.finish(bytes, answer, packet, shared_.random);
  if (shared_.sink.send_built(from.link, {from.circuit, id, packet}, shared_.now)) {
    return shared_.tally.add(Count::BuildTerminal);
  }
  parts_.events.on_circuit_lost(id, wire::DestroyReason::LinkLost);
  circuit = shared_.table.find(id);
  if (circuit != nullptr) parts_.roster.drop(*circuit);
}

std::optional<wire::BuildStatus> ForeignBuilds::against(Opened& build) {
  Roster& roster = parts_.roster;
  if (parts_.relaying == Relaying::Refuse) return wire::BuildStatus::NotRelaying;
  build.to = parts_.next.next_hop(build.record.next, build.from.link);
  if (!build.to || *build.to == build.from.link) return wire::BuildStatus::NoNext;
  if (!roster.room(build.from.link)) return wire::BuildStatus::Overloaded;
  if (!roster.at(build.from.link).passing.take(shared_.now) ||
      !roster.at(*build.to).onward.take(shared_.now)) {
    return wire::BuildStatus::Overloaded;
  }
  return std::nullopt;
}

std::optional<ForeignBuilds::Pair> ForeignBuilds::pair_up(const Opened& build) {
  const Instant ends = shared_.now + lifetime_of(build.record) + kAfterLifetime;
  Circuit* forward = parts_.roster.issue(build.from.link, CircuitRole::RelayForward, ends);
  if (forward == nullptr) return std::nullopt;
  Circuit* backward = parts_.roster.issue(*build.to, CircuitRole::RelayBackward, ends);
  if (backward == nullptr) {
    parts_.roster.drop(*forward);
    return std::nullopt;
  }
  forward->send = build.from.circuit;
  forward->pair = backward->receive;
  backward->pair = forward->receive;
  crypto::HopKeys keys = build.hop.keys();
  forward->hops[0] = {{std::move(keys.forward), {}}, build.record.delta};
  backward->hops[0] = {{{}, std::move(keys.backward)}, build.record.delta};
  forward->length = backward->length = 1;
  hold(*forward, build, build.grant.lease);
  hold(*backward, build, 0);
  return Pair{forward, backward};
}

void ForeignBuilds::drop(const Pair& pair) {
  parts_.roster.drop(*pair.forward);
  parts_.roster.drop(*pair.backward);
}

void ForeignBuilds::go_on(const Opened& build) {
  const auto pair = pair_up(build);
  if (!pair) return refuse(build, wire::BuildStatus::Overloaded);
  crypto::BuildPacket packet{};
  build.hop.pass(packet);
  if (!shared_.sink.send_build(*build.to, {pair->backward->receive, packet}, shared_.now)) {
    drop(*pair);
    return refuse(build.from, build.hop, wire::BuildStatus::NextDown);
  }
  parts_.roster.watch(*pair->forward, shared_.now + kAnswer);
  passed_.emplace(pair->backward->receive, Passed{std::move(build.hop), reply_to(build)});
  shared_.tally.add(Count::BuildPassed);
}

// ---- the way back -------------------------------------------------------------------------------

ForeignBuilds::Passed ForeignBuilds::take(CircuitId backward) {
  const auto found = passed_.find(backward);
  CHECK(found != passed_.end());
  Passed out = std::move(found->second);
  passed_.erase(found);
  return out;
}

ForeignBuilds::Pair ForeignBuilds::pair_of(Circuit& backward) {
  Circuit* forward = shared_.table.find(backward.pair);
  CHECK(forward != nullptr);
  return {forward, &backward};
}

void ForeignBuilds::answered(Circuit& backward, const wire::BuiltFrame& built) {
  const Passed passed = take(backward.receive);
  const Pair pair = pair_of(backward);
  const Circuit& forward = *pair.forward;
  backward.send = built.mine;
  crypto::BuildPacket packet{};
  crypto::BuildRecordBytes bytes{};
  wire::write_build_reply(passed.reply, bytes);
  passed.hop.wrap(bytes, built.packet, packet);
  const wire::BuiltFrame answer{forward.send, forward.receive, packet};
  if (shared_.sink.send_built(forward.link, answer, shared_.now)) {
    return parts_.roster.watch(*pair.forward, shared_.now + kProvisional);
  }
  destroy({backward.link, built.mine}, wire::DestroyReason::LinkLost);
  drop(pair);
}

void ForeignBuilds::refuse(Circuit& backward, wire::BuildStatus why) {
  const Passed passed = take(backward.receive);
  const Pair pair = pair_of(backward);
  const From from{pair.forward->link, pair.forward->send};
  drop(pair);
  refuse(from, passed.hop, why);
}

void ForeignBuilds::drop(Circuit& backward) {
  passed_.erase(backward.receive);
  drop(pair_of(backward));
}

// An answer needs an id of ours, and nobody may ever reach a circuit by this one.
void ForeignBuilds::refuse(const From& from, const crypto::HopBuild& hop,
                           const wire::BuildReply& why) {
  ++parts_.roster.at(from.link).refused;
  shared_.tally.add(Count::BuildRefused);
  const Circuit* nowhere = shared_.table.issue(from.link, CircuitRole::Destination, 0);
  if (nowhere == nullptr) return destroy(from, wire::DestroyReason::Overloaded);
  const CircuitId id = nowhere->receive;
  shared_.table.drop(id);
  crypto::BuildPacket packet{};
  crypto::BuildRecordBytes bytes{};
  wire::write_build_reply(why, bytes);
  hop.finish(bytes, {}, packet, shared_.random);
  (void)shared_.sink.send_built(from.link, {from.circuit, id, packet}, shared_.now);
}

void ForeignBuilds::refuse(const Opened& build, wire::BuildStatus why) {
  const HopGrant& grant = build.grant;
  if (grant.lease != 0) parts_.desk.release(parts_.roster.at(build.from.link).id, grant.lease);
  refuse(build.from, build.hop, why);
}

void ForeignBuilds::destroy(const From& from, wire::DestroyReason why) {
  (void)shared_.sink.send_destroy(from.link, from.circuit, why, shared_.now);
}

}  // namespace covfefe::core
