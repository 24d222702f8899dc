// SPDX-License-Identifier: Apache-2.0
// The router's side of router.shaper: leases that survive either end, against shapers that are
// honest, restarted or away.
#include "tests/rpc/paper_shaper.h"

using namespace covfefe;
using namespace covfefe::router;

namespace {

core::Friend friend_with(std::uint32_t id, const char* petname, core::Trust trust) {
  core::Friend out;
  out.id = {id};
  out.petname = petname;
  out.trust = trust;
  return out;
}

}  // namespace

TEST_CASE_FIXTURE(ShaperDesk, "a lease is taken, extended and given back") {
  connect();
  run(turns()
          .then([this] {
            (void)mail();
            take(1);
            return turns().then([this] {
              CHECK(grant_in(replies().at(0)).rate == 4'096);
              CHECK(control.leases() == 1);
              extend(2, 100);
              return turns();
            });
          })
          .then([this] {
            CHECK(grant_in(replies().at(0)).until == now + Duration::minutes(15));
            release(3, 100);
            const auto all = replies();
            CHECK(all.at(0).request == RequestId{3});
            CHECK(grant_in(all.at(0)).until == now);
            CHECK(control.leases() == 0);
            return turns();
          }));
  CHECK(record.released == std::vector<std::uint32_t>{100});
}

TEST_CASE_FIXTURE(ShaperDesk, "without a shaper nothing is granted, and nobody waits") {
  take(1);
  extend(2, 7);
  release(3, 7);
  const auto all = replies();
  REQUIRE(all.size() == 3);
  CHECK(refusal_in(all[0]) == LeaseRefusal::Unavailable);
  CHECK(refusal_in(all[1]) == LeaseRefusal::Unavailable);
  CHECK(refusal_in(all[2]) == LeaseRefusal::NotYours);
}

TEST_CASE_FIXTURE(ShaperDesk, "a shaper that restarted gets back what was granted") {
  connect();
  run(turns()
          .then([this] {
            take(1);
            take(2, 3);
            return turns();
          })
          .then([this] {
            (void)mail();
            extend(3, 100);
            return turns();
          })
          .then([this] {
            (void)mail();
            restart();
            take(4);
            CHECK(refusal_in(replies().at(0)) == LeaseRefusal::Unavailable);
            return turns();
          })
          .then([this] {
            REQUIRE(record.restored.size() == 2);
            CHECK(record.restored[0].grant.lease == 100);
            CHECK(record.restored[0].grant.until == now + Duration::minutes(15));
            CHECK(record.restored[1].terms.principal == FriendId{3});
            CHECK(mail().empty());
            take(5);
            return turns();
          }));
  CHECK(grant_in(replies().at(0)).rate == 4'096);
}

TEST_CASE_FIXTURE(ShaperDesk, "what does not fit any more is told as revoked") {
  connect();
  run(turns()
          .then([this] {
            take(1);
            take(2);
            return turns();
          })
          .then([this] {
            (void)mail();
            control.gone();
            record.held.clear();
            record.keeps = [](const Lease& one) { return one.grant.lease == 101; };
            connect();
            return turns();
          }));
  const auto revoked = mail_of<core::LeaseRevoked>();
  REQUIRE(revoked.size() == 1);
  CHECK(revoked[0].lease == 100);
  CHECK(revoked[0].why == LeaseRefusal::Capacity);
  CHECK(control.leases() == 1);
}

TEST_CASE_FIXTURE(ShaperDesk, "a router that restarted finds what its shaper holds, once") {
  record.held.emplace(40, Lease{terms(2), {40, 4'096, now, now + Duration::minutes(9)}});
  record.held.emplace(41, Lease{terms(2), {41, 4'096, Instant{5}, now}});
  connect();
  run(turns().then([this] {
    const auto known = mail_of<core::LeasesKnown>();
    REQUIRE(known.size() == 1);
    REQUIRE(known[0].all.size() == 1);
    CHECK(known[0].all[0].grant.lease == 40);
    control.gone();
    record.held.emplace(42, Lease{terms(3), {42, 4'096, now, now + Duration::minutes(9)}});
    connect();
    return turns();
  }));
  CHECK(mail_of<core::LeasesKnown>().empty());
  CHECK(control.leases() == 1);
  // Nobody of this run has number 42: its answer came too late for whoever asked.
  CHECK(record.released == std::vector<std::uint32_t>{42});
}

TEST_CASE_FIXTURE(ShaperDesk, "a shaper knows links and the uplink before it gets leases back") {
  control.recall({{600, 60, 9'000, 8'000, 0, 0}, {540, 60, 9'000, 0, 0, 0}});
  control.set_friends({friend_with(2, "bob", core::Trust::Met)});
  control.set_places({{{2}, 1}});
  connect();
  run(turns()
          .then([this] {
            take(1);
            return turns();
          })
          .then([this] {
            restart();
            return turns();
          }));
  CHECK(record.calls == std::vector<std::string>{"watch", "recall", "place", "leases", "restore"});
  CHECK(record.recalled == 8'000);
}

TEST_CASE_FIXTURE(ShaperDesk, "a lease that was given back while the shaper was away stays away") {
  connect();
  run(turns()
          .then([this] {
            take(1);
            take(2);
            return turns();
          })
          .then([this] {
            control.gone();
            (void)mail();
            release(3, 100);
            CHECK(grant_in(replies().at(0)).lease == 100);
            connect();
            return turns();
          }));
  CHECK(record.released == std::vector<std::uint32_t>{100});
  CHECK(control.leases() == 1);
}

TEST_CASE_FIXTURE(ShaperDesk, "a lease leaves the mirror at its end") {
  connect();
  run(turns()
          .then([this] {
            take(1);
            return turns();
          })
          .then([this] {
            now = now + Duration::minutes(10) - Duration::millis(1);
            control.tend();
            CHECK(control.leases() == 1);
            now = now + Duration::millis(1);
            control.tend();
            CHECK(control.leases() == 0);
            restart();
            return turns();
          }));
  CHECK(record.restored.empty());
}

TEST_CASE_FIXTURE(ShaperDesk, "the shaper is told of links that have a place and a friend") {
  control.set_friends(
      {friend_with(2, "bob", core::Trust::Met), friend_with(3, "carol", core::Trust::Introduced)});
  connect();
  run(turns()
          .then([this] {
            CHECK(record.places.empty());
            control.set_places({{{2}, 1}, {{9}, 2}});
            control.set_places({{{2}, 1}, {{9}, 2}, {{3}, 4}});
            return turns();
          })
          .then([this] {
            REQUIRE(record.places.size() == 2);
            CHECK(record.places[1] ==
                  std::vector<PlacedLink>{{{2}, 1, "bob", TrustLevel::Met},
                                          {{3}, 4, "carol", TrustLevel::Introduced}});
            control.set_friends({friend_with(2, "bob", core::Trust::None)});
            return turns();
          }));
  CHECK(record.places.back() == std::vector<PlacedLink>{{{2}, 1, "bob", TrustLevel::None}});
}

TEST_CASE_FIXTURE(ShaperDesk, "what the shaper revokes is told, once and only of what is held") {
  connect();
  const auto revoke = [this](std::uint32_t id, schema::LeaseRefusal why) {
    auto request = record.observers.at(0).revokedRequest();
    request.setId(id);
    request.setWhy(why);
    return request.send().ignoreResult();
  };
  run(turns()
          .then([this] {
            take(1);
            return turns();
          })
          .then([this, revoke] {
            (void)mail();
            return revoke(77, schema::LeaseRefusal::CAPACITY)
                .then([revoke] { return revoke(100, schema::LeaseRefusal::POLICY); })
                .then([revoke] { return revoke(100, schema::LeaseRefusal::POLICY); });
          }));
  const auto revoked = mail_of<core::LeaseRevoked>();
  REQUIRE(revoked.size() == 1);
  CHECK(revoked[0].lease == 100);
  CHECK(revoked[0].why == LeaseRefusal::Policy);
  CHECK(control.leases() == 0);
}

TEST_CASE_FIXTURE(ShaperDesk, "minutes of the uplink go on, and the least of ten comes back") {
  connect();
  for (std::int64_t i = 1; i <= 12; ++i)
    record.minutes.push_back({i * 60, 60, 9'000, static_cast<std::uint64_t>(100 * i), 0, 0});
  run(turns()
          .then([this] {
            control.measure();
            control.measure();
            return turns();
          })
          .then([this] {
            CHECK(measured.size() == 12);
            restart();
            return turns();
          }));
  CHECK(record.recalled == 300);
}
