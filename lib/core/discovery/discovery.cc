// SPDX-License-Identifier: Apache-2.0
#include "core/discovery/discovery.h"

#include <algorithm>

#include "base/check.h"
#include "core/discovery/parts.h"

namespace covfefe::core {

Discovery::Discovery(const DiscoveryConfig& config, CellSink& sink, crypto::Drbg& random)
    : parts_(std::make_unique<Parts>(config, sink, random)) {}

Discovery::~Discovery() = default;

// ---- a step ------------------------------------------------------------------------------------

void Discovery::begin(Instant now, Effects& effects) {
  parts_->commons.now = now;
  parts_->commons.effects = &effects;
}

void Discovery::end() {
  if (parts_->fetcher.take_changed()) parts_->server.changed();
  parts_->commons.effects = nullptr;
}

void Discovery::timer() {
  Parts& p = *parts_;
  if (p.commons.deadline > p.commons.now) return;
  p.commons.deadline = Instant::never();
  p.offers.timer();
  p.fetcher.timer();
  if (p.fetcher.take_changed()) p.server.changed();
  p.server.timer();
  p.names.timer();
}

Instant Discovery::next_deadline() const {
  return parts_->commons.deadline;
}

void Discovery::clock(WallTime wall) {
  parts_->commons.calendar.heard(wall, parts_->commons.now);
  parts_->commons.wake_at(parts_->commons.now);
}

void Discovery::remembered(const Remembered& what) {
  parts_->fetcher.remembered(what);
}

// ---- friends -----------------------------------------------------------------------------------

void Discovery::on_friend(LinkSlot link, const Friend& who) {
  Parts& p = *parts_;
  Introducers& all = p.commons.friends;
  if (link.value >= all.size()) all.resize(link.value + 1);
  auto& n = all[link.value];
  if (n && n->who.id != who.id) on_link_gone(link);
  const bool fresh = !n;
  if (fresh) {
    n = std::make_unique<Introducer>();
    n->link = link;
    n->known_since = n->changed_at = p.commons.now;
  }
  const bool offer = fresh || n->who.visibility != who.visibility;
  n->who = who;
  ++p.commons.changes;
  if (fresh) p.fetcher.adopt(*n);
  if (offer) p.offers.due(*n);
  p.server.changed();
}

void Discovery::on_link_up(LinkSlot link, Boot boot) {
  Parts& p = *parts_;
  Introducer* n = p.commons.at(link);
  if (n == nullptr) return;
  if (!n->up) {
    n->up = true;
    n->changed_at = p.commons.now;
  }
  p.offers.due(*n);
  p.fetcher.link_up(*n, boot);
  p.server.link_up(*n);
}

void Discovery::on_link_down(LinkSlot link) {
  Parts& p = *parts_;
  Introducer* n = p.commons.at(link);
  if (n == nullptr || !n->up) return;
  n->up_total = n->up_total + (p.commons.now - n->changed_at);
  n->up = false;
  n->changed_at = p.commons.now;
  p.fetcher.link_down(*n);
  p.server.link_down(*n);
  p.names.link_down(link);
}

void Discovery::on_link_gone(LinkSlot link) {
  Parts& p = *parts_;
  if (p.commons.at(link) == nullptr) return;
  p.names.link_down(link);
  p.server.gone(link);
  p.finder.gone(link);
  p.commons.friends[link.value].reset();
  ++p.commons.changes;
  p.server.changed();
}

bool Discovery::on_control(LinkSlot link, const wire::Control& message) {
  Parts& p = *parts_;
  Introducer* n = p.commons.at(link);
  const auto take = [&]<typename M>(const M& m) {
    if constexpr (std::is_same_v<M, wire::Offer>) {
      if (n != nullptr && p.offers.received(*n, m)) p.server.changed();
    } else if constexpr (std::is_same_v<M, wire::DescriptorsGet>) {
      if (n != nullptr) p.server.get(*n, m);
    } else if constexpr (std::is_same_v<M, wire::Descriptors>) {
      if (n != nullptr) p.fetcher.page(*n, m);
    } else if constexpr (std::is_same_v<M, wire::DescriptorsChanged>) {
      if (n != nullptr) p.fetcher.announced(*n, m);
    } else if constexpr (std::is_same_v<M, wire::NameAsk>) {
      if (n != nullptr) p.names.asked(*n, m);
    } else if constexpr (std::is_same_v<M, wire::NameAnswer>) {
      if (n != nullptr) p.names.answered(*n, m);
    } else {
      return false;
    }
    return true;
  };
  return std::visit(take, message.message);
}

// ---- the keystore -------------------------------------------------------------------------------

void Discovery::keystore_up() {
  parts_->offers.keystore_up();
}

void Discovery::keystore_down() {
  parts_->offers.keystore_down();
}

bool Discovery::keystore_reply(const KeystoreReply& reply) {
  return parts_->offers.reply(reply);
}

// ---- paths -------------------------------------------------------------------------------------

std::optional<LinkSlot> Discovery::next_hop(const wire::Handle& handle, LinkSlot from) const {
  return parts_->server.next_hop(handle, from);
}

bool Discovery::leads_here(LinkSlot link) const {
  const Introducer* n = parts_->commons.at(link);
  return n != nullptr && n->who.visibility == Visibility::Reachable;
}

bool Discovery::known(const Address& to) const {
  return parts_->finder.known(to);
}

std::vector<CircuitPath> Discovery::paths(const Address& to, std::size_t most,
                                          const Used& used) const {
  Finder& finder = parts_->finder;
  if (!finder.may_enter()) return {};
  const Taken taken{{used.entries.begin(), used.entries.end()},
                    {used.relays.begin(), used.relays.end()}};
  const std::vector<Candidate> all = finder.candidates(to);
  std::vector<CircuitPath> out;
  for (const std::size_t place : choose(all, most, taken)) out.push_back(all[place].path);
  return out;
}

void Discovery::failed(const CircuitPath& path, std::size_t hop) {
  parts_->finder.failed(path, hop);
}

void Discovery::worked(const CircuitPath& path) {
  parts_->finder.worked(path);
}

void Discovery::name(RequestId request, const NameQuery& query) {
  parts_->names.ask(request, query);
}

void Discovery::count(std::vector<Counter>& out) const {
  for (std::size_t i = 0; i < DiscoveryTally::kCount; ++i) {
    const auto what = static_cast<Seen>(i);
    out.push_back({name_of(what), parts_->commons.tally.of(what)});
  }
}

}  // namespace covfefe::core
