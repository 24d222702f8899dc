// SPDX-License-Identifier: Apache-2.0
// What the operator sees: figures of the data thread beside what the books say they should be.
#include <algorithm>
#include <map>

#include "os/clock.h"
#include "rpc/leases.h"
#include "service_desk.h"

namespace covfefe::shaper {
namespace {

constexpr std::size_t kLeasesShown = 512;
constexpr std::uint64_t kSecond = 1'000'000'000;

struct ClassName {
  shape::Account account;
  const char* name;
};
constexpr ClassName kClasses[] = {
    {shape::Account::Control, "control"}, {shape::Account::Leases, "leases"},
    {shape::Account::Idle, "idle"},       {shape::Account::Met, "met"},
    {shape::Account::Known, "known"},     {shape::Account::Introduced, "introduced"},
    {shape::Account::None, "none"},       {shape::Account::Relayed, "relayed"}};

std::uint64_t finite(std::uint64_t rate) {
  return rate >= shape::kBoundless ? 0 : rate;
}

const char* level_name(TrustLevel trust) {
  return config::kLevelNames[static_cast<std::size_t>(trust)].data();
}

void write_capacity(const Books& books, const Figures& figures, schema::CapacityView::Builder to) {
  const shape::CapacityEstimate& from = figures.estimate;
  const Uplink uplink = uplink_of(books.config());
  to.setConfigured(uplink.capacity.ceiling);
  to.setLearned(uplink.capacity.learn);
  to.setRate(from.rate);
  to.setLowWater(from.low_water);
  to.setState(shape::name_of(from.state));
  to.setWhy(from.why);
  to.setSinceMs(static_cast<std::uint64_t>((figures.at - from.since).nanoseconds / 1'000'000));
  to.setQueueMicros(static_cast<std::uint32_t>(from.queue.nanoseconds / 1'000));
  to.setCuts(from.cuts);
  to.setProbes(from.probes);
}

std::uint64_t reserves_of(const shape::Plan& plan) {
  std::uint64_t out = 0;
  for (const shape::Share& level : plan.levels) out += level.reserve;
  for (const auto& [id, link] : plan.links) out += link.plan.share.reserve;
  return out;
}

void write_ledger(const Books& books, Instant now, schema::LedgerView::Builder to) {
  const shape::Plan& plan = books.plan();
  const shape::Ledger& ledger = books.ledger();
  to.setMost(finite(plan.promised_most));
  to.setControl(plan.control);
  to.setFloors(plan.floors);
  to.setReserves(reserves_of(plan));
  to.setLeased(ledger.in_force(now));
  const std::size_t shown = std::min(ledger.size(), kLeasesShown);
  auto list = to.initLeases(static_cast<capnp::uint>(shown));
  capnp::uint next = 0;
  ledger.each([&](const Lease& lease) {
    if (next < shown) rpc::write_lease(lease, list[next++]);
  });
  to.setLeft(static_cast<std::uint32_t>(ledger.size() - shown));
  to.setRefused(books.refused());
  to.setRevoked(books.revoked());
}

void write_classes(const Books& books, const Figures& figures,
                   capnp::List<schema::ClassView>::Builder to) {
  const shape::Plan& plan = books.plan();
  capnp::uint next = 0;
  for (const ClassName& one : kClasses) {
    auto out = to[next++];
    const auto index = static_cast<std::size_t>(one.account);
    const shape::Counters& counters = figures.accounts[index];
    out.setName(one.name);
    out.setScale(1'000);
    if (index < shape::kLevels) {
      out.setWeight(plan.levels[index].weight);
      out.setReserve(plan.levels[index].reserve);
      out.setCap(plan.levels[index].cap);
      out.setScale(plan.scales[index]);
    }
    out.setSentBytes(counters.sent_bytes);
    out.setSentDatagrams(counters.sent);
    out.setQueuedBytes(counters.queued_bytes);
    out.setDropped(counters.dropped);
  }
}

struct Pair {  // of one link, now and a little before
  const LinkFigures* now = nullptr;
  const LinkFigures* before = nullptr;
};

std::map<std::uint32_t, Pair> by_slot(const Figures& now, const Figures& before) {
  std::map<std::uint32_t, Pair> out;
  for (const LinkFigures& link : now.links) out[link.slot].now = &link;
  for (const LinkFigures& link : before.links) out[link.slot].before = &link;
  return out;
}

std::uint64_t rate_of(const Pair& pair, Duration between) {
  if (pair.before == nullptr || between.nanoseconds <= 0) return 0;
  const std::uint64_t now = pair.now->all.sent_bytes;
  const std::uint64_t before = pair.before->all.sent_bytes;
  // A slot that went to another friend meanwhile began anew.
  if (now < before) return 0;
  return static_cast<std::uint64_t>(static_cast<double>(now - before) *
                                    static_cast<double>(kSecond) /
                                    static_cast<double>(between.nanoseconds));
}

void write_figures(const Pair& pair, Duration between, schema::FriendView::Builder to) {
  if (pair.now == nullptr) return;
  const LinkFigures& from = *pair.now;
  to.setSentBytes(from.all.sent_bytes);
  to.setSentDatagrams(from.all.sent);
  to.setQueuedBytes(from.all.queued_bytes);
  to.setQueuedDatagrams(from.all.queued);
  to.setDropped(from.all.dropped);
  to.setRate(rate_of(pair, between));
  to.setSpares(from.spares);
  auto classes = to.initClasses(kFlowClasses);
  for (std::uint32_t i = 0; i < kFlowClasses; ++i) classes.set(i, from.sent[i]);
}

void write_plan(const shape::Plan::Link& from, schema::FriendView::Builder to) {
  to.setWeight(from.plan.share.weight);
  to.setReserve(from.plan.share.reserve);
  to.setCap(from.plan.share.cap);
  to.setIdle(rpc::to_schema(from.idle));
  to.setIdlePeriodMs(static_cast<std::uint32_t>(from.plan.idle_period.nanoseconds / 1'000'000));
}

void write_friends(const Desk& desk, const Books& books,
                   capnp::List<schema::FriendView>::Builder to) {
  const auto figures = by_slot(desk.newest(), desk.earlier());
  const Duration between = desk.newest().at - desk.earlier().at;
  const Instant now = os::monotonic_now();
  const shape::Entitlements entitlements(books.plan(), books.uplink(now));
  const auto leased = books.leased(now);
  capnp::uint next = 0;
  for (const PlacedLink& link : books.links()) {
    auto out = to[next++];
    out.setFriendId(link.id.value);
    out.setPetname(link.petname);
    out.setLevel(level_name(link.trust));
    write_plan(books.plan().links.at(link.id), out);
    const auto found = leased.find(link.id);
    const shape::LeaseSums sums = found == leased.end() ? shape::LeaseSums{} : found->second;
    out.setLeased(sums.realtime + sums.bulk);
    out.setEntitled(entitlements.of(link.id, sums));
    if (const auto known = figures.find(link.slot); known != figures.end()) {
      write_figures(known->second, between, out);
    }
  }
}

}  // namespace

void write_status(const Live& live, schema::ShaperStatus::Builder to) {
  const auto read = [](const LiveNumber& number) { return number.load(std::memory_order_relaxed); };
  to.setRateBps(read(live.rate) * 8);
  to.setSentDatagrams(read(live.sent_datagrams));
  to.setSentBytes(read(live.sent_bytes));
  to.setQueuedDatagrams(static_cast<std::uint32_t>(read(live.queued_datagrams)));
  to.setQueuedBytes(read(live.queued_bytes));
  to.setFlows(static_cast<std::uint32_t>(read(live.busy_flows)));
  to.setSendErrors(read(live.send_errors));
  to.setDropped(read(live.dropped));
  to.setAttached(read(live.attached) != 0);
}

void write_view(Desk& desk, schema::ShaperView::Builder to) {
  const Books& books = desk.books();
  const Figures& figures = desk.newest();
  write_status(desk.live(), to.initStatus());
  write_capacity(books, figures, to.initCapacity());
  write_ledger(books, os::monotonic_now(), to.initLedger());
  write_classes(books, figures, to.initClasses(std::size(kClasses)));
  write_friends(desk, books, to.initFriends(static_cast<capnp::uint>(books.links().size())));
  to.setAtNs(figures.at.nanoseconds);
}

}  // namespace covfefe::shaper
