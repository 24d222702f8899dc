// SPDX-License-Identifier: Apache-2.0
// The router's side of router.shaper against a shaper that hangs, fails, answers late or was taken.
#include "tests/rpc/paper_shaper.h"

using namespace covfefe;
using namespace covfefe::router;

namespace {

using Lie = std::function<void(schema::Lease::Builder)>;

}  // namespace

TEST_CASE_FIXTURE(ShaperDesk, "a shaper that hangs holds nobody up") {
  connect();
  run(turns()
          .then([this] {
            (void)mail();
            record.hangs = true;
            take(1);
            control.measure();
            control.measure();
            now = now + Duration::millis(499);
            return a_while();
          })
          .then([this] {
            CHECK(replies().empty());
            now = now + Duration::millis(1);
            return a_while();
          })
          .then([this] {
            CHECK(refusal_in(replies().at(0)) == LeaseRefusal::Unavailable);
            CHECK(control.unanswered() == 1);
            CHECK(control.in_flight() == 1);
          }));
  CHECK(record.calls == std::vector<std::string>{"watch", "leases", "take", "capacity"});
}

TEST_CASE_FIXTURE(ShaperDesk, "calls to a shaper that hangs are bounded") {
  connect();
  run(turns().then([this] {
    record.hangs = true;
    for (std::uint64_t i = 0; i < kMostShaperCalls + 9; ++i) take(i + 1);
    CHECK(control.in_flight() == kMostShaperCalls);
    control.gone();
    CHECK(control.in_flight() == 0);
    return turns();
  }));
}

TEST_CASE_FIXTURE(ShaperDesk, "a shaper that hangs from the start is asked for nothing") {
  record.hangs = true;
  connect();
  run(turns().then([this] {
    take(1);
    return turns();
  }));
  CHECK(refusal_in(replies().at(0)) == LeaseRefusal::Unavailable);
  CHECK(record.calls == std::vector<std::string>{"watch", "leases"});
}

TEST_CASE_FIXTURE(ShaperDesk, "a grant that comes too late is given back") {
  connect();
  run(turns()
          .then([this] {
            (void)mail();
            record.answers_late = true;
            take(1);
            return turns();
          })
          .then([this] {
            now = now + kShaperPatience;
            return a_while();
          })
          .then([this] {
            CHECK(refusal_in(replies().at(0)) == LeaseRefusal::Unavailable);
            record.late.at(0)->fulfill();
            return turns();
          }));
  CHECK(mail().empty());
  CHECK(record.released == std::vector<std::uint32_t>{100});
  CHECK(control.leases() == 0);
}

TEST_CASE_FIXTURE(ShaperDesk, "a grant that the full mailbox does not take is given back") {
  connect();
  run(turns().then([this] {
    for (int i = 0; i < 9; ++i) take(1 + static_cast<std::uint64_t>(i));
    return turns();
  }));
  // One place went to what was found at the start.
  CHECK(replies().size() == 3);
  CHECK(control.leases() == 3);
  CHECK(record.released.size() == 6);
}

TEST_CASE_FIXTURE(ShaperDesk, "what is revoked waits for a full mailbox") {
  connect();
  run(turns()
          .then([this] {
            take(1);
            return turns();
          })
          .then([this] {
            for (std::uint64_t i = 0; i < 4; ++i) release(10 + i, 1'000);
            control.revoked(100, schema::LeaseRefusal::CAPACITY);
            CHECK(sure.waiting() == 1);
            CHECK(mail_of<core::LeaseRevoked>().empty());
            return a_while();
          }));
  CHECK(mail_of<core::LeaseRevoked>().at(0).lease == 100);
}

TEST_CASE("grants that no honest shaper makes are not believed") {
  const Lie lies[] = {
      [](auto lease) { lease.setId(0); },
      [](auto lease) { lease.setRate(0); },
      [](auto lease) { lease.setRate(4'097); },
      [](auto lease) { lease.setUntilNs(lease.getUntilNs() + 10'000'000'000); },
      [](auto lease) { lease.setFromNs(-1); },
      [](auto lease) { lease.setUntilNs(INT64_MAX); },
      [](auto lease) { lease.setUntilNs(lease.getFromNs()); },
      [](auto lease) { lease.setFromNs(lease.getUntilNs() - 1); },
  };
  for (const Lie& lie : lies) {
    ShaperDesk desk;
    desk.connect();
    desk.run(desk.turns().then([&desk, &lie] {
      (void)desk.mail();
      desk.record.lies = lie;
      desk.take(1);
      return desk.turns();
    }));
    CHECK(refusal_in(desk.replies().at(0)) == LeaseRefusal::Unavailable);
    CHECK(desk.control.leases() == 0);
    CHECK(desk.control.disbelieved() == 1);
  }
}

TEST_CASE_FIXTURE(ShaperDesk,
                  "one number for two leases, or another lease extended, is no answer") {
  connect();
  run(turns()
          .then([this] {
            take(1);
            return turns();
          })
          .then([this] {
            (void)mail();
            record.lies = [](schema::Lease::Builder lease) { lease.setId(100); };
            take(2);
            return turns();
          })
          .then([this] {
            CHECK(refusal_in(replies().at(0)) == LeaseRefusal::Unavailable);
            record.lies = [](schema::Lease::Builder lease) {
              lease.setUntilNs(lease.getFromNs() + 1);
            };
            extend(3, 100);
            record.lies = [](schema::Lease::Builder lease) { lease.setId(7); };
            extend(4, 100);
            extend(5, 100, 3);
            extend(6, 101);
            return turns();
          }));
  const auto all = replies();
  REQUIRE(all.size() == 4);
  CHECK(refusal_in(all[0]) == LeaseRefusal::NotYours);
  CHECK(refusal_in(all[1]) == LeaseRefusal::NotYours);
  CHECK(refusal_in(all[2]) == LeaseRefusal::Unavailable);
  CHECK(refusal_in(all[3]) == LeaseRefusal::Unavailable);
  CHECK(control.disbelieved() == 3);
  CHECK(control.leases() == 1);
}

TEST_CASE_FIXTURE(ShaperDesk, "a list of leases that breaks the contract is asked for again") {
  record.held.emplace(40, Lease{terms(2), {40, 4'096, now, now + Duration::minutes(9)}});
  record.lies = [](schema::Lease::Builder lease) { lease.getTerms().initOver(0); };
  connect();
  run(turns().then([this] {
    CHECK(mail_of<core::LeasesKnown>().empty());
    record.lies = [](schema::Lease::Builder) {};
    return later(700 * kj::MILLISECONDS);
  }));
  CHECK(mail_of<core::LeasesKnown>().at(0).all.size() == 1);
}

TEST_CASE_FIXTURE(ShaperDesk, "a shaper that fails every call costs nothing but leases") {
  record.fails = true;
  control.recall({{60, 60, 9, 9, 0, 0}});
  control.set_places({});
  connect();
  run(turns().then([this] {
    take(1);
    control.measure();
    return turns();
  }));
  CHECK(refusal_in(replies().at(0)) == LeaseRefusal::Unavailable);
  CHECK(measured.empty());
}

TEST_CASE_FIXTURE(ShaperDesk, "more minutes than were asked for are not believed") {
  record.minutes.assign(601, {60, 60, 1, 1, 1, 0});
  connect();
  run(turns().then([this] {
    control.measure();
    return turns();
  }));
  CHECK(measured.empty());
  CHECK(control.disbelieved() == 1);
}

TEST_CASE_FIXTURE(ShaperDesk, "a list of leases of another kind is asked for again") {
  record.spoils_leases = true;
  connect();
  run(turns().then([this] {
    CHECK(mail_of<core::LeasesKnown>().empty());
    record.spoils_leases = false;
    return later(700 * kj::MILLISECONDS);
  }));
  CHECK(mail_of<core::LeasesKnown>().size() == 1);
  CHECK(record.calls == std::vector<std::string>{"watch", "leases", "leases"});
}

TEST_CASE_FIXTURE(ShaperDesk, "leases are given again where the answer is of another kind") {
  connect();
  run(turns()
          .then([this] {
            take(1);
            return turns();
          })
          .then([this] {
            restart();
            record.spoils_kept = true;
            return turns();
          })
          .then([this] {
            CHECK(record.calls.back() == "restore");
            record.spoils_kept = false;
            return later(700 * kj::MILLISECONDS);
          }));
  CHECK(record.calls == std::vector<std::string>{"watch", "leases", "restore", "restore"});
  CHECK(control.leases() == 1);
}

TEST_CASE_FIXTURE(ShaperDesk,
                  "what the shaper does is one sentence, and none where it does nothing") {
  std::vector<std::string> said;
  const auto ask = [&] {
    return control.sentence().then([&said](std::string one) { said.push_back(std::move(one)); });
  };
  run(ask()
          .then([&] {
            connect();
            return turns();
          })
          .then([&] { return ask(); })
          .then([&] {
            record.fails = true;
            return ask();
          })
          .then([&] {
            record.fails = false;
            record.hangs = true;
            return ask();
          }));
  CHECK(said ==
        std::vector<std::string>{"", "the shaper sent 12 datagrams, holds 3 and met 1 send errors",
                                 "", "the shaper does not answer on its control edge"});
}
