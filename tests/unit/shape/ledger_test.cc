// SPDX-License-Identifier: Apache-2.0
// The ledger's rules one by one; ledger_life_test.cc lets it live.
#include "shape/ledger.h"

#include <doctest/doctest.h>

#include <limits>

namespace covfefe {
namespace {

using shape::kBoundless;
using shape::Ledger;
using shape::Principal;

constexpr FriendId kOwn{0};
constexpr FriendId kBob{1};
constexpr FriendId kCarol{2};
constexpr FriendId kDave{3};

Instant at(std::int64_t seconds) {
  return Instant{} + Duration::seconds(1'000 + seconds);
}

LeaseTerms terms(FriendId principal, FriendId link, std::uint32_t rate, std::int64_t seconds = 60) {
  LeaseTerms out;
  out.principal = principal;
  out.over.push_back(link);
  out.rate = rate;
  out.lasts = Duration::seconds(seconds);
  return out;
}

Ledger ledger_of(std::uint64_t room) {
  Ledger out(1'000);
  CHECK(out.set_room(room, at(0)).empty());
  CHECK(out.set_principals({{kBob, {TrustLevel::Met, 60'000}},
                            {kCarol, {TrustLevel::Known, 30'000}},
                            {kDave, {TrustLevel::None, 0}}},
                           at(0))
            .empty());
  return out;
}

const LeaseGrant* granted(const Ledger::Answer& answer) {
  return std::get_if<LeaseGrant>(&answer);
}
LeaseDenied denied(const Ledger::Answer& answer) {
  const auto* out = std::get_if<LeaseDenied>(&answer);
  return out != nullptr ? *out : LeaseDenied{LeaseRefusal{}, 0, {}};
}

TEST_CASE("a lease is granted for exactly its time and counts once for each link") {
  Ledger ledger = ledger_of(100'000);
  LeaseTerms both = terms(kBob, kBob, 20'000);
  both.over.push_back(kCarol);
  const auto answer = ledger.take(both, at(0));
  const LeaseGrant* grant = granted(answer);
  REQUIRE(grant != nullptr);
  CHECK(grant->lease != 0);
  CHECK(grant->rate == 20'000);
  CHECK(grant->from == at(0));
  CHECK(grant->until == at(60));
  CHECK(ledger.in_force(at(59)) == 40'000);
  CHECK(ledger.over(kCarol, at(1)).realtime == 20'000);
  CHECK(ledger.over(kDave, at(1)).realtime == 0);
  CHECK(ledger.next_change() == at(60));
  CHECK(ledger.in_force(at(60)) == 0);
  ledger.expire(at(60));
  CHECK(ledger.size() == 0);
}

TEST_CASE("a refusal says why and what would have been granted") {
  Ledger ledger = ledger_of(50'000);
  CHECK(granted(ledger.take(terms(kOwn, kBob, 40'000, 600), at(0))) != nullptr);
  LeaseDenied no = denied(ledger.take(terms(kBob, kBob, 20'000), at(0)));
  CHECK(no.why == LeaseRefusal::NoCapacity);
  CHECK(no.best_rate == 10'000);
  CHECK(no.best_lasts == Duration{});
  // The way is free until the other begins.
  LeaseTerms later = terms(kOwn, kBob, 10'000, 60);
  later.starts_in = Duration::seconds(30);
  CHECK(granted(ledger.take(later, at(0))) != nullptr);
  no = denied(ledger.take(terms(kBob, kBob, 10'000, 100), at(0)));
  CHECK(no.best_lasts == Duration::seconds(30));
  CHECK(granted(ledger.take(terms(kBob, kBob, 10'000, 30), at(0))) != nullptr);
  no = denied(ledger.take(terms(kCarol, kBob, 30'001), at(1'000)));
  CHECK(no.why == LeaseRefusal::Quota);
  CHECK(no.best_rate == 30'000);
  CHECK(denied(ledger.take(terms(kDave, kBob, 1'000), at(1'000))).why == LeaseRefusal::Policy);
}

TEST_CASE("less is granted only where less is taken, as a power of two") {
  Ledger ledger = ledger_of(50'000);
  LeaseTerms want = terms(kBob, kBob, 65'536);
  want.least = 65'536;
  CHECK(granted(ledger.take(want, at(0))) == nullptr);
  want.least = 16'384;
  const auto answer = ledger.take(want, at(0));
  REQUIRE(granted(answer) != nullptr);
  CHECK(granted(answer)->rate == 32'768);
}

TEST_CASE("nonsense is refused: rates, times, links, classes") {
  Ledger ledger = ledger_of(kBoundless);
  const auto why = [&](const LeaseTerms& t) { return denied(ledger.take(t, at(0))).why; };
  CHECK(why(terms(kBob, kBob, 0)) == LeaseRefusal::BadRequest);
  CHECK(why(terms(kBob, kBob, kLeaseRateLeast - 1)) == LeaseRefusal::BadRequest);
  CHECK(why(terms(kBob, kBob, 0xffff'ffff)) == LeaseRefusal::BadRequest);
  CHECK(why(terms(kBob, kBob, 1'000, 0)) == LeaseRefusal::BadRequest);
  CHECK(why(terms(kBob, kBob, 1'000, -5)) == LeaseRefusal::BadRequest);
  CHECK(why(terms(kBob, kBob, 1'000, 86'401)) == LeaseRefusal::BadRequest);
  LeaseTerms t = terms(kBob, kBob, 1'000);
  t.starts_in = {std::numeric_limits<std::int64_t>::max()};
  CHECK(why(t) == LeaseRefusal::BadRequest);
  t.starts_in = Duration{-1};
  CHECK(why(t) == LeaseRefusal::BadRequest);
  t = terms(kBob, kBob, 1'000);
  t.over.push_back(kBob);
  CHECK(why(t) == LeaseRefusal::BadRequest);
  t.over.clear();
  CHECK(why(t) == LeaseRefusal::BadRequest);
  t = terms(kBob, FriendId{77}, 1'000);
  CHECK(why(t) == LeaseRefusal::NoLink);
  t = terms(kBob, kBob, 1'000);
  t.lease_class = LeaseClass{9};
  CHECK(why(t) == LeaseRefusal::BadRequest);
  CHECK(ledger.size() == 0);
}

TEST_CASE("only its principal extends or releases a lease, and never past a day") {
  Ledger ledger = ledger_of(100'000);
  const std::uint32_t id = granted(ledger.take(terms(kBob, kBob, 10'000), at(0)))->lease;
  CHECK(denied(ledger.extend(kCarol, id, Duration::seconds(5), at(1))).why ==
        LeaseRefusal::NotYours);
  CHECK(denied(ledger.release(kCarol, id, at(1))).why == LeaseRefusal::NotYours);
  CHECK(denied(ledger.extend(kBob, id, Duration{}, at(1))).why == LeaseRefusal::BadRequest);
  CHECK(denied(ledger.extend(kBob, id, Duration{std::numeric_limits<std::int64_t>::max()}, at(1)))
            .why == LeaseRefusal::BadRequest);
  CHECK(denied(ledger.extend(kBob, id, Duration::hours(24), at(1))).why ==
        LeaseRefusal::BadRequest);
  CHECK(granted(ledger.extend(kBob, id, Duration::seconds(60), at(1)))->until == at(120));
  CHECK(denied(ledger.extend(kBob, id, Duration::seconds(1), at(120))).why ==
        LeaseRefusal::NotYours);
}

TEST_CASE("when the uplink shrinks leases are revoked by trust, then youngest first") {
  Ledger ledger = ledger_of(100'000);
  const auto lease = [&](FriendId who, std::uint32_t rate) {
    return granted(ledger.take(terms(who, kBob, rate), at(0)))->lease;
  };
  const std::uint32_t carol_old = lease(kCarol, 10'000);
  const std::uint32_t bob = lease(kBob, 20'000);
  const std::uint32_t carol_new = lease(kCarol, 10'000);
  const std::uint32_t own = lease(kOwn, 20'000);
  CHECK(ledger.set_room(60'000, at(1)).empty());
  CHECK(ledger.set_room(45'000, at(1)) == Ledger::Revoked{carol_new, carol_old});
  CHECK(ledger.set_room(30'000, at(1)) == Ledger::Revoked{bob});
  CHECK(ledger.set_room(0, at(1)) == Ledger::Revoked{own});
}

TEST_CASE("a friend who goes takes the leases with him that he pays for or carries") {
  Ledger ledger = ledger_of(100'000);
  const std::uint32_t paid = granted(ledger.take(terms(kBob, kCarol, 10'000), at(0)))->lease;
  const std::uint32_t carried = granted(ledger.take(terms(kOwn, kBob, 10'000), at(0)))->lease;
  const std::uint32_t other = granted(ledger.take(terms(kCarol, kCarol, 10'000), at(0)))->lease;
  auto gone = ledger.set_principals({{kCarol, {TrustLevel::Known, 30'000}}}, at(1));
  CHECK(gone == Ledger::Revoked{paid, carried});
  CHECK(granted(ledger.release(kCarol, other, at(1))) != nullptr);
}

TEST_CASE("a ledger that began anew takes up what the router remembers, if it still fits") {
  Ledger before = ledger_of(100'000);
  std::vector<Lease> known;
  CHECK(granted(before.take(terms(kBob, kBob, 40'000), at(0))) != nullptr);
  CHECK(granted(before.take(terms(kCarol, kBob, 20'000), at(0))) != nullptr);
  before.each([&](const Lease& one) { known.push_back(one); });
  Ledger after = ledger_of(50'000);
  CHECK(after.restore(known[0], at(10)));
  CHECK(after.restore(known[0], at(10)));
  CHECK(!after.restore(known[1], at(10)));
  CHECK(!after.restore(known[0], at(60)));
  CHECK(after.size() == 0);
  Lease forged = known[0];
  forged.grant.rate = 0xffff'ffff;
  CHECK(!after.restore(forged, at(10)));
  forged = known[0];
  forged.grant.until = Instant::never();
  CHECK(!after.restore(forged, at(10)));
}

TEST_CASE("one friend cannot fill the ledger with crumbs or with things to come") {
  Ledger ledger = ledger_of(kBoundless);
  std::size_t got = 0;
  for (int i = 0; i < 100'000; ++i) {
    if (granted(ledger.take(terms(kCarol, kCarol, 256, 3'600), at(0))) != nullptr) ++got;
  }
  CHECK(got == 30'000 / 256);
  LeaseTerms later = terms(kBob, kBob, 256);
  later.starts_in = Duration::hours(1);
  got = 0;
  for (int i = 0; i < 1'000; ++i) {
    if (granted(ledger.take(later, at(0))) != nullptr) ++got;
  }
  CHECK(got == shape::kFutureLeases);
  LeaseTerms own = later;
  own.principal = kOwn;
  CHECK(granted(ledger.take(own, at(0))) != nullptr);
  // What has begun is to come no longer.
  later.lasts = Duration::hours(2);
  CHECK(granted(ledger.take(later, at(0))) == nullptr);
  CHECK(granted(ledger.take(later, at(3'600))) != nullptr);
}

TEST_CASE("a lease that was extended again and again comes back like any other") {
  Ledger before = ledger_of(100'000);
  const auto answer = before.take(terms(kBob, kBob, 40'000, 80'000), at(0));
  REQUIRE(granted(answer) != nullptr);
  for (std::int64_t day = 1; day <= 3; ++day) {
    const auto longer =
        before.extend(kBob, granted(answer)->lease, Duration::seconds(80'000), at(day * 79'000));
    CHECK(granted(longer) != nullptr);
  }
  Ledger after = ledger_of(100'000);
  before.each([&](const Lease& one) { CHECK(after.restore(one, at(3 * 79'000))); });
  CHECK(after.size() == 1);
}

}  // namespace
}  // namespace covfefe
