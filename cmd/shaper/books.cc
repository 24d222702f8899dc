// SPDX-License-Identifier: Apache-2.0
#include "books.h"

#include <algorithm>
#include <utility>

namespace covfefe::shaper {
namespace {

// What came with a lease's rate within this time still keeps its deadlines; at least four large
// cells, so that a packet in pieces does.
constexpr std::uint64_t kBurstsPerSecond = 50;
constexpr std::uint32_t kBurstLeast = 4 * shape::kLargeCellWire;
constexpr std::uint32_t kBurstMost = 64 << 10;
constexpr Duration kRealtimeTarget = Duration::millis(100);

constexpr std::string_view kOwnKeys[] = {"capacity.up",   "capacity.learn", "link.overhead",
                                         "promises.lend", "idle_lane",      "shaping"};

bool is_own(std::string_view key) {
  return std::any_of(std::begin(kOwnKeys), std::end(kOwnKeys), [key](std::string_view own) {
    return key == own || (key.starts_with(own) && key[own.size()] == '.');
  });
}

shape::Amount amount_of(const config::Amount& from) {
  return {from.rate.bytes_per_second, from.per_mille};
}

IdleLane idle_of(config::IdleLane from) {
  switch (from) {
    case config::IdleLane::AlwaysOn:
      return IdleLane::AlwaysOn;
    case config::IdleLane::Metered:
      return IdleLane::Metered;
    case config::IdleLane::Off:
      return IdleLane::Off;
  }
  return IdleLane::Off;
}

shape::FriendPolicy friend_policy(const config::FriendShaping& from) {
  shape::FriendPolicy out{amount_of(from.reserve), amount_of(from.cap), from.weight, {}, {}};
  if (from.quota) out.quota = amount_of(*from.quota);
  if (from.idle) out.idle = idle_of(*from.idle);
  return out;
}

bool same(const shape::Share& a, const shape::Share& b) {
  return a.reserve == b.reserve && a.cap == b.cap && a.weight == b.weight;
}
bool same(const Uplink& a, const Uplink& b) {
  return a.capacity.ceiling == b.capacity.ceiling && a.capacity.learn == b.capacity.learn &&
         a.overhead == b.overhead;
}
bool same(const LevelSetting& a, const LevelSetting& b) {
  return same(a.share, b.share) && a.scale == b.scale;
}
bool same(const LinkSetting& a, const LinkSetting& b) {
  return a.plan.level == b.plan.level && same(a.plan.share, b.plan.share) &&
         a.plan.relayed_weight == b.plan.relayed_weight &&
         a.plan.idle_period == b.plan.idle_period && a.lease.rate == b.lease.rate &&
         a.lease.burst == b.lease.burst && a.lease.target == b.lease.target;
}

shape::LinkLease lease_of(std::uint64_t rate) {
  if (rate == 0) return {};
  const std::uint64_t burst =
      std::clamp<std::uint64_t>(rate / kBurstsPerSecond, kBurstLeast, kBurstMost);
  return {rate, static_cast<std::uint32_t>(burst), kRealtimeTarget};
}

// What is believed of an uplink whose configured ceiling changes: what was learned below it stays.
std::uint64_t under(std::uint64_t believed, const shape::CapacitySettings& before,
                    const shape::CapacitySettings& after) {
  if (!after.learn || believed == before.ceiling) return after.ceiling;
  return after.ceiling == 0 ? believed : std::min(believed, after.ceiling);
}

}  // namespace

Uplink uplink_of(const config::Config& config) {
  const bool learn =
      config.capacity.learn && (config.capacity.automatic || !config.capacity.up.unlimited());
  return {{config.capacity.up.bytes_per_second, learn}, config.link_overhead};
}

shape::Policy policy_of(const config::Config& config) {
  shape::Policy out;
  out.control = amount_of(config.shaping.control);
  out.donate = amount_of(config.shaping.donate);
  for (std::size_t i = 0; i < out.levels.size(); ++i) {
    const config::LevelShaping& from = config.shaping.levels[i];
    out.levels[i] = {amount_of(from.reserve), amount_of(from.cap), from.weight,
                     amount_of(from.quota)};
  }
  for (const config::FriendShaping& one : config.shaping.friends) {
    out.friends.emplace(one.petname, friend_policy(one));
  }
  out.idle = idle_of(config.idle_lane);
  out.lend = config.promises.lend;
  out.overhead = config.link_overhead;
  return out;
}

Books::Books(config::Config config, std::uint32_t first_lease, DataMailbox& to_data)
    : config_(std::move(config)), to_data_(to_data), ledger_(first_lease) {
  told_.uplink = uplink_of(config_);
  capacity_ = {told_.uplink.capacity.ceiling, told_.uplink.capacity.ceiling};
  replan({});
}

// ---- the router ---------------------------------------------------------------------------------

void Books::place(std::vector<PlacedLink> links, Instant now) {
  links_ = std::move(links);
  replan(now);
}

shape::Ledger::Answer Books::count(shape::Ledger::Answer answer) {
  if (std::holds_alternative<LeaseDenied>(answer)) {
    ++refused_;
  } else {
    dirty_ = true;
  }
  return answer;
}

shape::Ledger::Answer Books::take(const LeaseTerms& terms, Instant now) {
  auto answer = count(ledger_.take(terms, now));
  if (std::holds_alternative<LeaseGrant>(answer)) ++granted_;
  return answer;
}

shape::Ledger::Answer Books::extend(FriendId principal, std::uint32_t id, Duration by,
                                    Instant now) {
  return count(ledger_.extend(principal, id, by, now));
}

shape::Ledger::Answer Books::release(FriendId principal, std::uint32_t id, Instant now) {
  return count(ledger_.release(principal, id, now));
}

std::vector<std::uint32_t> Books::restore(std::span<const Lease> leases, Instant now) {
  std::vector<std::uint32_t> kept;
  for (const Lease& lease : leases) {
    if (ledger_.restore(lease, now)) kept.push_back(lease.grant.lease);
  }
  dirty_ = true;
  return kept;
}

void Books::recall(std::uint64_t low_water) {
  recall_ = low_water;
  dirty_ = true;
}

// ---- the operator -------------------------------------------------------------------------------

Expected<std::vector<std::string>, std::string> Books::apply(std::string_view text, Instant now) {
  if (text.size() > config::kMaxText) return std::string("the text is too long");
  auto wanted = config::parse_config(text, config::kPath);
  if (!wanted) return wanted.error().text();
  if (to_data_.depth() == to_data_.capacity()) {
    return std::string("the shaper's data thread does not answer");
  }
  const Uplink before = uplink_of(config_);
  config::Applied applied = config::apply_live(config_, *wanted);
  config_ = std::move(applied.now);
  const Uplink after = uplink_of(config_);
  capacity_.capacity = under(capacity_.capacity, before.capacity, after.capacity);
  capacity_.low_water = under(capacity_.low_water, before.capacity, after.capacity);
  replan(now);
  (void)flush(now);  // there is room
  std::erase_if(applied.changed,
                [](const std::string& key) { return !is_own(key) || config::needs_restart(key); });
  return std::move(applied.changed);
}

// ---- what follows -------------------------------------------------------------------------------

shape::Uplink Books::uplink(Instant now) const {
  return {capacity_.capacity, capacity_.low_water, ledger_.in_force(now)};
}

void Books::note(const shape::Ledger::Revoked& ids, LeaseRefusal why) {
  for (const std::uint32_t id : ids) gone_.push_back({id, why});
  revoked_ += ids.size();
}

void Books::replan(Instant now) {
  plan_ = shape::make_plan(policy_of(config_), links_, uplink(now));
  note(ledger_.set_principals(plan_.principals, now), LeaseRefusal::NoLink);
  note(ledger_.set_room(plan_.room, now), LeaseRefusal::Capacity);
  dirty_ = true;
}

void Books::heard(const CapacityNews& news, Instant now) {
  capacity_ = news;
  replan(now);
}

void Books::expire(Instant now) {
  ledger_.expire(now);
  dirty_ = true;
}

std::vector<Revocation> Books::take_revoked() {
  return std::exchange(gone_, {});
}

// ---- what the data thread is told ---------------------------------------------------------------

std::map<FriendId, shape::LeaseSums> Books::leased(Instant now) const {
  std::map<FriendId, shape::LeaseSums> out;
  ledger_.each([&](const Lease& lease) {
    if (lease.grant.from > now || lease.grant.until <= now) return;
    for (const FriendId link : lease.terms.over) {
      shape::LeaseSums& sum = out[link];
      (lease.terms.lease_class == LeaseClass::Realtime ? sum.realtime : sum.bulk) +=
          lease.grant.rate;
    }
  });
  return out;
}

void Books::add_links(Changes& out, Instant now) const {
  const auto sums = leased(now);
  std::map<std::uint32_t, FriendId> owners;
  for (const PlacedLink& link : links_) {
    owners[link.slot] = link.id;
    const auto sum = sums.find(link.id);
    const shape::LeaseSums over = sum == sums.end() ? shape::LeaseSums{} : sum->second;
    const LinkSetting setting{link.slot, shape::with_lease(plan_.links.at(link.id).plan, over.bulk),
                              lease_of(over.realtime)};
    const auto told = told_.links.find(link.slot);
    const bool known = told != told_.links.end() && told->second.owner == link.id;
    if (!known || !same(told->second.setting, setting)) out.links.push_back(setting);
  }
  for (const auto& [slot, told] : told_.links) {
    const auto owner = owners.find(slot);
    if (owner == owners.end() || owner->second != told.owner) out.gone.push_back(slot);
  }
}

Changes Books::difference(Instant now) const {
  Changes out;
  if (const Uplink wanted = uplink_of(config_); !same(wanted, told_.uplink)) out.uplink = wanted;
  if (plan_.control != told_.control) out.control = plan_.control;
  for (std::size_t i = 0; i < shape::kLevels; ++i) {
    const LevelSetting setting{plan_.levels[i], plan_.scales[i]};
    if (!same(setting, told_.levels[i])) out.levels[i] = setting;
  }
  add_links(out, now);
  const std::uint64_t promised = ledger_.in_force(now) + plan_.floors + plan_.control;
  if (promised != told_.promised) out.promised = promised;
  out.recalled = recall_;
  return out;
}

void Books::remember(const Changes& told) {
  if (told.uplink) told_.uplink = *told.uplink;
  if (told.control) told_.control = *told.control;
  for (std::size_t i = 0; i < shape::kLevels; ++i) {
    if (told.levels[i]) told_.levels[i] = *told.levels[i];
  }
  for (const std::uint32_t slot : told.gone) told_.links.erase(slot);
  for (const LinkSetting& link : told.links) told_.links[link.slot].setting = link;
  for (const PlacedLink& link : links_) told_.links[link.slot].owner = link.id;
  if (told.promised) told_.promised = *told.promised;
  recall_.reset();
}

bool Books::flush(Instant now) {
  if (!dirty_) return true;
  if (to_data_.depth() == to_data_.capacity()) return false;
  // What is leased decides how far reserves are scaled.
  plan_ = shape::make_plan(policy_of(config_), links_, uplink(now));
  dirty_ = false;
  Changes changes = difference(now);
  if (changes.empty()) return true;
  remember(changes);
  to_data_.push(std::make_unique<const Changes>(std::move(changes)));
  return true;
}

}  // namespace covfefe::shaper
