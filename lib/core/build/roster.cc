// SPDX-License-Identifier: Apache-2.0
#include "core/build/roster.h"

#include "base/check.h"

namespace covfefe::core {

namespace {

bool asked_for(CircuitRole role) {
  return role == CircuitRole::RelayForward || role == CircuitRole::Destination;
}

}  // namespace

Neighbour& Roster::at(LinkSlot link) {
  while (neighbours_.size() <= link.value) neighbours_.emplace_back();
  return neighbours_[link.value];
}

const Neighbour* Roster::find(LinkSlot link) const {
  return link.value < neighbours_.size() ? &neighbours_[link.value] : nullptr;
}

bool Roster::room(LinkSlot from) const {
  const Neighbour* neighbour = find(from);
  if (neighbour == nullptr) return incoming_ < kMost;
  return incoming_ < kMost && neighbour->incoming < kPerNeighbour;
}

Circuit* Roster::issue(LinkSlot link, CircuitRole role, Instant ends) {
  Neighbour& neighbour = at(link);
  if (neighbour.leaving) return nullptr;
  Circuit* circuit = shared_.table.issue(link, role, shared_.random.next_u64());
  if (circuit == nullptr) return nullptr;
  circuit->ends = ends;
  circuit->place = static_cast<std::uint32_t>(neighbour.circuits.size());
  neighbour.circuits.push_back(circuit->receive);
  if (asked_for(role)) {
    ++neighbour.incoming;
    ++incoming_;
  }
  return circuit;
}

Circuit* Roster::ours(LinkSlot link, CircuitId id) {
  Circuit* circuit = shared_.table.find(id);
  const bool is = circuit != nullptr && circuit->link == link && built(*circuit);
  return is ? circuit : nullptr;
}

void Roster::drop(Circuit& circuit) {
  Neighbour& neighbour = at(circuit.link);
  CHECK(neighbour.circuits[circuit.place] == circuit.receive);
  const CircuitId moved = neighbour.circuits.back();
  neighbour.circuits[circuit.place] = moved;
  shared_.table.find(moved)->place = circuit.place;
  neighbour.circuits.pop_back();
  if (asked_for(circuit.role)) {
    --neighbour.incoming;
    --incoming_;
  }
  watch(circuit, Instant::never());
  end_lease(circuit);
  shared_.table.drop(circuit.receive);
}

void Roster::hold(Circuit& circuit, const CircuitLease& lease) {
  end_lease(circuit);
  circuit.lease = std::make_unique<CircuitLease>(lease);
  if (lease.id != 0) leases_.insert_or_assign(lease.id, circuit.receive);
}

void Roster::end_lease(Circuit& circuit) {
  if (circuit.lease == nullptr) return;
  const CircuitLease& lease = *circuit.lease;
  if (lease.id != 0 && leases_.erase(lease.id) != 0) desk_.release(lease.principal, lease.id);
  circuit.lease.reset();
}

Circuit* Roster::leased(std::uint32_t lease) {
  const auto found = leases_.find(lease);
  return found == leases_.end() ? nullptr : shared_.table.find(found->second);
}

void Roster::watch(Circuit& circuit, Instant due) {
  if (!circuit.due.is_never()) due_.erase({circuit.due, circuit.receive});
  circuit.due = due;
  if (!due.is_never()) due_.insert({due, circuit.receive});
}

Instant Roster::next_deadline() const {
  return due_.empty() ? Instant::never() : due_.begin()->first;
}

Circuit* Roster::due() {
  if (next_deadline() > shared_.now) return nullptr;
  Circuit* circuit = shared_.table.find(due_.begin()->second);
  CHECK(circuit != nullptr);
  watch(*circuit, Instant::never());
  return circuit;
}

}  // namespace covfefe::core
