// SPDX-License-Identifier: Apache-2.0
#include "core/link/session.h"

#include <algorithm>

#include "base/check.h"
#include "crypto/onion.h"

namespace covfefe::core {
namespace {

constexpr int kLaneShift = 56;
constexpr std::uint64_t kSequenceMask = (std::uint64_t{1} << kLaneShift) - 1;

// The responder leaves the initiator this long to rekey before it offers itself.
constexpr Duration kResponderWaits = Duration::seconds(15);

std::size_t narrow_of(Lane lane) {
  return lane == Lane::Spare ? 2 : static_cast<std::size_t>(lane);
}

}  // namespace

Session::Session(const SessionStart& start, const LinkMasters& masters)
    : start_(start),
      keys_(crypto::derive_link_keys(start.role, masters.send.view(), masters.receive.view())) {}

template <typename F>
auto Session::in_window(Lane lane, F&& f) {
  return lane == Lane::Bulk ? f(wide_) : f(narrow_[narrow_of(lane)]);
}

Result<Session::Opened> Session::open(ByteView datagram) {
  // Step L12, covfefe-protocol(7): unmask, look, verify, and only then mark.
  const std::uint64_t counter = crypto::unmask_counter(keys_.receive.header.view(), datagram);
  const std::uint64_t lane_number = counter >> kLaneShift;
  if (lane_number >= kLanes) return Reject::Forged;
  const auto lane = static_cast<Lane>(lane_number);
  const std::uint64_t sequence = counter & kSequenceMask;
  if (!in_window(lane, [&](const auto& w) { return w.fresh(sequence); })) return Reject::Replayed;
  const auto head = crypto::open_header({keys_.receive.aead.view(), counter}, datagram);
  if (!head) return head.error();
  in_window(lane, [&](auto& w) { w.set(sequence); });
  return Opened{lane, {CircuitId{head->circuit}, head->hop_counter}, crypto::onion_of(datagram)};
}

void Session::seal(Lane lane, const CellHeader& header, ByteView onion, MutableBytes datagram) {
  const auto number = static_cast<std::size_t>(lane);
  CHECK(next_[number] <= kSequenceMask);
  const std::uint64_t counter = (std::uint64_t{number} << kLaneShift) | next_[number]++;
  ++sealed_;
  crypto::seal_cell(keys_.send, {start_.theirs, counter, {header.circuit.value, header.counter}},
                    onion, datagram);
}

std::uint64_t Session::seal_link_onion(crypto::Drbg& random, MutableBytes onion) {
  crypto::hop_seal({keys_.send.link_circuit.view(), next_hop_}, random, onion);
  return next_hop_++;
}

bool Session::open_link_onion(std::uint64_t hop_counter, ByteView onion, MutableBytes plain) const {
  return crypto::hop_open({keys_.receive.link_circuit.view(), hop_counter}, onion, plain);
}

Instant Session::ends() const {
  return std::min({retired_, start_.born + kRefuseAfter, start_.rooted + kWithoutKeystore});
}

Instant Session::rekey_at() const {
  const Instant at = start_.born + kRekeyAfter;
  return start_.role == crypto::Role::Initiator ? at : at + kResponderWaits;
}

std::uint64_t Session::missing() const {
  return narrow_[0].missing() + narrow_[1].missing() + wide_.missing();
}

}  // namespace covfefe::core
