// SPDX-License-Identifier: Apache-2.0
#include "core/link/links.h"

#include <algorithm>

#include "base/check.h"
#include "core/link/links_parts.h"

namespace covfefe::core {

Links::Links(LinksConfig config, crypto::Drbg& random, wire::ControlCodec& codec)
    : parts_(std::make_unique<Parts>(std::move(config), random, codec)) {}

Links::~Links() = default;

void Links::attach(LinkEvents& events) {
  parts_->desk.events = &events;
}

// ---- the table ---------------------------------------------------------------------------------

void Links::Parts::touch(std::uint32_t slot) {
  Link* link = at(slot);
  if (link == nullptr || link->touched) return;
  link->touched = true;
  desk.touched.push_back(slot);
}

void Links::Parts::insert(const Friend& who) {
  std::uint32_t slot = static_cast<std::uint32_t>(links.size());
  if (free_slots.empty()) {
    links.emplace_back();
  } else {
    slot = free_slots.back();
    free_slots.pop_back();
  }
  by_id.emplace(who.id, slot);
  by_key.emplace(who.static_key, slot);
  desk.events->on_friend({slot}, who);
  links[slot] = std::make_unique<Link>(desk, LinkSlot{slot}, who);
  touch(slot);
}

void Links::Parts::remove(std::uint32_t slot) {
  Link& link = *links[slot];
  desk.events->on_link_gone({slot});
  link.part();
  by_id.erase(link.who().id);
  by_key.erase(link.who().static_key);
  links[slot].reset();
  deadlines.set(slot, Instant::never());
  free_slots.push_back(slot);
}

void Links::friends(const FriendTable& table) {
  Parts& p = *parts_;
  const auto stays = [&](const Friend& old) {
    return std::any_of(table.all.begin(), table.all.end(), [&](const Friend& f) {
      return f.id == old.id && f.static_key == old.static_key;
    });
  };
  for (std::uint32_t slot = Parts::kFirstSlot; slot < p.links.size(); ++slot) {
    if (p.links[slot] != nullptr && !stays(p.links[slot]->who())) p.remove(slot);
  }
  for (const Friend& f : table.all) {
    const auto known = p.by_id.find(f.id);
    if (known == p.by_id.end()) {
      // Two rows with one key would be two links with one friend: the first holds.
      if (!p.by_key.contains(f.static_key)) p.insert(f);
    } else if (Link& link = *p.links[known->second]; !(link.who() == f)) {
      p.desk.events->on_friend({known->second}, f);
      link.update(f);
    }
  }
  p.tell_places();
}

// Also after a table that changed none: what was told before may have been lost on the way.
void Links::Parts::tell_places() const {
  LinkPlaces places;
  for (const auto& [id, slot] : by_id) places.all.push_back({id, slot});
  desk.effects->tell(std::move(places));
}

// ---- a step ------------------------------------------------------------------------------------

void Links::begin(Instant now, Effects& effects) {
  parts_->desk.now = now;
  parts_->desk.effects = &effects;
}

void Links::Parts::pump_dials() {
  while (desk.keystore_up && !desk.dial_queue.empty() && dials.take(desk.now)) {
    const std::uint32_t slot = desk.dial_queue.front();
    desk.dial_queue.pop_front();
    if (Link* link = at(slot)) link->dial();
  }
}

void Links::Parts::settle(std::uint32_t slot) {
  Link* link = at(slot);
  if (link == nullptr) return;
  link->touched = false;
  link->flush();
  // A deadline in the past is a turn of the loop at most: never the same instant again.
  const Instant at_least = desk.now + Duration::millis(1);
  deadlines.set(slot, std::max(link->deadline(), at_least));
}

void Links::Parts::tend() {
  // Step R4. Links take turns at being the first: spares of all are bounded together.
  desk.tend = false;
  const std::size_t count = links.size() - kFirstSlot;
  for (std::size_t i = 0; i < count; ++i) {
    Link* link = links[kFirstSlot + (i + tend_first) % count].get();
    if (link == nullptr || !link->tended()) continue;
    desk.tend = true;
    link->tend();
  }
  if (count != 0) tend_first = (tend_first + 1) % count;
  tend_at = Instant::never();
}

void Links::end() {
  Parts& p = *parts_;
  CHECK(p.open.link == nullptr);
  p.pump_dials();
  for (std::size_t i = 0; i < p.desk.touched.size(); ++i) p.settle(p.desk.touched[i]);
  p.desk.touched.clear();
  if (p.desk.tend && p.tend_at.is_never()) {
    const std::int64_t turn = Parts::kTendEvery.nanoseconds;
    p.tend_at = {(p.desk.now.nanoseconds / turn + 1) * turn};
  }
  p.desk.effects = nullptr;
}

void Links::timer() {
  Parts& p = *parts_;
  while (p.deadlines.next() <= p.desk.now) {
    const std::uint32_t slot = p.deadlines.first();
    p.deadlines.set(slot, Instant::never());
    p.links[slot]->timer();
  }
  if (p.tend_at <= p.desk.now) p.tend();
}

Instant Links::next_deadline() const {
  const Parts& p = *parts_;
  const bool dialling = p.desk.keystore_up && !p.desk.dial_queue.empty();
  const Instant soonest = std::min(p.deadlines.next(), p.tend_at);
  return dialling ? std::min(soonest, p.dials.ready_at()) : soonest;
}

void Links::datagrams(std::span<const DatagramIn> all) {
  for (const DatagramIn& d : all) parts_->read(d);
}

void Links::completions(std::span<const Completion> all) {
  Parts& p = *parts_;
  for (const Completion& c : all) {
    const PostingTag tag = decode(c.tag);
    const bool known = static_cast<std::uint32_t>(tag.as) < kFlowClasses;
    if (tag.life != p.desk.shaper_life || !known) continue;
    if (tag.slot == 0) p.strangers.complete(tag.ordinal, c.at);
    if (Link* link = p.at(tag.slot)) link->completed(tag, c);
  }
}

void Links::shaper_up() {}

void Links::shaper_down() {
  Parts& p = *parts_;
  p.desk.shaper_life = (p.desk.shaper_life + 1) & kLifeMask;
  p.strangers.forget();
  for (const auto& link : p.links) {
    if (link != nullptr) link->shaper_lost();
  }
}

// ---- the keystore ------------------------------------------------------------------------------

void Links::keystore_up() {
  Parts& p = *parts_;
  p.desk.keystore_up = true;
  // A new connection without a report that the old one ended: its answers will not come either.
  keystore_down();
  p.desk.keystore_up = true;
}

void Links::keystore_down() {
  Parts& p = *parts_;
  p.desk.keystore_up = false;
  p.desk.asked.clear();
  p.doorman.forget_all();
  for (const auto& link : p.links) {
    if (link != nullptr) link->keystore_lost();
  }
}

bool Links::keystore_reply(KeystoreReply& reply) {
  Parts& p = *parts_;
  if (const auto caller = p.doorman.answered(reply.request)) {
    p.answer_caller(reply, *caller);
    return true;
  }
  const auto asked = p.desk.asked.find(reply.request);
  if (asked == p.desk.asked.end()) return false;
  Link* link = p.at(asked->second);
  p.desk.asked.erase(asked);
  if (link != nullptr) link->keystore_answered(reply);
  return true;
}

RequestId Links::next_request() {
  return {++parts_->desk.last_request};
}

}  // namespace covfefe::core
