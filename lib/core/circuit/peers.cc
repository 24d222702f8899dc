// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/peers.h"

#include "base/check.h"

namespace covfefe::core {

namespace {

constexpr Instant kLongAgo{-Duration::hours(1).nanoseconds};

}  // namespace

Peer* Peers::at(LinkSlot link) const {
  return link.value < links_.size() ? links_[link.value] : nullptr;
}

Peer* Peers::find(const Address& address) const {
  const auto found = routes_.find(address);
  return found == routes_.end() ? nullptr : found->second;
}

Peer& Peers::make(const Address& address) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  slots_[index] = std::make_unique<Peer>();
  Peer& peer = *slots_[index];
  peer.index = index;
  peer.address = address;
  routes_.try_emplace(address, &peer);
  return peer;
}

Peer& Peers::befriend(LinkSlot link, const Friend& who) {
  if (link.value >= links_.size()) links_.resize(link.value + 1);
  CHECK(links_[link.value] == nullptr);
  Peer* peer = find(who.address);
  if (peer == nullptr || peer->link) {
    peer = &make(who.address);
  } else {
    --third(peer->third);
  }
  peer->link = link;
  peer->id = who.id;
  links_[link.value] = peer;
  return *peer;
}

void Peers::unfriend(Peer& peer) {
  links_[peer.link->value] = nullptr;
  peer.link.reset();
  peer.id = {};
  peer.link_up = false;
  peer.third = Third::Came;
  peer.used = peer.wanted_until = kLongAgo;
  ++came_;
}

Peer* Peers::idlest(Third how, Instant before) const {
  Peer* found = nullptr;
  for (const auto& peer : slots_) {
    if (!peer || peer->link || peer->third != how || peer->used >= before) continue;
    if (found == nullptr || peer->used < found->used) found = peer.get();
  }
  return found;
}

Peer& Peers::add(const Address& address, Third how) {
  CHECK(find(address) == nullptr && !full(how));
  Peer& peer = make(address);
  peer.third = how;
  ++third(how);
  return peer;
}

void Peers::touch(Peer& peer) {
  if (peer.touched) return;
  peer.touched = true;
  touched_.push_back(&peer);
}

void Peers::untouch() {
  for (Peer* peer : touched_) peer->touched = false;
  touched_.clear();
}

void Peers::promote(Peer& peer) {
  if (peer.link || peer.third == Third::Dialled || full(Third::Dialled)) return;
  --came_;
  ++dialled_;
  peer.third = Third::Dialled;
}

void Peers::remove(Peer& peer) {
  CHECK(!peer.link && peer.sessions.empty());
  --third(peer.third);
  const auto route = routes_.find(peer.address);
  if (route != routes_.end() && route->second == &peer) routes_.erase(route);
  std::erase(touched_, &peer);
  deadlines_.set(peer.index, Instant::never());
  free_.push_back(peer.index);
  slots_[peer.index].reset();
}

}  // namespace covfefe::core
