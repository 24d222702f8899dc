// SPDX-License-Identifier: Apache-2.0
#include "core/build/relay.h"

#include "base/check.h"

namespace covfefe::core {

namespace {

constexpr std::size_t kLargeWire = wire::kLargeDatagram;
constexpr std::size_t kSmallWire = wire::kSmallDatagram;

}  // namespace

bool Relay::pass(Circuit& circuit, const CellHeader& header, ByteView onion) {
  CHECK(relays(circuit));
  if (!circuit.window.admits(header.counter)) {
    ++circuit.replays;
    shared_.tally.add(Count::CellReplayed);
    return true;
  }
  if (circuit.role == CircuitRole::RelayForward) return forward(circuit, header, onion);
  backward(circuit, header, onion);
  return true;
}

// Steps Q8 and Q11, covfefe-protocol(7): a friend may put a cell on any lane of its link, but it
// goes on as what was promised to its circuit.
FlowClass Relay::class_for(Circuit& to, Lane came, std::size_t onion) {
  if (came == Lane::Realtime && to.lease != nullptr) {
    const std::size_t datagram = onion == wire::kLargeOnion ? kLargeWire : kSmallWire;
    if (to.lease->admits(datagram, shared_.now)) return FlowClass::Leased;
  }
  if (came == Lane::Spare && onion == wire::kSmallOnion) {
    const bool few = to.chat.take(shared_.now) && roster_.at(to.link).chat.take(shared_.now);
    if (few) return FlowClass::Idle;
  }
  return FlowClass::Relayed;
}

MutableBytes Relay::room(const Circuit& to, FlowClass as, std::size_t onion) {
  if (to.send.value == 0) {
    // No hop before can know its id for this circuit yet: the cell is a guess.
    shared_.tally.add(Count::CellUnknownCircuit);
    return {};
  }
  if (as == FlowClass::Relayed && shared_.sink.relayed_backlogged(to.link)) {
    shared_.tally.add(Count::RelayBacklog);
    return {};
  }
  const CellSize size = onion == wire::kLargeOnion ? CellSize::Large : CellSize::Small;
  const MutableBytes out = shared_.sink.open_cell(to.link, as, size);
  if (out.empty()) shared_.tally.add(Count::RelayNoCell);
  return out;
}

bool Relay::forward(Circuit& circuit, const CellHeader& header, ByteView onion) {
  Circuit* to = shared_.table.find(circuit.pair);
  CHECK(to != nullptr);
  const FlowClass as = class_for(*to, header.lane, onion.size());
  const MutableBytes out = room(*to, as, onion.size());
  if (out.empty()) return true;
  const crypto::OriginHop& hop = circuit.hops[0];
  if (!crypto::relay_forward({hop.keys.forward.view(), header.counter}, onion, out)) {
    shared_.sink.abandon_cell();
    return false;
  }
  circuit.window.mark(header.counter);
  circuit.used = true;
  send(*to, {to->send, header.counter + hop.delta, lane_of(as)}, circuit.link);
  if (as == FlowClass::Leased) shared_.tally.add(Count::RelayedLeased);
  return true;
}

void Relay::backward(Circuit& circuit, const CellHeader& header, ByteView onion) {
  Circuit* to = shared_.table.find(circuit.pair);
  CHECK(to != nullptr);
  const FlowClass as = class_for(*to, header.lane, onion.size());
  const MutableBytes out = room(*to, as, onion.size());
  if (out.empty()) return;
  // Before sealing: nothing here is verified, and a counter that came twice would repeat a nonce.
  circuit.window.mark(header.counter);
  const crypto::OriginHop& hop = circuit.hops[0];
  const std::uint64_t counter = header.counter - hop.delta;
  copy(onion, out);
  crypto::relay_backward({hop.keys.backward.view(), counter}, out);
  send(*to, {to->send, counter, lane_of(as)}, to->link);
  if (as == FlowClass::Leased) shared_.tally.add(Count::RelayedLeased);
}

void Relay::send(const Circuit& to, const CellHeader& header, LinkSlot origin_side) {
  CHECK(header.circuit == to.send);
  shared_.sink.send_cell(header);
  shared_.tally.add(Count::RelayedCells);
  ++roster_.at(origin_side).relayed_cells;
}

}  // namespace covfefe::core
