// SPDX-License-Identifier: Apache-2.0
#include "rpc/leases.h"

#include <capnp/message.h>
#include <doctest/doctest.h>

#include "rpc/convert.h"

using namespace covfefe;
using namespace covfefe::rpc;

namespace {

Lease sample() {
  Lease out;
  out.terms.principal = {7};
  out.terms.over.push_back({7});
  out.terms.over.push_back({9});
  out.terms.lease_class = LeaseClass::Bulk;
  out.terms.rate = 65'536;
  out.terms.least = 4'096;
  out.terms.starts_in = Duration::millis(1'500);
  out.terms.lasts = Duration::hours(2);
  out.terms.tag = 0xfeed;
  out.grant = {42, 32'768, Instant{5}, Instant{9'000}};
  return out;
}

struct Message {
  capnp::MallocMessageBuilder message;
  schema::Lease::Builder lease = message.initRoot<schema::Lease>();
  Message() { write_lease(sample(), lease); }
  [[nodiscard]] bool refused() const { return !lease_from(lease.asReader()); }
};

std::vector<PlacedLink> pass(const std::vector<PlacedLink>& from, Result<void>& result) {
  capnp::MallocMessageBuilder message;
  auto list = message.initRoot<schema::ShaperForRouter::PlaceParams>().initLinks(
      static_cast<capnp::uint>(from.size()));
  for (capnp::uint i = 0; i < list.size(); ++i) write_place(from[i], list[i]);
  auto out = places_from(list.asReader());
  if (!out) {
    result = out.error();
    return {};
  }
  result = {};
  return *out;
}

}  // namespace

TEST_CASE("a lease comes back as it was") {
  const Message message;
  const auto got = lease_from(message.lease.asReader());
  REQUIRE(got.ok());
  const Lease want = sample();
  CHECK(got->terms.principal == want.terms.principal);
  REQUIRE(got->terms.over.size() == 2);
  CHECK(got->terms.over[1] == FriendId{9});
  CHECK(got->terms.lease_class == LeaseClass::Bulk);
  CHECK(got->terms.rate == want.terms.rate);
  CHECK(got->terms.least == want.terms.least);
  CHECK(got->terms.starts_in == want.terms.starts_in);
  CHECK(got->terms.lasts == want.terms.lasts);
  CHECK(got->terms.tag == want.terms.tag);
  CHECK(got->grant.lease == 42);
  CHECK(got->grant.rate == 32'768);
  CHECK(got->grant.from == Instant{5});
  CHECK(got->grant.until == Instant{9'000});
}

TEST_CASE("a lease that the contract cannot mean is refused") {
  SUBCASE("no class") {
    Message message;
    message.lease.getTerms().setClass(schema::LeaseClass::NONE);
    CHECK(message.refused());
    message.lease.getTerms().setClass(static_cast<schema::LeaseClass>(77));
    CHECK(message.refused());
  }
  SUBCASE("no link, or three") {
    Message message;
    message.lease.getTerms().initOver(0);
    CHECK(message.refused());
    message.lease.getTerms().initOver(3);
    CHECK(message.refused());
  }
  SUBCASE("times beyond what a clock holds") {
    Message message;
    message.lease.getTerms().setLastsMs(UINT64_MAX);
    CHECK(message.refused());
    message.lease.getTerms().setLastsMs(1);
    message.lease.getTerms().setStartsInMs(UINT64_MAX / 1'000'000);
    CHECK(message.refused());
  }
  SUBCASE("no number, ends before it begins, before the clock began, never ends") {
    Message message;
    message.lease.setId(0);
    CHECK(message.refused());
    message.lease.setId(1);
    message.lease.setUntilNs(4);
    CHECK(message.refused());
    message.lease.setFromNs(-1);
    CHECK(message.refused());
    message.lease.setFromNs(5);
    message.lease.setUntilNs(INT64_MAX);
    CHECK(message.refused());
  }
}

TEST_CASE("one bad lease or number given twice spoils a list, and a list is bounded") {
  capnp::MallocMessageBuilder message;
  auto results = message.initRoot<schema::ShaperForRouter::LeasesResults>();
  auto list = results.initLeases(2);
  write_lease(sample(), list[0]);
  write_lease(sample(), list[1]);
  CHECK(leases_from(list.asReader()).error() == Reject::Unexpected);
  list[1].setId(43);
  CHECK(leases_from(list.asReader())->size() == 2);
  list[1].setId(0);
  CHECK_FALSE(leases_from(list.asReader()).ok());
  CHECK_FALSE(leases_from(results.initLeases(kMaxLeases + 1).asReader()).ok());
}

TEST_CASE("answers keep their reason and the best offer") {
  for (const LeaseRefusal why : {LeaseRefusal::NoCapacity, LeaseRefusal::Quota,
                                 LeaseRefusal::NotYours, LeaseRefusal::Capacity}) {
    capnp::MallocMessageBuilder message;
    auto builder = message.initRoot<schema::LeaseAnswer>();
    write_answer(LeaseDenied{why, 1'024, Duration::minutes(3)}, builder);
    const auto got = answer_from(builder.asReader());
    REQUIRE(got.ok());
    const auto& denied = std::get<LeaseDenied>(*got);
    CHECK(denied.why == why);
    CHECK(denied.best_rate == 1'024);
    CHECK(denied.best_lasts == Duration::minutes(3));
  }
  capnp::MallocMessageBuilder message;
  auto builder = message.initRoot<schema::LeaseAnswer>();
  write_answer(sample().grant, builder);
  CHECK(std::get<LeaseGrant>(*answer_from(builder.asReader())).rate == 32'768);
  builder.initGranted().setId(0);
  CHECK_FALSE(answer_from(builder.asReader()).ok());
  CHECK(refusal_from(static_cast<schema::LeaseRefusal>(99)) == LeaseRefusal::Unavailable);
}

TEST_CASE("links have names, trust and places of their own") {
  Result<void> result;
  const PlacedLink bob{{3}, 1, "bob", TrustLevel::Met};
  const PlacedLink carol{{4}, 4'096, "carol", TrustLevel::None};
  CHECK(pass({bob, carol}, result) == std::vector<PlacedLink>{bob, carol});
  for (const PlacedLink& bad : {PlacedLink{{3}, 2, "twin", TrustLevel::Met},
                                PlacedLink{{5}, 1, "same-place", TrustLevel::Met},
                                PlacedLink{{5}, 0, "of-strangers", TrustLevel::Met},
                                PlacedLink{{5}, 4'097, "beyond", TrustLevel::Met},
                                PlacedLink{{0}, 2, "nobody", TrustLevel::Met},
                                PlacedLink{{5}, 2, "no name", TrustLevel::Met}}) {
    (void)pass({bob, bad}, result);
    CHECK_FALSE(result.ok());
  }
}

TEST_CASE("every idle lane has its word in the contract") {
  CHECK(to_schema(IdleLane::Off) == schema::IdleLane::OFF);
  CHECK(to_schema(IdleLane::Metered) == schema::IdleLane::METERED);
  CHECK(to_schema(IdleLane::AlwaysOn) == schema::IdleLane::ALWAYS_ON);
}

TEST_CASE("a lease of no class is refused") {
  Message message;
  message.lease.getTerms().setClass(static_cast<schema::LeaseClass>(9));
  CHECK(message.refused());
}
