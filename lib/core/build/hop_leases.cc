// SPDX-License-Identifier: Apache-2.0
#include "core/build/hop_leases.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/check.h"

namespace covfefe::core {

namespace {

// Coarse, as everything that a reply says (A28).
std::uint32_t on_ladder(std::uint32_t rate) {
  return rate < kLeaseRateLeast ? 0 : std::bit_floor(std::min(rate, kLeaseRateMost));
}

}  // namespace

void HopLeases::send(Waiting& one) {
  const wire::BuildRecord& asked = one.build.record;
  const LinkSlot from = one.build.from.link;
  const bool realtime = asked.circuit_class == wire::CircuitClass::Realtime;
  LeaseTerms terms;
  terms.principal = roster_.at(from).id;
  if (one.build.to) terms.over.push_back(roster_.at(*one.build.to).id);
  terms.over.push_back(roster_.at(from).id);
  terms.lease_class = realtime ? LeaseClass::Realtime : LeaseClass::Bulk;
  terms.rate = one.rate;
  terms.lasts = Duration::seconds(asked.duration);
  one.request = desk_.take(terms);
}

void HopLeases::ask(Build build) {
  CHECK(!full());
  const std::uint32_t rate = std::min(build.record.rate, kLeaseRateMost);
  Waiting& one = waiting_.emplace_back(
      Waiting{{}, std::move(build), rate, false, shared_.now + LeaseDesk::kPatience});
  send(one);
}

HopLeases::Settled HopLeases::without(Build build, std::uint32_t best) {
  const bool refused = !build.record.accept_less || build.record.least_rate > 0;
  return {std::move(build), {}, best, refused};
}

std::optional<HopLeases::Settled> HopLeases::reply(const ShaperReply& reply) {
  const auto found = std::find_if(waiting_.begin(), waiting_.end(), [&reply](const Waiting& one) {
    return one.request == reply.request;
  });
  if (found == waiting_.end()) return std::nullopt;
  const auto* grant = std::get_if<LeaseGrant>(&reply.answer);
  if (grant != nullptr && grant->lease != 0) {
    Settled out{std::move(found->build), {grant->lease, found->rate, grant->until}, 0, false};
    waiting_.erase(found);
    return out;
  }
  const auto* denied = std::get_if<LeaseDenied>(&reply.answer);
  const std::uint32_t best = denied == nullptr ? 0 : on_ladder(denied->best_rate);
  const wire::BuildRecord& asked = found->build.record;
  if (asked.accept_less && best > 0 && best >= asked.least_rate && !found->again) {
    found->again = true;
    found->rate = std::min(best, found->rate);
    send(*found);
    return std::nullopt;
  }
  Settled out = without(std::move(found->build), best);
  waiting_.erase(found);
  return out;
}

std::optional<HopLeases::Settled> HopLeases::expired() {
  if (next_deadline() > shared_.now) return std::nullopt;
  Waiting one = std::move(waiting_.front());
  waiting_.erase(waiting_.begin());
  desk_.forget(one.request);
  return without(std::move(one.build), 0);
}

void HopLeases::forget(LinkSlot link) {
  std::erase_if(waiting_, [this, link](const Waiting& one) {
    if (one.build.from.link != link && one.build.to != link) return false;
    desk_.forget(one.request);
    return true;
  });
}

Instant HopLeases::next_deadline() const {
  return waiting_.empty() ? Instant::never() : waiting_.front().give_up;  // all wait equally long
}

}  // namespace covfefe::core
