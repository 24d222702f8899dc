// SPDX-License-Identifier: Apache-2.0
// ShaperForRouter over an in-memory pipe, called by a router that is honest, forgetful or taken:
// what the contract forbids is refused whole, and the connection goes on.
#include "tests/rpc/shaper_support.h"

using namespace covfefe;
using namespace covfefe::shaper;

namespace {

const std::string kForbidden = "a value that the contract forbids";

const std::vector<PlacedLink> kLinks{{{7}, 1, "bob", TrustLevel::Met},
                                     {{9}, 2, "carol", TrustLevel::Met}};

LeaseTerms terms_of(std::uint32_t principal, std::uint32_t rate = 1'024) {
  LeaseTerms out;
  out.principal = {principal};
  out.over.push_back({7});
  out.rate = rate;
  out.lasts = Duration::minutes(1);
  return out;
}

class Listener final : public schema::LeaseObserver::Server {
 public:
  struct Heard {
    std::vector<std::uint32_t> ids;
    std::vector<schema::LeaseRefusal> why;
    bool fails = false;
  };
  explicit Listener(Heard& heard) : heard_(heard) {}
  kj::Promise<void> revoked(RevokedContext context) override {
    heard_.ids.push_back(context.getParams().getId());
    heard_.why.push_back(context.getParams().getWhy());
    if (heard_.fails) return rpc::to_exception(rpc::CallFailure::Broken, "no");
    return kj::READY_NOW;
  }

 private:
  Heard& heard_;
};

struct RouterFixture : ShaperFixture {
  using Spoil = std::function<void(schema::LeaseTerms::Builder)>;

  kj::Promise<void> place(const std::vector<PlacedLink>& links) {
    auto request = router.placeRequest();
    auto list = request.initLinks(static_cast<capnp::uint>(links.size()));
    for (capnp::uint i = 0; i < list.size(); ++i) rpc::write_place(links[i], list[i]);
    return request.send().ignoreResult();
  }
  kj::Promise<void> take(
      const LeaseTerms& terms, rpc::LeaseAnswer& into, const Spoil& spoil = [](auto) {}) {
    auto request = router.takeRequest();
    rpc::write_terms(terms, request.initTerms());
    spoil(request.getTerms());
    return request.send().then([&into](auto&& a) { into = *rpc::answer_from(a.getAnswer()); });
  }
  kj::Promise<void> extend(std::uint32_t principal, std::uint32_t id, std::uint64_t by_ms,
                           rpc::LeaseAnswer& into) {
    auto request = router.extendRequest();
    request.setPrincipal(principal);
    request.setId(id);
    request.setByMs(by_ms);
    return request.send().then([&into](auto&& a) { into = *rpc::answer_from(a.getAnswer()); });
  }
  kj::Promise<void> release(std::uint32_t principal, std::uint32_t id, rpc::LeaseAnswer& into) {
    auto request = router.releaseRequest();
    request.setPrincipal(principal);
    request.setId(id);
    return request.send().then([&into](auto&& a) { into = *rpc::answer_from(a.getAnswer()); });
  }
  kj::Promise<void> held(std::vector<Lease>& into) {
    return router.leasesRequest().send().then(
        [&into](auto&& answer) { into = *rpc::leases_from(answer.getLeases()); });
  }
  // Why a call that must fail did.
  kj::Promise<void> refused(kj::Promise<void> call, std::vector<std::string>& into) {
    return call.then([&into] { into.emplace_back("answered"); },
                     [&into](kj::Exception&& failed) {
                       const std::string why = rpc::from_exception(failed).text;
                       into.push_back(why.ends_with(kForbidden) ? kForbidden : why);
                     });
  }
  kj::Promise<void> watch(Line& line, Listener::Heard& heard) {
    auto request = line.client->peer().castAs<schema::ShaperForRouter>().watchRequest();
    request.setObserver(kj::heap<Listener>(heard));
    return request.send().ignoreResult();
  }
};

LeaseRefusal why_of(const rpc::LeaseAnswer& answer) {
  const auto* denied = std::get_if<LeaseDenied>(&answer);
  return denied == nullptr ? LeaseRefusal{} : denied->why;
}

}  // namespace

TEST_CASE_FIXTURE(RouterFixture, "links that the contract forbids change nothing") {
  const std::vector<std::vector<PlacedLink>> wrong{
      {{{7}, 1, "Not A Petname", TrustLevel::Met}},
      {{{0}, 1, "bob", TrustLevel::Met}},
      {{{7}, 0, "bob", TrustLevel::Met}},
      {{{7}, 4'097, "bob", TrustLevel::Met}},
      {{{7}, 1, "bob", TrustLevel::Met}, {{7}, 2, "carol", TrustLevel::Met}},
      {{{7}, 1, "bob", TrustLevel::Met}, {{9}, 1, "carol", TrustLevel::Met}},
      std::vector<PlacedLink>(rpc::kMaxFriends + 1),
  };
  std::vector<std::string> said;
  kj::Promise<void> all = place(kLinks);
  for (const auto& links : wrong) {
    all = all.then([this, &links, &said] { return refused(place(links), said); });
  }
  run(kj::mv(all));
  CHECK(said == std::vector<std::string>(wrong.size(), kForbidden));
  CHECK(books.links() == kLinks);
}

TEST_CASE_FIXTURE(RouterFixture,
                  "terms of no meaning are denied, one by one, and no lease is made") {
  const Spoil spoils[] = {
      [](auto terms) { terms.setClass(schema::LeaseClass::NONE); },
      [](auto terms) { terms.setClass(static_cast<schema::LeaseClass>(77)); },
      [](auto terms) { terms.initOver(0); },
      [](auto terms) { terms.initOver(3); },
      [](auto terms) { terms.setStartsInMs(UINT64_MAX); },
      [](auto terms) { terms.setLastsMs(UINT64_MAX); },
      [](auto terms) { terms.setLastsMs(0); },
      [](auto terms) { terms.setRate(0); },
      [](auto terms) { terms.setLeast(UINT32_MAX); },
  };
  std::array<rpc::LeaseAnswer, std::size(spoils)> answers;
  std::vector<Lease> leases;
  kj::Promise<void> all = place(kLinks);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    all = all.then([&, i] { return take(terms_of(7), answers.at(i), spoils[i]); });
  }
  run(all.then([&] { return held(leases); }));
  for (std::size_t i = 0; i < answers.size(); ++i) {
    CAPTURE(i);
    CHECK(why_of(answers.at(i)) == LeaseRefusal::BadRequest);
  }
  CHECK(leases.empty());
}

TEST_CASE_FIXTURE(RouterFixture,
                  "a lease is taken, extended by its owner only, and released once") {
  rpc::LeaseAnswer taken;
  std::array<rpc::LeaseAnswer, 6> later;
  std::vector<Lease> before;
  std::vector<Lease> after;
  constexpr std::uint32_t kFirst = 1'001;
  run(place(kLinks)
          .then([&] { return take(terms_of(7), taken); })
          .then([&] { return held(before); })
          .then([&] { return extend(9, kFirst, 60'000, later[0]); })
          .then([&] { return extend(7, kFirst, UINT64_MAX, later[1]); })
          .then([&] { return extend(7, kFirst, 60'000, later[2]); })
          .then([&] { return release(9, kFirst, later[3]); })
          .then([&] { return release(7, kFirst, later[4]); })
          .then([&] { return release(7, kFirst, later[5]); })
          .then([&] { return held(after); }));
  REQUIRE(std::holds_alternative<LeaseGrant>(taken));
  const auto& grant = std::get<LeaseGrant>(taken);
  REQUIRE(before.size() == 1);
  CHECK(before[0].grant.lease == grant.lease);
  CHECK(before[0].grant.rate == 1'024);
  REQUIRE(grant.lease == kFirst);
  CHECK(why_of(later[0]) == LeaseRefusal::NotYours);
  CHECK(why_of(later[1]) == LeaseRefusal::BadRequest);
  REQUIRE(std::holds_alternative<LeaseGrant>(later[2]));
  CHECK(std::get<LeaseGrant>(later[2]).until == grant.until + Duration::minutes(1));
  CHECK(why_of(later[3]) == LeaseRefusal::NotYours);
  CHECK(std::holds_alternative<LeaseGrant>(later[4]));
  CHECK(why_of(later[5]) == LeaseRefusal::NotYours);
  CHECK(after.empty());
}

TEST_CASE_FIXTURE(RouterFixture, "leases of a shaper before this one are taken back, liars' none") {
  const Instant now = os::monotonic_now();
  const Lease good{terms_of(7), {40, 1'024, now, now + Duration::minutes(1)}};
  const Lease stranger{terms_of(8), {41, 1'024, now, now + Duration::minutes(1)}};
  std::vector<std::uint32_t> kept;
  std::vector<std::string> said;
  const auto restore = [this](const std::vector<Lease>& leases) {
    auto request = router.restoreRequest();
    auto list = request.initLeases(static_cast<capnp::uint>(leases.size()));
    for (capnp::uint i = 0; i < list.size(); ++i) rpc::write_lease(leases[i], list[i]);
    return request.send();
  };
  std::vector<Lease> leases;
  run(place(kLinks)
          .then([&] {
            return refused(restore({good, good}).ignoreResult(), said);
          })
          .then([&] {
            return refused(restore({good, Lease{terms_of(7), {}}}).ignoreResult(), said);
          })
          .then([&] { return held(leases); })
          .then([&] {
            CHECK(leases.empty());
            return restore({good, stranger});
          })
          .then([&](auto&& answer) {
            for (const std::uint32_t id : answer.getKept()) kept.push_back(id);
          }));
  CHECK(said == std::vector<std::string>(2, kForbidden));
  CHECK(kept == std::vector<std::uint32_t>{40});
  CHECK(books.ledger().size() == 1);
}

TEST_CASE_FIXTURE(RouterFixture, "who watches hears once of each lease that is revoked") {
  Listener::Heard first;
  Listener::Heard second;
  rpc::LeaseAnswer taken;
  run(place(kLinks)
          .then([&] { return watch(router_line, first); })
          .then([&] { return watch(router_line, second); })
          .then([&] { return take(terms_of(7), taken); })
          .then([&] { return place({kLinks[1]}); })
          .then([&] { return turns(); }));
  CHECK(first.ids.empty());
  CHECK(second.ids == std::vector<std::uint32_t>{1'001});
  CHECK(second.why == std::vector<schema::LeaseRefusal>{schema::LeaseRefusal::NO_LINK});
}

TEST_CASE_FIXTURE(RouterFixture, "an observer that fails or whose connection ended hears no more") {
  Listener::Heard failing{{}, {}, true};
  Listener::Heard gone;
  rpc::LeaseAnswer taken;
  Line other(router_edge(desk));
  run(place(kLinks)
          .then([&] { return watch(router_line, failing); })
          .then([&] { return watch(other, gone); })
          .then([&] { return other.hang_up(); })
          .then([&] { return take(terms_of(7), taken); })
          .then([&] { return place({kLinks[1]}); })
          .then([&] { return turns(); })
          .then([&] { return place(kLinks); })
          .then([&] { return take(terms_of(7), taken); })
          .then([&] { return place({}); })
          .then([&] { return turns(); }));
  CHECK(failing.ids == std::vector<std::uint32_t>{1'001});
  CHECK(gone.ids.empty());
  CHECK(books.revoked() == 2);
}

TEST_CASE_FIXTURE(RouterFixture, "each minute of the uplink is handed over once") {
  std::vector<std::size_t> counts;
  const auto ask = [&] {
    return router.capacityRequest().send().then([&](auto&& answer) {
      const auto samples = answer.getSamples();
      counts.push_back(samples.size());
      if (samples.size() != 1) return;
      CHECK(samples[0].getRate() == 900);
      CHECK(samples[0].getLowest() == 800);
      CHECK(samples[0].getSent() == 700);
      CHECK(samples[0].getCuts() == 6);
      CHECK(samples[0].getAt() > 1'600'000'000);
    });
  };
  shape::MinuteSample sample;
  sample.at = os::monotonic_now();
  sample.rate = 900;
  sample.lowest = 800;
  sample.sent = 700;
  sample.cuts = 6;
  from_data->push(sample);
  run(turns().then(ask).then(ask));
  CHECK(counts == std::vector<std::size_t>{1, 0});
}

TEST_CASE_FIXTURE(RouterFixture,
                  "what an earlier run learned of the uplink reaches the data thread") {
  auto request = router.recallRequest();
  request.setLowWater(123'456);
  run(request.send().ignoreResult().then([this] { return turns(); }));
  REQUIRE_FALSE(changes.empty());
  CHECK(changes.back().recalled == 123'456);
}

TEST_CASE_FIXTURE(RouterFixture, "the router reads the same figures as the operator") {
  live.queued_bytes = 4'321;
  live.busy_flows = 3;
  run(router.statusRequest().send().then([](auto&& answer) {
    CHECK(answer.getStatus().getQueuedBytes() == 4'321);
    CHECK(answer.getStatus().getFlows() == 3);
    CHECK_FALSE(answer.getStatus().getAttached());
  }));
}
