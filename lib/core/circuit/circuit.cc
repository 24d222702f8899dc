// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/circuit.h"

#include <utility>

#include "base/check.h"

namespace covfefe::core {

namespace {

constexpr std::uint32_t kIndexBits = 20;  // A27
constexpr std::uint32_t kIndexMask = (1u << kIndexBits) - 1;
constexpr std::uint32_t kGenerations = 4095;  // 1..4095: 0 would make the id 0 possible

std::uint32_t after(std::uint32_t generation) {
  return generation % kGenerations + 1;
}

}  // namespace

bool BadTags::add(Instant now) {
  const std::size_t at = count_ % kMost;
  const bool full = count_ >= kMost - 1;
  seen_[at] = now;
  ++count_;
  if (!full) return false;
  const Instant oldest = seen_[(at + 1) % kMost];
  return now - oldest <= kInterval;
}

void CircuitHops::resize(std::size_t hops) {
  CHECK(hops > 0 && hops <= crypto::kHopsMost);
  many_ = std::vector<crypto::OriginHop>(hops > 1 ? hops : 0);
  one_ = {};
}

CellHeader seal_onion(Circuit& circuit, crypto::Drbg& random, MutableBytes onion) {
  CHECK(circuit.length > 0 && circuit.send.value != 0);
  const std::uint64_t counter = circuit.next_counter++;
  if (circuit.role == CircuitRole::Origin) {
    crypto::origin_seal(circuit.hops.first(circuit.length), counter, random, onion);
  } else {
    crypto::destination_seal({circuit.hops[0].keys.backward.view(), counter}, onion);
  }
  return {circuit.send, counter};
}

Result<void> open_onion(Circuit& circuit, const CellHeader& header, ByteView onion,
                        MutableBytes plain) {
  const bool ends_here =
      circuit.role == CircuitRole::Origin || circuit.role == CircuitRole::Destination;
  if (circuit.length == 0 || !ends_here) return Reject::Unexpected;
  if (!circuit.window.admits(header.counter)) {
    ++circuit.replays;
    return Reject::Replayed;
  }
  bool good = false;
  if (circuit.role == CircuitRole::Origin) {
    const crypto::OriginPath path = circuit.hops.first(circuit.length);
    good = crypto::origin_open(path, header.counter, onion, plain);
    // The eighth ends the circuit, so nobody can have this done often.
    if (!good) circuit.bad_hop = crypto::first_bad_hop(path, header.counter, onion);
  } else {
    good = crypto::hop_open({circuit.hops[0].keys.forward.view(), header.counter}, onion, plain);
  }
  if (!good) return Reject::Forged;
  circuit.window.mark(header.counter);
  circuit.used = true;
  return {};
}

CircuitTable::CircuitTable(std::uint64_t seed)
    : first_generation_(static_cast<std::uint32_t>(seed % kGenerations) + 1) {}

Circuit* CircuitTable::issue(LinkSlot link, CircuitRole role, std::uint64_t first_counter) {
  if (free_.empty()) {
    if (slots_ == kMost) return nullptr;
    if (slots_ % kPage == 0) pages_.push_back(std::make_unique<Page>());
    free_.push_back(static_cast<std::uint32_t>(slots_));
    at(slots_++).generation = first_generation_;
  }
  const std::uint32_t index = free_.front();
  free_.pop_front();
  Slot& slot = at(index);
  slot.used = true;
  slot.circuit.receive = CircuitId{(slot.generation << kIndexBits) | index};
  slot.circuit.link = link;
  slot.circuit.role = role;
  slot.circuit.next_counter = first_counter;
  return &slot.circuit;
}

Circuit* CircuitTable::find(CircuitId id) {
  const std::uint32_t index = id.value & kIndexMask;
  if (index >= slots_) return nullptr;
  Slot& slot = at(index);
  return slot.used && slot.circuit.receive == id ? &slot.circuit : nullptr;
}

void CircuitTable::drop(CircuitId id) {
  if (find(id) == nullptr) return;
  const std::uint32_t index = id.value & kIndexMask;
  Slot& slot = at(index);
  slot.circuit = Circuit{};
  slot.used = false;
  slot.generation = after(slot.generation);
  free_.push_back(index);
}

}  // namespace covfefe::core
