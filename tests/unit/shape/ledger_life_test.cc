// SPDX-License-Identifier: Apache-2.0
// The ledger through 10^6 steps in random order, against a list that is looked through from end to
// end.
#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <random>

#include "shape/ledger.h"
#include "tests/support/sanitized.h"

namespace covfefe {
namespace {

using shape::kBoundless;
using shape::Ledger;

constexpr FriendId kOwn{0};
constexpr FriendId kBob{1};
constexpr FriendId kCarol{2};

Instant at(std::int64_t seconds) {
  return Instant{} + Duration::seconds(1'000 + seconds);
}

const LeaseGrant* granted(const Ledger::Answer& answer) {
  return std::get_if<LeaseGrant>(&answer);
}
LeaseDenied denied(const Ledger::Answer& answer) {
  const auto* out = std::get_if<LeaseDenied>(&answer);
  return out != nullptr ? *out : LeaseDenied{LeaseRefusal{}, 0, {}};
}

struct Life {
  std::mt19937_64 random{20'261'122};
  std::uint64_t room = 1'000'000;
  Instant now = at(0);
  Ledger ledger{77};
  std::vector<Lease> model;  // what was granted and neither ended, released nor revoked
  const char* broken = nullptr;
  std::uint64_t grants = 0;
  std::uint64_t revocations = 0;

  Life() {
    (void)ledger.set_room(room, now);
    (void)ledger.set_principals(
        {{kBob, {TrustLevel::Met, 500'000}}, {kCarol, {TrustLevel::Known, 250'000}}}, now);
  }
  std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
  }
  void expect(bool held, const char* what) {
    if (!held && broken == nullptr) broken = what;
  }
  std::uint64_t sum(Instant when, std::optional<FriendId> who) const {
    std::uint64_t out = 0;
    for (const Lease& one : model) {
      if (who && one.terms.principal != *who) continue;
      if (one.grant.from <= when && when < one.grant.until) {
        out += std::uint64_t{one.grant.rate} * one.terms.over.size();
      }
    }
    return out;
  }
  // Sums only rise where something begins.
  std::uint64_t highest(std::optional<FriendId> who, Instant from, Instant until) const {
    std::uint64_t out = sum(from, who);
    for (const Lease& one : model) {
      if (one.grant.from > from && one.grant.from < until) {
        out = std::max(out, sum(one.grant.from, who));
      }
    }
    return out;
  }
  bool fits(const Lease& lease) const {
    const std::uint64_t need = std::uint64_t{lease.grant.rate} * lease.terms.over.size();
    const FriendId who = lease.terms.principal;
    const std::uint64_t quota = who == kOwn ? kBoundless : who == kBob ? 500'000 : 250'000;
    const Instant from = std::max(lease.grant.from, now);
    return highest({}, from, lease.grant.until) + need <= room &&
           highest(who, from, lease.grant.until) + need <= quota;
  }
  void forget(const Ledger::Revoked& ids) {
    revocations += ids.size();
    for (const std::uint32_t id : ids) {
      const auto gone = std::erase_if(model, [id](const Lease& l) { return l.grant.lease == id; });
      expect(gone == 1, "only what was granted is revoked, once");
    }
  }

  void take() {
    LeaseTerms t;
    t.principal.value = static_cast<std::uint32_t>(below(3));
    t.over.push_back(FriendId{static_cast<std::uint32_t>(1 + below(2))});
    t.rate = static_cast<std::uint32_t>(256 + below(200'000));
    t.lasts = Duration::seconds(1 + below(50));
    if (below(3) == 0) t.over.push_back(t.over[0] == kBob ? kCarol : kBob);
    if (below(4) == 0) t.starts_in = Duration::seconds(below(100));
    if (below(2) == 0) t.least = static_cast<std::uint32_t>(1 + below(t.rate));
    const auto answer = ledger.take(t, now);
    if (const LeaseGrant* grant = granted(answer)) {
      const Lease lease{t, *grant};
      expect(fits(lease), "nothing is granted that does not fit");
      expect(grant->rate == t.rate || (t.least != 0 && grant->rate >= t.least),
             "no less than asked");
      model.push_back(lease);
      ++grants;
      return;
    }
    const Lease whole{t, {1, t.rate, now + t.starts_in, now + t.starts_in + t.lasts}};
    expect(!fits(whole), "what fits is granted");
    const std::uint32_t best = denied(answer).best_rate;
    if (best == 0) return;
    Lease offer = whole;
    offer.grant.rate = best;
    expect(best < t.rate && fits(offer), "the best offer would have been granted");
  }
  void change() {
    if (model.empty()) return;
    Lease& one = model[random() % model.size()];
    const FriendId who = one.terms.principal;
    if (below(2) == 0) {
      expect(granted(ledger.release(who, one.grant.lease, now)) != nullptr, "released");
      std::swap(one, model.back());
      model.pop_back();
      return;
    }
    const Duration by = Duration::seconds(1 + below(30));
    Lease longer = one;
    longer.grant.from = one.grant.until;
    longer.grant.until = one.grant.until + by;
    const auto answer = ledger.extend(who, one.grant.lease, by, now);
    if (granted(answer) != nullptr) {
      expect(fits(longer), "no extension that does not fit");
      one.grant.until = longer.grant.until;
    } else {
      expect(!fits(longer), "an extension that fits is granted");
    }
  }
  void resize() {
    room = static_cast<std::uint64_t>(below(2'000'000));
    forget(ledger.set_room(room, now));
  }
  void step() {
    const std::int64_t dice = below(100);
    if (dice < 55) {
      take();
    } else if (dice < 80) {
      change();
    } else if (dice < 82) {
      resize();
    } else {
      now = now + Duration::millis(below(1'000));
      ledger.expire(now);
    }
    std::erase_if(model, [this](const Lease& one) { return one.grant.until <= now; });
    expect(ledger.size() == model.size(), "as many leases as were granted and not ended");
    expect(ledger.in_force(now) == sum(now, {}), "as much in force as was granted");
    expect(highest({}, now, Instant::never()) <= room, "never more than there is room for");
  }
};

TEST_CASE("no order of granting, extending, releasing, ending and shrinking breaks the sums") {
  Life life;
  constexpr int kSteps = tests::kSanitized ? 100'000 : 1'000'000;
  int step = 0;
  for (; step < kSteps && life.broken == nullptr; ++step) life.step();
  INFO("step " << step);
  REQUIRE_MESSAGE(life.broken == nullptr, (life.broken != nullptr ? life.broken : ""));
  CHECK(life.grants > kSteps / 20);
  CHECK(life.revocations > kSteps / 200);
}

}  // namespace
}  // namespace covfefe
