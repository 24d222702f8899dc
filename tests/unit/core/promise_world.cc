// SPDX-License-Identifier: Apache-2.0
#include "promise_world.h"

#include <algorithm>

#include "base/bug.h"

namespace covfefe::test {

namespace {

ByteArray<32> seed_of(std::uint8_t seed) {
  ByteArray<32> key{};
  key[0] = seed;
  return key;
}

FriendId friend_at(std::size_t slot) {
  return {static_cast<std::uint32_t>(slot + 1)};
}

}  // namespace

Address address_of(const PromiseNode& node) {
  return Address{{0xfd, node.number}};
}

core::ReserveQuery some_of(const PromiseNode& whom, std::uint32_t payload_rate) {
  core::ReserveQuery out;
  out.peer = address_of(whom);
  out.payload_rate = payload_rate;
  out.packet = 83;
  out.lasts = Duration::minutes(10);
  return out;
}

PromiseNode::PromiseNode(PromiseWorld& world, std::uint8_t its_number, std::string its_name)
    : name(std::move(its_name)), number(its_number), world_(world), random_(seed_of(its_number)) {
  promises = std::make_unique<core::Promises>(*this, random_);
  promises->attach(*this);
  room(1'000'000);
}

void PromiseNode::step(const std::function<void()>& what) {
  promises->begin(world_.now, *this);
  what();
  promises->end();
  settle();
  world_.carry();
}

void PromiseNode::settle() {
  if (shaper_sleeps) return;
  while (!for_shaper_.empty()) {
    std::vector<core::ShaperRequest> asked;
    std::swap(asked, for_shaper_);
    if (!shaper_answers) return;
    for (const core::ShaperRequest& request : asked) {
      const core::ShaperReply reply = decide(request);
      promises->begin(world_.now, *this);
      if (!promises->shaper_reply(reply)) bug("an answer to nobody's question");
      promises->end();
    }
  }
}

core::ShaperReply PromiseNode::decide(const core::ShaperRequest& request) {
  using core::LeaseExtend;
  using core::LeaseRelease;
  using core::LeaseTake;
  ledger.expire(world_.now);
  if (const auto* take = std::get_if<LeaseTake>(&request.what)) {
    return {request.request, ledger.take(take->terms, world_.now)};
  }
  if (const auto* extend = std::get_if<LeaseExtend>(&request.what)) {
    return {request.request,
            ledger.extend(extend->principal, extend->lease, extend->by, world_.now)};
  }
  const auto& release = std::get<LeaseRelease>(request.what);
  return {request.request, ledger.release(release.principal, release.lease, world_.now)};
}

void PromiseNode::restart() {
  for_shaper_.clear();
  promises = std::make_unique<core::Promises>(*this, random_);
  promises->attach(*this);
  leaving.clear();
  friends();
  core::LeasesKnown known;
  ledger.expire(world_.now);
  ledger.each([&](const Lease& one) { known.all.push_back(one); });
  step([&] { promises->leases_known(known); });
}

void PromiseNode::friends() {
  step([&] {
    for (std::size_t slot = 0; slot < links_.size(); ++slot) {
      core::Friend who;
      who.id = friend_at(slot);
      who.petname = links_[slot].other->name;
      who.address = address_of(*links_[slot].other);
      promises->on_friend({static_cast<std::uint32_t>(slot)}, who);
    }
  });
}

void PromiseNode::principals() {
  std::map<FriendId, shape::Principal> all;
  for (std::size_t slot = 0; slot < links_.size(); ++slot) {
    all[friend_at(slot)] = {TrustLevel::Met, quota_};
  }
  revoke(ledger.set_principals(std::move(all), world_.now));
}

void PromiseNode::quota(std::uint64_t bytes_per_second) {
  quota_ = bytes_per_second;
  principals();
}

void PromiseNode::room(std::uint64_t bytes_per_second) {
  revoke(ledger.set_room(bytes_per_second, world_.now));
}

void PromiseNode::revoke(const shape::Ledger::Revoked& ids) {
  for (const std::uint32_t id : ids) {
    step([&] { promises->lease_revoked({id, LeaseRefusal::Capacity}); });
  }
}

core::PromisesReport PromiseNode::report() {
  core::PromisesReport out;
  step([&] { promises->report(out); });
  return out;
}

std::optional<core::PromiseReport> PromiseNode::shown(core::PromiseKind kind) {
  for (const core::PromiseReport& one : report().all) {
    if (one.kind == kind) return one;
  }
  return std::nullopt;
}

bool PromiseNode::noticed(const std::string& part) const {
  return std::ranges::any_of(
      notices, [&](const auto& one) { return one.what.find(part) != std::string::npos; });
}

std::size_t PromiseNode::outcomes(core::PromiseKind kind, bool kept) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      ended, [&](const auto& one) { return one.kind == kind && one.kept == kept; }));
}

std::size_t PromiseNode::leases() {
  ledger.expire(world_.now);
  return ledger.size();
}

std::uint64_t PromiseNode::leased_over(const PromiseNode& other) {
  for (std::size_t slot = 0; slot < links_.size(); ++slot) {
    if (links_[slot].other != &other) continue;
    const shape::LeaseSums sums = ledger.over(friend_at(slot), world_.now);
    return sums.realtime + sums.bulk;
  }
  return 0;
}

bool PromiseNode::send_control(core::LinkSlot link, const wire::Control& message, Instant) {
  Link& to = links_[link.value];
  if (!to.up || channel_full) return false;
  ByteArray<wire::kControlMostSmall> bytes{};
  const std::size_t length = world_.codec_.encode(message, bytes);
  if (length == 0) bug("a promise that does not fit into one S cell");
  const auto decoded = world_.codec_.decode({bytes.data(), length});
  if (!decoded) bug("a promise that its receiver would refuse");
  world_.said.push_back(*decoded);
  if (world_.passes(*decoded)) world_.mail_.push_back({to.other, to.its, *decoded});
  return true;
}

void PromiseNode::tell(core::Report what) {
  if (auto* answer = std::get_if<core::Answer>(&what)) answers.push_back(std::move(*answer));
  if (auto* notice = std::get_if<core::PromiseNotice>(&what)) notices.push_back(*notice);
  if (auto* outcome = std::get_if<core::PromiseOutcome>(&what)) ended.push_back(*outcome);
}

void PromiseNode::ask(core::ShaperRequest request) {
  ++asked_shaper;
  for_shaper_.push_back(std::move(request));
}

// ---- the world ----------------------------------------------------------------------------------

PromiseNode& PromiseWorld::add(std::string name) {
  const auto number = static_cast<std::uint8_t>(nodes_.size() + 1);
  return *nodes_.emplace_back(std::make_unique<PromiseNode>(*this, number, std::move(name)));
}

void PromiseWorld::befriend(PromiseNode& one, PromiseNode& other) {
  const core::LinkSlot first{static_cast<std::uint32_t>(one.links_.size())};
  const core::LinkSlot second{static_cast<std::uint32_t>(other.links_.size())};
  one.links_.push_back({&other, second});
  other.links_.push_back({&one, first});
  for (PromiseNode* node : {&one, &other}) {
    node->principals();
    node->friends();
  }
  up(one, other, core::Boot::New);
}

PromiseNode::Link* PromiseWorld::link(PromiseNode& from, const PromiseNode& to) {
  for (PromiseNode::Link& one : from.links_) {
    if (one.other == &to) return &one;
  }
  bug("no friends");
}

void PromiseWorld::up(PromiseNode& one, PromiseNode& other, core::Boot boot) {
  link(one, other)->up = true;
  link(other, one)->up = true;
  mailbags_ = Mailbags::Held;  // a link says that it is up before it delivers
  one.step([&] { one.promises->on_link_up(link(other, one)->its, boot, now); });
  other.step([&] { other.promises->on_link_up(link(one, other)->its, boot, now); });
  mailbags_ = Mailbags::Carried;
  carry();
}

void PromiseWorld::down(PromiseNode& one, PromiseNode& other) {
  link(one, other)->up = false;
  link(other, one)->up = false;
  one.step([&] { one.promises->on_link_down(link(other, one)->its, now); });
  other.step([&] { other.promises->on_link_down(link(one, other)->its, now); });
}

void PromiseWorld::send(PromiseNode& from, PromiseNode& to, const wire::Control& message) {
  const core::LinkSlot slot = link(from, to)->its;
  to.step([&] { to.promises->on_control(slot, message, now); });
}

void PromiseWorld::carry() {
  if (mailbags_ == Mailbags::Held) return;
  while (!mail_.empty()) {
    const Mail mail = std::move(mail_.front());
    mail_.pop_front();
    if (mail.to->deaf) continue;
    mail.to->promises->begin(now, *mail.to);
    mail.to->promises->on_control(mail.slot, mail.message, now);
    mail.to->promises->end();
    mail.to->settle();
  }
}

void PromiseWorld::run(Duration time) {
  const Instant until = now + time;
  while (true) {
    PromiseNode* next = nullptr;
    Instant due = until;
    for (const auto& node : nodes_) {
      const Instant its = node->promises->next_deadline();
      if (its >= due) continue;
      due = its;
      next = node.get();
    }
    now = std::max(now, due);
    if (next == nullptr) break;
    next->step([] {});
    if (next->promises->next_deadline() <= now) bug("a deadline that stays due");
  }
  now = until;
  for (const auto& node : nodes_) node->step([] {});
}

}  // namespace covfefe::test
