// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/orders.h"

#include <algorithm>

#include "core/circuit/choice.h"
#include "core/circuit/reports.h"

namespace covfefe::core {

namespace {

std::size_t circuits_of(const Peer* peer) {
  return peer != nullptr && live(peer->remote) ? peer->remote->legs.size() : 0;
}

std::string trouble(const Peer* peer) {
  if (peer == nullptr) return "nobody serves this address any more";
  if (!peer->dial_trouble.empty()) return peer->dial_trouble;
  return live(peer->remote) ? "no further path that shares no relay with those in use"
                            : "no answer in time";
}

}  // namespace

bool Orders::add(RequestId request, const Peer& peer, Duration patience) {
  if (orders_.size() == kMost) return false;
  orders_.push_back({request, peer.address, circuits_of(&peer), reach_.shared.now + patience});
  return true;
}

bool Orders::settled(const Order& order) {
  const Peer* peer = reach_.peers.find(order.address);
  const bool done = circuits_of(peer) > order.had;
  if (!done && reach_.shared.now < order.deadline) return false;
  CircuitsReport report;
  if (peer != nullptr) report_circuits(*peer, reach_, report.circuits);
  if (!done) report.why = trouble(peer);
  reach_.reports.emplace_back(Answer{order.request, std::move(report)});
  return true;
}

void Orders::settle() {
  std::erase_if(orders_, [this](const Order& order) { return settled(order); });
}

Instant Orders::next_deadline() const {
  Instant at = Instant::never();
  for (const Order& order : orders_) at = std::min(at, order.deadline);
  return at;
}

}  // namespace covfefe::core
