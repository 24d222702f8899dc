// SPDX-License-Identifier: Apache-2.0
#include "core/discovery/offers.h"

#include <algorithm>

#include "core/discovery/discovery.h"

namespace covfefe::core {
namespace {

constexpr Duration kKeysEvery = Duration::seconds(60);
constexpr Duration kKeysPatience = Duration::seconds(10);
constexpr Duration kSendAgain = Duration::millis(50);  // the channel's window was full

bool same(const wire::Offer& a, const wire::Offer& b) {
  return a.shown == b.shown && a.rate == b.rate && std::ranges::equal(a.keys, b.keys);
}

}  // namespace

void Offers::due(Introducer& n) {
  n.offer_at = commons_.now;
  commons_.wake_at(n.offer_at);
}

bool Offers::received(Introducer& n, const wire::Offer& offer) {
  commons_.tally.add(Seen::OffersReceived);
  if (n.offer && same(*n.offer, offer)) return false;
  n.offer = offer;
  return true;
}

wire::Offer Offers::ours(const Introducer& n) const {
  wire::Offer out{static_cast<wire::Shown>(n.who.visibility), 0, keys_};
  const bool relays = commons_.config.policy.relaying == Relaying::Serve;
  if (!relays && out.shown == wire::Shown::RelayOnly) out.shown = wire::Shown::Hidden;
  return out;
}

void Offers::keystore_up() {
  asked_ = {};
  ask_at_ = commons_.now;
  commons_.wake_at(ask_at_);
}

void Offers::ask() {
  // A question may be lost on its way; an answer sets the next time anew.
  ask_at_ = commons_.now + kKeysPatience;
  asked_ = commons_.sink.next_request();
  commons_.effects->ask({asked_, OnionKeysQuery{}});
}

bool Offers::reply(const KeystoreReply& reply) {
  if (asked_.value == 0 || reply.request != asked_) return false;
  asked_ = {};
  ask_at_ = commons_.now + kKeysEvery;
  commons_.wake_at(ask_at_);
  if (const auto* keys = std::get_if<OnionKeys>(&reply.answer)) {
    took(*keys);
  } else {
    commons_.tally.add(Seen::KeysRefused);
  }
  return true;
}

void Offers::took(const OnionKeys& keys) {
  InlineVec<wire::OfferedKey, 2> fresh;
  for (const OnionKey& key : keys.keys) {
    if (!all_zero(key.key) && key.not_after > 0) fresh.push_back({key.key, key.not_after});
  }
  if (std::ranges::equal(fresh, keys_)) return;
  keys_ = fresh;
  for (const auto& n : commons_.friends) {
    if (n) due(*n);
  }
}

void Offers::timer() {
  if (ask_at_ <= commons_.now) ask();
  commons_.wake_at(ask_at_);
  for (const auto& n : commons_.friends) {
    if (!n || !n->up || n->offer_at > commons_.now) continue;
    if (commons_.sink.send_control(n->link, {ours(*n)}, commons_.now)) {
      commons_.tally.add(Seen::OffersSent);
      n->offer_at = Instant::never();
    } else {
      n->offer_at = commons_.now + kSendAgain;
      commons_.wake_at(n->offer_at);
    }
  }
}

}  // namespace covfefe::core
