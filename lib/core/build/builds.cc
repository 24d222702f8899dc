// SPDX-License-Identifier: Apache-2.0
#include "core/build/builds.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "core/build/hop.h"
#include "core/build/lease_desk.h"
#include "core/build/origin.h"
#include "core/build/relay.h"
#include "core/build/roster.h"

namespace covfefe::core {

namespace {

constexpr Duration kLinkDown = Duration::seconds(15);  // then its circuits are over (B15)
constexpr Duration kIdle = Duration::minutes(15);      // likewise without a forward cell (B14)

}  // namespace

struct Builds::Parts {
  Parts(Shared& common, const NextHops& next, BuildEvents& observer, Relaying relaying)
      : shared(common),
        events(observer),
        desk(common),
        roster(common, desk),
        own(common, roster, observer),
        foreign(common, {roster, desk, next, observer, relaying}),
        relay(common, roster) {}

  void end(Circuit& circuit, wire::DestroyReason reason);
  void lose(Circuit& circuit, wire::DestroyReason reason);
  void lose_relay(Circuit& circuit, wire::DestroyReason reason);
  void lose_all(LinkSlot link, wire::DestroyReason reason);
  void tell(const Circuit& circuit, wire::DestroyReason reason);
  void look_at(Circuit& circuit);
  void links_down();
  [[nodiscard]] bool unanswered(const Circuit& backward) const;
  enum class Told : std::uint8_t { ByNeighbour, ByShaper };
  void end_lease(Circuit& circuit, Told told);

  Shared& shared;
  BuildEvents& events;
  LeaseDesk desk;
  Roster roster;
  OwnBuilds own;
  ForeignBuilds foreign;
  Relay relay;
  Instant links_at = Instant::never();  // when a link has been down for too long
};

Builds::Builds(Shared& shared, const NextHops& next, BuildEvents& events,
               const CircuitPolicy& policy)
    : parts_(std::make_unique<Parts>(shared, next, events, policy.relaying)) {}

Builds::~Builds() = default;

void Builds::begin(Effects& effects) {
  parts_->desk.begin(effects);
  parts_->foreign.begin(effects);
}

void Builds::end() {
  parts_->foreign.end();
  parts_->desk.end();
}

void Builds::lease(CircuitId id, const CircuitLease& lease) {
  Circuit* circuit = parts_->shared.table.find(id);
  if (circuit == nullptr || !built(*circuit) || relays(*circuit)) return;
  parts_->roster.hold(*circuit, lease);
}

void Builds::unlease(CircuitId id) {
  Circuit* circuit = parts_->shared.table.find(id);
  if (circuit == nullptr || circuit->lease == nullptr || relays(*circuit)) return;
  parts_->end_lease(*circuit, Parts::Told::ByShaper);
}

LeaseDesk& Builds::leases() {
  return parts_->desk;
}

// ---- origin ------------------------------------------------------------------------------------

std::optional<BuildId> Builds::start(const CircuitPath& path, const BuildTerms& terms,
                                     ByteView payload) {
  return parts_->own.start(path, terms, payload);
}

void Builds::abandon(BuildId build) {
  parts_->own.abandon(build);
}

void Builds::close(CircuitId id, wire::DestroyReason reason) {
  Circuit* circuit = parts_->shared.table.find(id);
  if (circuit == nullptr || !built(*circuit) || relays(*circuit)) return;
  CHECK(!parts_->own.under_way(id));
  parts_->tell(*circuit, reason);
  parts_->roster.drop(*circuit);
}

// ---- how circuits end ---------------------------------------------------------------------------

// Until the next hop has answered, nothing can be said to it, and the hop before waits.
bool Builds::Parts::unanswered(const Circuit& backward) const {
  return backward.role == CircuitRole::RelayBackward && backward.send.value == 0;
}

void Builds::Parts::tell(const Circuit& circuit, wire::DestroyReason reason) {
  if (circuit.send.value == 0) return;
  (void)shared.sink.send_destroy(circuit.link, circuit.send, reason, shared.now);
}

// For a reason of our own: the circuit's own side is told too.
void Builds::Parts::end(Circuit& circuit, wire::DestroyReason reason) {
  tell(circuit, reason);
  lose(circuit, reason);
}

void Builds::Parts::lose(Circuit& circuit, wire::DestroyReason reason) {
  const CircuitId id = circuit.receive;
  if (relays(circuit)) {
    lose_relay(circuit, reason);
  } else if (own.under_way(id)) {
    own.failed(circuit, BuildFault::Destroyed);
  } else {
    shared.tally.add(Count::CircuitLost);
    events.on_circuit_lost(id, reason);
    roster.drop(circuit);
  }
}

void Builds::Parts::lose_relay(Circuit& circuit, wire::DestroyReason reason) {
  Circuit* other = shared.table.find(circuit.pair);
  CHECK(other != nullptr);
  if (unanswered(circuit)) return foreign.refuse(circuit, wire::BuildStatus::NextDown);
  if (unanswered(*other)) return foreign.drop(*other);
  tell(*other, reason);
  roster.drop(*other);
  roster.drop(circuit);
  shared.tally.add(Count::CircuitLost);
}

void Builds::Parts::lose_all(LinkSlot link, wire::DestroyReason reason) {
  foreign.forget(link);
  roster.at(link).down_since = Instant::never();
  const std::vector<CircuitId> ids = roster.at(link).circuits;  // what we tell may change the list
  for (const CircuitId id : ids) {
    if (Circuit* circuit = roster.ours(link, id)) lose(*circuit, reason);
  }
}

void Builds::on_destroy(LinkSlot link, CircuitId id, wire::DestroyReason reason) {
  Circuit* circuit = parts_->roster.ours(link, id);
  if (circuit == nullptr) return;
  if (reason != wire::DestroyReason::LeaseOnly) return parts_->lose(*circuit, reason);
  parts_->end_lease(*circuit, Parts::Told::ByNeighbour);
}

// Step Q6, covfefe-protocol(7). Only who still has the lease passes it on, so it goes round once.
void Builds::Parts::end_lease(Circuit& circuit, Told told) {
  if (circuit.lease == nullptr) return;
  constexpr auto kReason = wire::DestroyReason::LeaseOnly;
  shared.tally.add(Count::LeaseEnded);
  roster.end_lease(circuit);
  if (told == Told::ByShaper) tell(circuit, kReason);
  if (!relays(circuit)) return events.on_lease_ended(circuit.receive);
  Circuit* other = shared.table.find(circuit.pair);
  CHECK(other != nullptr);
  roster.end_lease(*other);
  tell(*other, kReason);
}

bool Builds::holds(std::uint32_t lease) const {
  return parts_->roster.leased(lease) != nullptr;
}

void Builds::lease_revoked(std::uint32_t lease) {
  Parts& p = *parts_;
  Circuit* circuit = p.roster.leased(lease);
  if (circuit == nullptr) return;
  Circuit* other = p.shared.table.find(circuit->pair);
  // Its grant is not on the way back yet.
  const bool early = other != nullptr && p.unanswered(*other);
  if (early) return p.foreign.refuse(*other, wire::BuildStatus::NoCapacity);
  p.end_lease(*circuit, Parts::Told::ByShaper);
}

void Builds::onion_fault(Circuit& circuit) {
  Parts& p = *parts_;
  p.shared.tally.add(Count::CellBadTag);
  ++circuit.onion_faults;
  Neighbour& neighbour = p.roster.at(circuit.link);
  ++neighbour.onion_faults;
  if (relays(circuit)) ++neighbour.relayed_faults;
  if (!circuit.bad_tags.add(p.shared.now)) return;
  ++neighbour.destroyed;
  p.shared.tally.add(Count::CircuitBadTag);
  if (built(circuit)) return p.end(circuit, wire::DestroyReason::BadTag);
  const CircuitId direct = circuit.receive;
  p.tell(circuit, wire::DestroyReason::BadTag);
  p.events.on_circuit_lost(direct, wire::DestroyReason::BadTag);
  p.shared.table.drop(direct);
}

// ---- hop ----------------------------------------------------------------------------------------

void Builds::on_build(LinkSlot link, const wire::BuildFrame& build) {
  parts_->foreign.arrived(link, build);
}

void Builds::on_built(LinkSlot link, const wire::BuiltFrame& built) {
  Parts& p = *parts_;
  Circuit* circuit = p.roster.ours(link, built.yours);
  if (circuit != nullptr && p.own.under_way(built.yours)) return p.own.answered(*circuit, built);
  if (circuit != nullptr && p.unanswered(*circuit)) return p.foreign.answered(*circuit, built);
  p.shared.tally.add(Count::BuiltStray);
  (void)p.shared.sink.send_destroy(link, built.mine, wire::DestroyReason::Unknown, p.shared.now);
}

void Builds::relay(Circuit& circuit, const CellHeader& header, ByteView onion) {
  if (!parts_->relay.pass(circuit, header, onion)) onion_fault(circuit);
}

void Builds::on_friend(LinkSlot link, FriendId who) {
  parts_->roster.at(link).id = who;
}

void Builds::on_link_up(LinkSlot link, Boot boot) {
  parts_->roster.at(link).down_since = Instant::never();
  if (boot == Boot::New) parts_->lose_all(link, wire::DestroyReason::PeerRestart);
}

void Builds::on_link_down(LinkSlot link) {
  Parts& p = *parts_;
  p.roster.at(link).down_since = p.shared.now;
  p.links_at = std::min(p.links_at, p.shared.now + kLinkDown);
}

void Builds::on_link_gone(LinkSlot link) {
  Parts& p = *parts_;
  p.roster.at(link).leaving = true;
  p.lose_all(link, wire::DestroyReason::LinkLost);
  CHECK(p.roster.at(link).circuits.empty());
  p.roster.at(link) = Neighbour{};
}

// ---- keystore, time -----------------------------------------------------------------------------

void Builds::keystore_up() {
  parts_->foreign.keystore_up();
}

void Builds::keystore_down() {
  parts_->foreign.keystore_down();
}

bool Builds::keystore_reply(KeystoreReply& reply) {
  return parts_->foreign.keystore_reply(reply);
}

bool Builds::shaper_reply(const ShaperReply& reply) {
  return parts_->foreign.shaper_reply(reply);
}

void Builds::Parts::links_down() {
  if (links_at > shared.now) return;
  links_at = Instant::never();
  for (std::uint32_t i = 0; i < roster.neighbours(); ++i) {
    const Instant since = roster.at({i}).down_since;
    if (since.is_never()) continue;
    if (since + kLinkDown <= shared.now) {
      lose_all({i}, wire::DestroyReason::LinkLost);
    } else {
      links_at = std::min(links_at, since + kLinkDown);
    }
  }
}

// Step B14, covfefe-protocol(7).
void Builds::Parts::look_at(Circuit& circuit) {
  if (own.under_way(circuit.receive)) return own.failed(circuit, BuildFault::Timeout);
  Circuit* other = shared.table.find(circuit.pair);
  if (other != nullptr && unanswered(*other)) {
    return foreign.refuse(*other, wire::BuildStatus::NextDown);
  }
  if (std::exchange(circuit.used, false) && shared.now < circuit.ends) {
    return roster.watch(circuit, std::min(circuit.ends, shared.now + kIdle));
  }
  shared.tally.add(Count::CircuitExpired);
  end(circuit, wire::DestroyReason::Expired);
}

void Builds::timer() {
  Parts& p = *parts_;
  p.foreign.expire();
  p.desk.expire();
  p.links_down();
  while (Circuit* circuit = p.roster.due()) p.look_at(*circuit);
}

Instant Builds::next_deadline() const {
  return std::min({parts_->foreign.next_deadline(), parts_->desk.next_deadline(), parts_->links_at,
                   parts_->roster.next_deadline()});
}

// ---- questions ----------------------------------------------------------------------------------

Builds::Faults Builds::faults(LinkSlot link) const {
  const Neighbour* neighbour = parts_->roster.find(link);
  if (neighbour == nullptr) return {};
  return {neighbour->onion_faults, neighbour->destroyed, neighbour->relayed_cells};
}

std::vector<RelayedReport> Builds::relayed() const {
  const Parts& p = *parts_;
  std::vector<RelayedReport> out;
  for (std::uint32_t i = 0; i < p.roster.neighbours(); ++i) {
    const Neighbour& from = *p.roster.find({i});
    if (from.builds == 0) continue;
    RelayedReport& report = out.emplace_back();
    report.from = p.shared.sink.report({i}, p.shared.now).id;
    report.circuits = static_cast<std::uint64_t>(std::count_if(
        from.circuits.begin(), from.circuits.end(),
        [&p](CircuitId id) { return p.shared.table.find(id)->role == CircuitRole::RelayForward; }));
    report.cells = from.relayed_cells;
    report.onion_faults = from.relayed_faults;
    report.builds = from.builds;
    report.refused = from.refused;
  }
  return out;
}

void Builds::count(std::vector<Counter>& out) const {
  out.insert(out.end(), {{"build.under_way", parts_->own.size()},
                         {"build.waiting_keystore", parts_->foreign.waiting()},
                         {"build.waiting_next", parts_->foreign.passed()},
                         {"build.waiting_shaper", parts_->foreign.waiting_shaper()},
                         {"circuit.incoming", parts_->roster.incoming()},
                         {"circuit.leases", parts_->roster.leases()}});
}

}  // namespace covfefe::core
